//! Calls of a mock server.

use mcp_core::ErrorCode;
use wiremock::matchers::{any, body_string, header, headers, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

fn document() -> String {
    json!({"openapi": "3.0.3", "paths": {
    "/items": {
        "get": {"operationId": "list", "parameters": [{"name": "page", "in": "query"},
            {"name": "Accept-Language", "in": "header"}]},
        "head": {"operationId": "check"},
        "post": {"operationId": "add", "requestBody": {"content": {"application/json": {
            "schema": {"type": "object", "properties": {"name": {"type": "string"}}}}}}},
    },
    "/items/{id}": {
        "put": {"operationId": "replace"},
        "delete": {"operationId": "remove"},
    }}})
    .to_string()
}

fn shop(server: &MockServer) -> OpenApi {
    read_at(&server.uri(), &document(), &Additions::default()).expect("an API")
}

async fn answers(server: &MockServer, times: u64, answer: ResponseTemplate) {
    Mock::given(any()).respond_with(answer).up_to_n_times(times).mount(server).await;
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.expect("requests are recorded").len()
}

fn json_of(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/json")
}

#[tokio::test]
async fn an_operation_is_called_and_its_result_is_kept_as_it_was_written() {
    let server = MockServer::start().await;
    let link = r#"<https://x.example/?page=3>; rel="next""#;
    Mock::given(method("GET"))
        .and(path("/items"))
        .and(query_param("page", "2"))
        .and(headers("accept", vec!["application/json", "*/*;q=0.8"]))
        .and(header("accept-language", "de"))
        .respond_with(json_of("[{\"id\": 1.0}]").insert_header("link", link))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(body_string(r#"{"name":"x"}"#))
        .and(header("content-type", "application/json"))
        .respond_with(ResponseTemplate::new(201).set_body_raw("made", "text/plain"))
        .mount(&server)
        .await;
    Mock::given(method("DELETE"))
        .and(path("/items/a%2Fb"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    Mock::given(method("HEAD")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let api = shop(&server);
    let given = params(&json!({"page": 2, "Accept-Language": "de"}));
    let list = api.call("list", &given, &Progress::none()).await.expect("a list");
    assert_eq!((&*list.text, list.has_more), ("[{\"id\": 1.0}]", true));
    assert_eq!(call(&api, "add", &json!({"name": "x"})).await.expect("a text"), json!("made"));
    assert_eq!(call(&api, "remove", &json!({"id": "a/b"})).await.expect("nothing"), Value::Null);
    assert_eq!(call(&api, "check", &json!({})).await.expect("nothing"), Value::Null);
    let error = call(&api, "other", &json!({})).await.expect_err("no operation");
    assert_eq!(error.code, ErrorCode::UnknownAction);
    assert_eq!(error.message, "shop has no operation \"other\"");
}

#[tokio::test]
async fn a_read_is_tried_again_and_a_write_is_sent_once() {
    for status in [502, 503, 504] {
        let server = MockServer::start().await;
        answers(&server, 2, ResponseTemplate::new(status)).await;
        answers(&server, 9, json_of("[]")).await;
        let api = shop(&server);
        assert_eq!(call(&api, "list", &json!({})).await.expect("a list"), json!([]));
        assert_eq!(requests(&server).await, 3);
        for operation in ["add", "replace", "remove"] {
            let server = MockServer::start().await;
            answers(&server, 9, ResponseTemplate::new(status)).await;
            let api = shop(&server);
            let given = if operation == "add" { json!({"name": "x"}) } else { json!({"id": 1}) };
            let error = call(&api, operation, &given).await.expect_err("a failure");
            assert_eq!(error.code, ErrorCode::UpstreamFailed);
            let (begin, end) = (
                format!("Request failed ({status}): "),
                "; the request may have been carried out, so check before you repeat it",
            );
            assert!(error.message.starts_with(&begin) && error.message.ends_with(end), "{error}");
            assert_eq!(requests(&server).await, 1, "{operation}");
        }
    }
}

#[tokio::test]
async fn equal_writes_at_the_same_time_are_both_sent() {
    let server = MockServer::start().await;
    answers(&server, 9, json_of("1").set_delay(Duration::from_millis(30))).await;
    let api = shop(&server);
    let given = json!({"name": "x"});
    let (one, two) = tokio::join!(call(&api, "add", &given), call(&api, "add", &given));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(requests(&server).await, 2);
}

#[tokio::test]
async fn a_read_is_cached_by_its_headers_until_something_is_written() {
    let server = MockServer::start().await;
    let list = || {
        json_of("[1]").insert_header("etag", "\"1\"").insert_header("cache-control", "max-age=600")
    };
    Mock::given(header("if-none-match", "\"1\""))
        .respond_with(ResponseTemplate::new(304))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("GET")).respond_with(list()).expect(2).mount(&server).await;
    Mock::given(method("POST")).respond_with(json_of("{}")).mount(&server).await;
    let api = shop(&server);
    for given in [json!({}), json!({}), json!({"Accept-Language": "de"}), json!({})] {
        assert_eq!(call(&api, "list", &given).await.expect("a list"), json!([1]));
    }
    assert_eq!(requests(&server).await, 2);
    call(&api, "add", &json!({"name": "x"})).await.expect("an object");
    assert_eq!(call(&api, "list", &json!({})).await.expect("a list"), json!([1]));
    assert_eq!(requests(&server).await, 4);
}

#[tokio::test]
async fn each_failure_has_its_error() {
    let wait = ("retry-after", "7");
    for (status, headers, body, code, message) in [
        (
            404,
            None,
            r#"{"message":"No item"}"#,
            ErrorCode::UpstreamRefused,
            "Request failed (404): No item",
        ),
        (401, None, "", ErrorCode::UpstreamRefused, "Request failed (401): Unauthorized"),
        (
            422,
            None,
            r#"{"detail":[{"loc":["body","name"],"msg":"field required","type":"missing"}]}"#,
            ErrorCode::UpstreamRefused,
            "Request failed (422): body.name: field required",
        ),
        (
            400,
            None,
            r#"{"type":"about:blank","title":"Bad Request","detail":"name is too long"}"#,
            ErrorCode::UpstreamRefused,
            "Request failed (400): name is too long",
        ),
        (
            400,
            None,
            r#"{"error":{"message":"No such token"}}"#,
            ErrorCode::UpstreamRefused,
            "Request failed (400): No such token",
        ),
        (
            400,
            None,
            r#"{"error":"invalid_grant","error_description":"it has expired"}"#,
            ErrorCode::UpstreamRefused,
            "Request failed (400): it has expired",
        ),
        (
            409,
            None,
            r#"{"error":"conflict"}"#,
            ErrorCode::UpstreamRefused,
            "Request failed (409): conflict",
        ),
        (
            429,
            Some(wait),
            "{}",
            ErrorCode::UpstreamRateLimited,
            "Request failed (429): Too Many Requests; try again in 7 s",
        ),
        (
            500,
            None,
            "<html>",
            ErrorCode::UpstreamFailed,
            "Request failed (500): Internal Server Error; the request may have been carried out, so check \
             before you repeat it",
        ),
        (
            200,
            None,
            "{",
            ErrorCode::UpstreamFailed,
            "shop answered with truncated JSON; the request was carried out",
        ),
    ] {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
        let answer =
            headers.into_iter().fold(answer, |it, (name, value)| it.insert_header(name, value));
        answers(&server, 9, answer).await;
        let api = shop(&server);
        let error = call(&api, "add", &json!({"name": "x"})).await.expect_err("a failure");
        assert_eq!((error.code, &*error.message), (code, message), "{body}");
        assert_eq!(requests(&server).await, 1);
    }
}

#[tokio::test]
async fn a_used_up_limit_of_the_account_stops_all_operations() {
    let server = MockServer::start().await;
    answers(&server, 9, ResponseTemplate::new(429).insert_header("retry-after", "60")).await;
    let api = shop(&server);
    call(&api, "add", &json!({"name": "x"})).await.expect_err("a refusal");
    let error = call(&api, "list", &json!({})).await.expect_err("a refusal");
    assert_eq!(error.code, ErrorCode::UpstreamRateLimited);
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn a_write_does_not_follow_to_another_host() {
    let other = MockServer::start().await;
    answers(&other, 9, json_of("{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let server = MockServer::start().await;
        let to = ResponseTemplate::new(status).insert_header("location", other.uri());
        answers(&server, 9, to).await;
        let api = shop(&server);
        let error = call(&api, "add", &json!({"name": "x"})).await.expect_err("a failure");
        let message = "shop redirects to another host or too often; the request may have been carried \
                       out, so check before you repeat it";
        assert_eq!((error.code, &*error.message), (ErrorCode::UpstreamFailed, message));
        assert_eq!(requests(&server).await, 1);
    }
    assert_eq!(requests(&other).await, 0);
}

#[tokio::test]
async fn a_write_without_an_answer_in_time_is_in_doubt() {
    let server = MockServer::start().await;
    answers(&server, 9, json_of("{}").set_delay(Duration::from_secs(20))).await;
    let base = Url::parse(&server.uri()).expect("a URL");
    let http = HttpSettings::default();
    let settings = ApiSettings {
        name: "shop",
        base_url: Some(&base),
        additions: &Additions::default(),
        timeout: Duration::from_millis(200),
        concurrency: 1,
        client: SharedClient::new(http.clone()),
        exchange: Arc::new(Exchange::new(http, SystemClock::shared(), Arc::new(NoJitter))),
    };
    let source = DocumentLocation::File("shop.json".into());
    let api = OpenApi::read(&document(), &source, settings).expect("an API");
    let error = call(&api, "add", &json!({"name": "x"})).await.expect_err("a failure");
    let message = "shop did not answer within 200ms; the request may have been carried out, so check \
                   before you repeat it";
    assert_eq!((error.code, &*error.message), (ErrorCode::UpstreamTimeout, message));
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn a_write_that_cannot_be_sent_is_not_in_doubt() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let base = format!("http://{address}");
    let api = read_at(&base, &document(), &Additions::default()).expect("an API");
    let error = call(&api, "add", &json!({"name": "x"})).await.expect_err("a failure");
    assert_eq!(error.message, "shop cannot be reached");
}

#[tokio::test]
async fn a_write_whose_answer_breaks_off_is_in_doubt() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let serving = tokio::spawn(async move {
            let mut count = 0;
            let accept = || tokio::time::timeout(Duration::from_millis(300), listener.accept());
            while let Ok(Ok((mut stream, _))) = accept().await {
                count += 1;
                let mut bytes = [0; 4096];
                let _ = stream.read(&mut bytes).await;
                let _ = stream.write_all(answer).await;
            }
            count
        });
        let api = read_at(&base, &document(), &Additions::default()).expect("an API");
        let error = call(&api, "add", &json!({"name": "x"})).await.expect_err("a failure");
        assert!(error.message.contains("may have been carried out"), "{error}");
        assert_eq!(serving.await.expect("a server"), 1);
    }
}
