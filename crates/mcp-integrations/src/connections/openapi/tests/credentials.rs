//! The additions of the settings: sent with each request, and shown nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wiremock::matchers::{any, header, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const SECRET: &str = "s3cr&t/key";

fn document() -> String {
    json!({"openapi": "3.1.0", "paths": {"/items": {
        "get": {"operationId": "list", "parameters": [
            {"name": "X-Api-Key", "in": "header", "required": true},
            {"name": "api_key", "in": "query", "required": true},
            {"name": "sid", "in": "cookie", "required": true},
            {"name": "theme", "in": "cookie"},
            {"name": "page", "in": "query"}]},
        "post": {"operationId": "add"}}}})
    .to_string()
}

fn additions(headers: &[(&str, String)], query: &[(&str, &str)]) -> Additions {
    Additions {
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).into(), value.as_str().into()))
            .collect(),
        query: query.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    }
}

#[tokio::test]
async fn each_kind_of_credential_is_sent_and_hidden() {
    let basic = format!("Basic {}", STANDARD.encode(format!("user:{SECRET}")));
    let cases = [
        (additions(&[("x-api-key", SECRET.into())], &[]), "x-api-key", SECRET.to_owned()),
        (
            additions(&[("Authorization", format!("Bearer {SECRET}"))], &[]),
            "authorization",
            format!("Bearer {SECRET}"),
        ),
        (additions(&[("Authorization", basic.clone())], &[]), "authorization", basic),
        (
            additions(&[("Cookie", format!("sid={SECRET}"))], &[]),
            "cookie",
            format!("sid={SECRET}; theme=dark"),
        ),
        (additions(&[], &[("api_key", SECRET)]), "", String::new()),
    ];
    for (additions, name, value) in cases {
        let server = MockServer::start().await;
        let echo = format!("bad key {SECRET} in ?api_key=s3cr%26t%2Fkey");
        let answer = ResponseTemplate::new(403).set_body_json(json!({"message": echo}));
        let mock = match name {
            "" => Mock::given(query_param("api_key", SECRET)).and(query_param("page", "1")),
            name => Mock::given(header(name, &*value)),
        };
        mock.respond_with(answer.clone()).expect(1).mount(&server).await;
        let api = read_at(&server.uri(), &document(), &additions).expect("an API");
        let given = json!({"page": 1, "theme": "dark"});
        let error = call(&api, "list", &given).await.expect_err("a refusal");
        assert!(error.message.starts_with("Request failed (403): bad key "), "{error}");
        let shown = format!("{error:?}");
        if name.is_empty() {
            assert_eq!(
                error.message,
                "Request failed (403): bad key [redacted] in ?api_key=[redacted]"
            );
        }
        assert!(!shown.contains(SECRET), "{name}: {shown}");
    }
}

#[tokio::test]
async fn a_result_that_repeats_a_secret_does_not_show_it() {
    let server = MockServer::start().await;
    let body = format!(
        r#"{{"key":"{SECRET}","escaped":"s3cr&t\/key","kind":"text/special","v":"2022-11-28"}}"#
    );
    for name in ["GET", "POST"] {
        let answer = ResponseTemplate::new(200).set_body_raw(body.clone(), "application/json");
        Mock::given(wiremock::matchers::method(name)).respond_with(answer).mount(&server).await;
    }
    let headers = [
        ("x-api-key", SECRET.to_owned()),
        ("Accept", "text/special".into()),
        ("X-Api-Version", "2022-11-28".into()),
    ];
    let api = read_at(&server.uri(), &document(), &additions(&headers, &[])).expect("an API");
    for operation in ["list", "add"] {
        let result = call(&api, operation, &json!({})).await.expect("an object");
        let expected = json!({"key": "[redacted]", "escaped": "[redacted]", "kind": "text/special",
            "v": "2022-11-28"});
        assert_eq!(result, expected);
    }
}

