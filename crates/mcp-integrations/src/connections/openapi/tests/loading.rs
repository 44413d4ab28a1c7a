//! Loading of documents.

use wiremock::matchers::{any, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

fn client() -> SharedClient {
    SharedClient::new(HttpSettings::default())
}

#[tokio::test]
async fn a_document_is_a_file_or_an_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.yaml");
    std::fs::write(&path, "openapi: 3.1.0").expect("a file");
    let (file, missing) = (path.clone(), folder.path().join("b.yaml"));
    let none = Additions::default();
    let text = load(&DocumentLocation::File(file), None, &none, &client()).await;
    assert_eq!(text.as_deref(), Ok("openapi: 3.1.0"));
    for (path, end) in [
        (missing, "b.yaml: No such file or directory (os error 2)"),
        (folder.path().to_owned(), ": it is not a file"),
    ] {
        let problem = load(&DocumentLocation::File(path), None, &none, &client()).await;
        let problem = problem.expect_err("a problem");
        assert!(problem.starts_with("cannot read ") && problem.ends_with(end), "{problem}");
    }
    std::fs::write(&path, [0xff, 0xfe]).expect("a file");
    let problem = load(&DocumentLocation::File(path.clone()), None, &none, &client()).await;
    assert_eq!(problem.expect_err("a problem"), "the document is not UTF-8 text");
    let large = std::fs::File::create(&path).expect("a file");
    large.set_len((32 << 20) + 1).expect("a large file");
    let problem = load(&DocumentLocation::File(path), None, &none, &client()).await;
    assert!(problem.expect_err("a problem").ends_with("a.yaml is larger than 33554432 bytes"));
}

#[tokio::test]
async fn the_additions_are_sent_to_the_origin_of_the_api_alone() {
    let server = MockServer::start().await;
    Mock::given(header("x-key", "topsecret"))
        .respond_with(ResponseTemplate::new(200).set_body_string("with"))
        .mount(&server)
        .await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string("without"))
        .mount(&server)
        .await;
    let additions = Additions {
        headers: vec![("x-key".into(), "topsecret".into())],
        query: vec![("k".into(), "v".into())],
    };
    let url = Url::parse(&format!("{}/openapi.json", server.uri())).expect("a URL");
    let location = DocumentLocation::Url(url.clone());
    let other = Url::parse("https://other.example").expect("a URL");
    for (base, expected) in [(None, "with"), (Some(&url), "with"), (Some(&other), "without")] {
        let text = load(&location, base, &additions, &client()).await;
        assert_eq!(text.as_deref(), Ok(expected));
    }
}

#[tokio::test]
async fn a_failed_download_has_a_reason_without_secrets() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(404)).mount(&server).await;
    let address = server.address().to_string();
    let url = format!("http://user:topsecret@{address}/a.json?key=topsecret");
    let location = DocumentLocation::Url(Url::parse(&url).expect("a URL"));
    let none = Additions::default();
    let problem = load(&location, None, &none, &client()).await.expect_err("a problem");
    let begin = format!("the document at http://{address}/a.json cannot be loaded: ");
    assert_eq!(problem, format!("{begin}the status is 404"));
    drop(server);
    let location =
        DocumentLocation::Url(Url::parse("http://127.0.0.1:9/?k=topsecret").expect("a URL"));
    let problem = load(&location, None, &none, &client()).await.expect_err("a problem");
    assert!(
        problem.starts_with("the document at http://127.0.0.1:9/ cannot be loaded: "),
        "{problem}"
    );
    assert!(!problem.contains("topsecret"), "{problem}");
}
