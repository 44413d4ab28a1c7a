//! The four Figma actions: their requests and their results.

use std::time::Duration;

use mcp_core::ErrorCode;
use serde_json::json;
use wiremock::matchers::{any, query_param};
use wiremock::{Mock, ResponseTemplate};

use crate::bodies::{COMPONENTS, FILE, NODES, STYLES};
use crate::rig::{FIGMA_TOKEN, Rig, json};

#[tokio::test]
async fn an_answer_is_figmas_json_byte_for_byte() {
    let key = "AbC123dEf456";
    for (action, params, sent, body) in [
        ("figma_get_file", json!({"file_key": key}), "/v1/files/AbC123dEf456", FILE),
        (
            "figma_get_nodes",
            json!({"file_key": key, "node_ids": ["1:2", "3:4"]}),
            "/v1/files/AbC123dEf456/nodes?ids=1%3A2%2C3%3A4",
            NODES,
        ),
        (
            "figma_get_nodes",
            json!({"file_key": key, "node_ids": "1:2, 3:4"}),
            "/v1/files/AbC123dEf456/nodes?ids=1%3A2%2C3%3A4",
            NODES,
        ),
        (
            "figma_get_components",
            json!({"file_key": key}),
            "/v1/files/AbC123dEf456/components",
            COMPONENTS,
        ),
        ("figma_get_styles", json!({"file_key": key}), "/v1/files/AbC123dEf456/styles", STYLES),
    ] {
        let rig = Rig::new().await;
        rig.answers_always(json(body)).await;
        assert_eq!(rig.text(action, params).await.expect(action), body, "{action}");
        let requests = rig.server.received_requests().await.expect("requests are recorded");
        let [request] = &requests[..] else { panic!("one request, not {}", requests.len()) };
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        assert_eq!(format!("{}{query}", request.url.path()), sent);
        assert_eq!(request.headers["x-figma-token"], FIGMA_TOKEN);
        assert!(!request.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn what_figma_refuses_is_told_in_its_words() {
    for (status, body, message) in [
        (404, r#"{"status":404,"err":"Not found"}"#, "Request failed (404): Not found"),
        (403, r#"{"status":403,"err":"Invalid token"}"#, "Request failed (403): Invalid token"),
        (
            400,
            r#"{"error":true,"status":400,"message":"Bad request, please try again."}"#,
            "Request failed (400): Bad request, please try again.",
        ),
    ] {
        let rig = Rig::new().await;
        let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
        rig.answers_always(answer).await;
        let params = json!({"file_key": "AbC123dEf456"});
        let error = rig.text("figma_get_file", params).await.expect_err("a refusal");
        assert_eq!((error.code, &*error.message), (ErrorCode::UpstreamRefused, message));
        assert_eq!(rig.requests().await, 1);
    }
}

const TOO_LARGE: &str =
    r#"{"status":400,"err":"Request too large. If applicable, filter by query params."}"#;

/// Answers a request with a depth with a tree, and any other with this response.
async fn too_large_whole(rig: &Rig, answer: ResponseTemplate, depths: &[&str]) {
    for depth in depths {
        Mock::given(query_param("depth", *depth)).respond_with(json(FILE)).mount(&rig.server).await;
    }
    Mock::given(any()).respond_with(answer).mount(&rig.server).await;
}

#[tokio::test]
async fn a_file_that_does_not_come_whole_comes_shallow_and_says_so() {
    let large = format!(r#"{{"name":"{}"}}"#, "a".repeat(5000));
    let refused = |status: u16, body: &str| {
        ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json")
    };
    for (answer, depths, why) in [
        (refused(400, TOO_LARGE), &["1", "2"][..], "Request failed (400): Request too large"),
        (refused(400, TOO_LARGE), &["1"], "to depth 1"),
        (refused(413, ""), &["2"], "(413)"),
        (refused(504, ""), &["2"], "(504)"),
        (json(&large), &["2"], "Figma's answer is larger than 4000 bytes"),
        (json(&FILE[..80]), &["2"], "truncated"),
        (json(FILE).set_delay(Duration::from_mins(1)), &["2"], "did not answer within 3s"),
    ] {
        for (action, params) in [
            ("figma_get_file", json!({"file_key": "k"})),
            ("figma_get_nodes", json!({"file_key": "k", "node_ids": "1:2"})),
        ] {
            let rig = Rig::with(|setup| {
                setup.http.body_limit = 4000;
                setup.http.call_timeout = Duration::from_secs(3);
            })
            .await;
            too_large_whole(&rig, answer.clone(), depths).await;
            let file = rig.call(action, params.clone()).await;
            let incomplete = file["incomplete"].as_str().expect("a reason");
            let depth = format!("to depth {}", depths.last().expect("one"));
            assert!(incomplete.contains(why) && incomplete.contains(&depth), "{incomplete}");
            assert_eq!(file["document"]["children"][0]["id"], "0:1");
            if action == "figma_get_file" {
                let lean = rig.lean(json!({"action": action, "params": params})).await;
                let lean = lean.expect("an answer").text;
                assert!(lean.contains("\"incomplete\":\"the tree is too large"), "{lean}");
                assert!(lean.contains("\"id\":\"0:1\""), "{lean}");
            }
        }
    }
}

#[tokio::test]
async fn a_depth_is_sent_and_is_the_only_one_that_is_tried() {
    let rig = Rig::new().await;
    too_large_whole(&rig, ResponseTemplate::new(413), &["3"]).await;
    let ask = async |depth: u32| {
        let params = json!({"file_key": "k", "depth": depth});
        rig.text("figma_get_file", params).await
    };
    assert_eq!(ask(3).await.expect("a file"), FILE);
    let error = ask(4).await.expect_err("a refusal");
    assert!(error.message.starts_with("Request failed (413)"), "{error}");
    assert_eq!(rig.requests().await, 2);
    for depth in [0, 101] {
        assert_eq!(ask(depth).await.expect_err("a refusal").code, ErrorCode::InvalidParams);
    }
}

#[tokio::test]
async fn other_refusals_of_a_file_are_not_tried_shallow() {
    for status in [400, 403, 404, 429, 500] {
        let rig = Rig::new().await;
        too_large_whole(&rig, ResponseTemplate::new(status), &["1", "2"]).await;
        rig.text("figma_get_file", json!({"file_key": "k"})).await.expect_err("a refusal");
        assert_eq!(rig.requests().await, 1, "{status}");
    }
}

#[tokio::test]
async fn an_address_is_understood_where_its_part_is_wanted() {
    let address = "https://www.figma.com/design/AbC123/Title?node-id=1-2&t=x";
    for (action, params, sent) in [
        ("figma_get_file", json!({"file_key": address}), "/v1/files/AbC123"),
        ("figma_get_components", json!({"file_key": address}), "/v1/files/AbC123/components"),
        ("figma_get_styles", json!({"file_key": address}), "/v1/files/AbC123/styles"),
        ("figma_get_nodes", json!({"file_key": address}), "/v1/files/AbC123/nodes?ids=1%3A2"),
        ("figma_get_nodes", json!({"node_ids": address}), "/v1/files/AbC123/nodes?ids=1%3A2"),
        (
            "figma_get_nodes",
            json!({"file_key": "AbC123", "node_ids": [address, "3-4"]}),
            "/v1/files/AbC123/nodes?ids=1%3A2%2C3%3A4",
        ),
    ] {
        let rig = Rig::new().await;
        rig.answers_always(json(FILE)).await;
        rig.call(action, params).await;
        let requests = rig.server.received_requests().await.expect("requests are recorded");
        let query = requests[0].url.query().map(|query| format!("?{query}")).unwrap_or_default();
        assert_eq!(format!("{}{query}", requests[0].url.path()), sent);
    }
    let rig = Rig::new().await;
    for (params, message) in [
        (json!({"file_key": "Other", "node_ids": address}), "different files"),
        (json!({"file_key": "AbC123"}), "file_key and node_ids are required"),
        (json!({"node_ids": "1:2"}), "file_key and node_ids are required"),
    ] {
        let error = rig.text("figma_get_nodes", params).await.expect_err("a refusal");
        assert_eq!(error.code, ErrorCode::InvalidParams);
        assert!(error.message.contains(message), "{error}");
    }
    assert_eq!(rig.requests().await, 0);
}
