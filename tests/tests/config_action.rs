//! Configuration: values that agents share under a name.

use serde_json::json;
use service_tests::TestServer;

#[test]
fn a_new_service_has_two_values() {
    let server = TestServer::start();
    let all = server.data("get_config", json!({}));
    assert_eq!(all, json!({ "max_tasks": 100, "default_priority": "medium" }));
    assert_eq!(
        server.data("get_config", json!({ "key": "max_tasks" })),
        json!({ "max_tasks": 100 })
    );
}

#[test]
fn a_value_is_set_and_set_again_and_read() {
    let server = TestServer::start();
    for value in ["My MCP Server", "Again"] {
        let set = server.data("update_config", json!({ "key": "app_name", "value": value }));
        assert_eq!(set, json!({ "app_name": value, "updated": true }));
        let read = server.data("get_config", json!({ "key": "app_name" }));
        assert_eq!(read, json!({ "app_name": value }));
    }
    let all = server.data("get_config", json!({}));
    let wanted = r#"{"max_tasks":100,"default_priority":"medium","app_name":"Again"}"#;
    assert_eq!(all.to_string(), wanted);
}

#[test]
fn a_value_that_is_not_there_is_null() {
    let server = TestServer::start();
    assert_eq!(server.data("get_config", json!({ "key": "nope" })), json!({ "nope": null }));
}

#[test]
fn any_json_is_a_value_and_comes_back_as_it_was_written() {
    let server = TestServer::start();
    let values = [
        "1",
        "1.0",
        "-0",
        "1e300",
        "123456789012345678901234567890",
        "0.1000000000000000055511151231257827",
        "true",
        "null",
        r#""""#,
        r#""\u00e9\/""#,
        r#"[1, "a", null]"#,
        r#"{ "a": {"b": [1, 2]}, "a ": {} }"#,
    ];
    for (number, value) in values.iter().enumerate() {
        let body = format!(
            r#"{{"action":"update_config","params":{{"key":"k{number}","value":{value}}}}}"#
        );
        let set = server.post("/api/v1/query").json_text(&body).send();
        let wanted = format!(r#""data":{{"k{number}":{value},"updated":true}}"#);
        assert!(set.text().contains(&wanted), "{value}: {}", set.text());
        let body = format!(r#"{{"action":"get_config","params":{{"key":"k{number}"}}}}"#);
        let read = server.post("/api/v1/query").json_text(&body).send();
        let wanted = format!(r#""data":{{"k{number}":{value}}}"#);
        assert!(read.text().contains(&wanted), "{value}: {}", read.text());
    }
}

#[test]
fn a_key_and_a_value_are_required() {
    let server = TestServer::start();
    for (params, missing) in [
        (json!({}), "key"),
        (json!({ "value": 1 }), "key"),
        (json!({ "key": "", "value": 1 }), "key"),
        (json!({ "key": null, "value": 1 }), "key"),
        (json!({ "key": "k" }), "value"),
    ] {
        let refusal = server.refusal("update_config", params.clone());
        assert_eq!(refusal, format!("{missing} is required"), "{params}");
    }
}

#[test]
fn a_value_under_the_name_updated_does_not_break_the_answer() {
    let server = TestServer::start();
    let set = server.call("update_config", json!({ "key": "updated", "value": 5 }));
    assert_eq!(set.text().matches(r#""updated""#).count(), 1, "{}", set.text());
    assert_eq!(server.data("get_config", json!({ "key": "updated" })), json!({ "updated": 5 }));
}