#[tokio::test]
async fn a_failed_connection_does_not_show_the_query() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let additions = additions(&[], &[("api_key", "topsecret")]);
    let api = read_at(&base, &document(), &additions).expect("an API");
    for operation in ["list", "add"] {
        let error = call(&api, operation, &json!({})).await.expect_err("a failure");
        assert!(!format!("{error:?}").contains("topsecret"), "{error:?}");
    }
}

#[tokio::test]
async fn another_account_has_its_own_cache() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200)
        .set_body_json(json!([]))
        .insert_header("cache-control", "max-age=600");
    Mock::given(any()).respond_with(answer).expect(2).mount(&server).await;
    let one = additions(&[("x-api-key", "first-key".into())], &[]);
    let two = additions(&[("x-api-key", "second-key".into())], &[]);
    let exchange = {
        let http = HttpSettings::default();
        Arc::new(Exchange::new(http, SystemClock::shared(), Arc::new(NoJitter)))
    };
    for additions in [&one, &two, &one] {
        let base = Url::parse(&server.uri()).expect("a URL");
        let settings = ApiSettings {
            name: "shop",
            base_url: Some(&base),
            additions,
            timeout: Duration::from_secs(30),
            concurrency: 8,
            client: SharedClient::new(HttpSettings::default()),
            exchange: Arc::clone(&exchange),
        };
        let source = DocumentLocation::File("shop.json".into());
        let api = OpenApi::read(&document(), &source, settings).expect("an API");
        call(&api, "list", &json!({})).await.expect("a list");
    }
}

#[test]
fn what_the_settings_supply_is_no_parameter() {
    let names = |additions: &Additions| {
        let api = read_at("http://127.0.0.1:1", &document(), additions).expect("an API");
        let properties = api.definitions()[0].params["properties"].as_object().cloned();
        properties.expect("properties").keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let headers = [("x-api-key", "k".to_owned()), ("cookie", "a=b; sid=c".to_owned())];
    assert_eq!(names(&additions(&headers, &[("api_key", "k")])), "theme page");
    assert_eq!(names(&Additions::default()), "X-Api-Key api_key sid theme page");
}

#[tokio::test]
async fn a_call_without_credentials_names_those_that_the_api_takes() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(401)).mount(&server).await;
    let mut document: Value = serde_json::from_str(&document()).expect("JSON");
    document["components"] = json!({"securitySchemes": {
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        "old": {"type": "apiKey", "in": "query", "name": "api_key"},
        "token": {"type": "http", "scheme": "Bearer"}, "login": {"type": "oauth2"},
        "user": {"$ref": "#/components/securitySchemes/basic"},
        "basic": {"type": "http", "scheme": "basic"}, "odd": {"type": "mutualTLS"}, "bad": 5}});
    let hint = "; the connection's settings lack credentials: header X-Api-Key or query api_key or \
                header Authorization: Bearer TOKEN or header Authorization: Basic BASE64";
    let key = additions(&[("x-api-key", SECRET.into())], &[]);
    for (additions, hint) in [(Additions::default(), hint), (key, "")] {
        let api = read_at(&server.uri(), &document.to_string(), &additions).expect("an API");
        let error = call(&api, "add", &json!({})).await.expect_err("a refusal");
        assert_eq!(error.message, format!("Request failed (401): Unauthorized{hint}"));
    }
}

#[test]
fn a_header_that_cannot_be_sent_is_named_without_its_value() {
    for (name, value, message) in [
        ("a b", "topsecret", "headers: \"a b\" is not the name of a header field"),
        (
            "x-key",
            "topsecret\n",
            "headers: the value of \"x-key\" has characters that no header field has",
        ),
    ] {
        let additions = additions(&[(name, value.into())], &[]);
        let problem = read_at("http://127.0.0.1:1", &document(), &additions).err();
        assert_eq!(problem.as_deref(), Some(message));
    }
}
