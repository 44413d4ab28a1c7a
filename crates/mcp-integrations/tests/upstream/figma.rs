//! The four Figma actions: what is sent, and what comes of the answer.

use mcp_core::ErrorCode;
use serde_json::json;
use wiremock::ResponseTemplate;

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
