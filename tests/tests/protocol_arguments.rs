//! Arguments as models write them: v2, the steps of a batch and both sets of tools accept them alike; v1
//! rejects them.

use serde_json::{Value, json};
use service_tests::TestServer;

/// A transport, with a function that calls an action and returns its data or its error.
type Transport = (&'static str, fn(&TestServer, &str, &Value) -> Result<Value, String>);

const TRANSPORTS: [Transport; 4] = [("v2", v2), ("batch", batch), ("query", query), ("tool", tool)];

fn v2(server: &TestServer, action: &str, params: &Value) -> Result<Value, String> {
    let query = json!({"action": action, "params": params, "fields": "*"});
    let answer = server.post("/api/v2/query").json(&query).send().json();
    answer.get("data").cloned().ok_or_else(|| answer["error"].to_string())
}

fn batch(server: &TestServer, action: &str, params: &Value) -> Result<Value, String> {
    let step = json!({"id": "a", "action": action, "params": params, "fields": "*"});
    let answer = server.post("/api/v2/batch").json(&json!({"steps": [step]})).send().json();
    let step = &answer["data"][0];
    step.get("data").cloned().ok_or_else(|| answer.to_string())
}

fn query(server: &TestServer, action: &str, params: &Value) -> Result<Value, String> {
    let client = server.protocol("2025-11-25");
    let query = json!({"action": action, "params": params, "fields": "*", "format": "json"});
    let result = client.tool("change", query);
    result["structuredContent"].get("data").cloned().ok_or_else(|| result.to_string())
}

fn tool(server: &TestServer, action: &str, params: &Value) -> Result<Value, String> {
    let result = server.protocol("2025-11-25").query("tools=all").tool(action, params.clone());
    let data = result.get("structuredContent").ok_or_else(|| result.to_string())?;
    let is_wrapped = data.as_object().is_some_and(|members| members.len() == 1);
    Ok(data.get("result").filter(|_| is_wrapped).unwrap_or(data).clone())
}

#[test]
fn json_in_a_text_and_whole_numbers_are_understood() {
    let server = TestServer::start();
    for title in ["first", "second"] {
        let _ = server.data("add_task", json!({"title": title}));
    }
    for (transport, call) in TRANSPORTS {
        let call = |action: &str, params: Value| {
            call(&server, action, &params)
                .unwrap_or_else(|error| panic!("{transport} {action}: {error}"))
        };
        for id in [json!("2"), json!(2.0), json!("2.0"), json!(" 2 ")] {
            let task = call("update_task", json!({"task_id": id, "title": "2"}));
            assert_eq!(
                (&task["id"], &task["title"]),
                (&json!(2), &json!("2")),
                "{transport}: {id}"
            );
        }
        for numbers in [json!("[1,2,3]"), json!(["1", 2, "3"])] {
            let sum = call("calculate", json!({"operation": "sum", "numbers": numbers}));
            assert_eq!(sum["result"], 6, "{transport}");
        }
        let name = format!("user of {transport}");
        let _ = call("add_user", json!({"username": name, "metadata": "{\"n\": 1.10}"}));
        // A string stays a string where the schema expects one.
        let task = call("add_task", json!({"title": "[1]", "description": "true"}));
        assert_eq!(
            (&task["title"], &task["description"]),
            (&json!("[1]"), &json!("true")),
            "{transport}"
        );
        let task = call("add_task", json!({"title": "5"}));
        assert_eq!(task["title"], "5", "{transport}");
        let logs =
            call("list_logs", json!({"limit": "1", "before": 3.0, "status": "", "action": ""}));
        assert_eq!(logs.as_array().map(Vec::len), Some(1), "{transport}: {logs}");
    }
    for params in [json!({"task_id": "2", "title": "t"}), json!({"task_id": 2.0, "title": "t"})] {
        let answer =
            server.post("/api/v1/query").json(&json!({"action": "update_task", "params": params}));
        assert!(answer.send().refusal(400).contains("task_id must be an integer"), "{params}");
    }
}

#[test]
fn what_is_still_wrong_is_refused_by_name() {
    let server = TestServer::start();
    for (transport, call) in TRANSPORTS {
        for (action, params, wrong) in [
            ("delete_task", json!({"task_id": "one"}), "task_id must be an integer, not a string"),
            ("delete_task", json!({"task_id": 1.5}), "task_id must be an integer"),
            ("delete_task", json!({"task_id": ""}), "task_id is required"),
            ("delete_task", json!({"task_id": [1]}), "task_id must be an integer, not a list"),
            ("add_task", json!({"title": 5}), "title must be a string, not an integer"),
            ("add_task", json!({"title": ""}), "title is required"),
            ("add_user", json!({"username": "u", "metadata": "[1]"}), "metadata must be an object"),
            ("calculate", json!({"operation": "sum", "numbers": "1,2"}), "numbers must be a list"),
        ] {
            let error = call(&server, action, &params).expect_err(wrong);
            assert!(error.contains(wrong), "{transport} {action} {params}: {error}");
        }
    }
}

#[test]
fn an_empty_text_is_no_filter_and_is_stored_where_texts_are() {
    let server = TestServer::start();
    for (transport, call) in TRANSPORTS {
        let call = |action: &str, params: Value| {
            call(&server, action, &params)
                .unwrap_or_else(|error| panic!("{transport} {action}: {error}"))
        };
        let task = call(
            "add_task",
            json!({"title": transport, "description": "d", "assigned_to": "alice"}),
        );
        let id = &task["id"];
        let found = call("list_tasks", json!({"status": "", "assigned_to": "alice"}));
        assert!(
            found.as_array().expect("rows").iter().any(|row| row["id"] == *id),
            "{transport}: {found}"
        );
        assert_eq!(
            call("get_config", json!({"key": ""})),
            call("get_config", json!({})),
            "{transport}"
        );
        assert!(call("help", json!({"query": "", "action": ""})).is_array(), "{transport}");
        let task = call("update_task", json!({"task_id": id, "description": "", "status": ""}));
        assert_eq!(
            (&task["description"], &task["status"]),
            (&json!(""), &json!("")),
            "{transport}"
        );
        let set = call("update_config", json!({"key": "empty", "value": ""}));
        assert_eq!(set["empty"], "", "{transport}");
    }
}

#[test]
fn null_removes_the_description_and_the_assignment_and_nothing_else() {
    let server = TestServer::start();
    for (transport, call) in TRANSPORTS {
        let task =
            json!({"title": transport, "description": "d", "priority": "high", "assigned_to": "a"});
        let id = server.data("add_task", task)["id"].clone();
        let nulls = json!({
            "task_id": id, "title": null, "priority": null, "status": null, "description": null,
            "assigned_to": null,
        });
        let task = call(&server, "update_task", &nulls)
            .unwrap_or_else(|error| panic!("{transport}: {error}"));
        assert_eq!(
            (&task["title"], &task["priority"], &task["status"]),
            (&json!(transport), &json!("high"), &json!("pending")),
            "{transport}: {task}"
        );
        assert_eq!(
            (&task["description"], &task["assigned_to"]),
            (&json!(null), &json!(null)),
            "{transport}"
        );
    }
    // v1 clears every field whose parameter is null.
    let id = server.data("add_task", json!({"title": "v1"}))["id"].clone();
    let task = server.data("update_task", json!({"task_id": id, "priority": null, "status": null}));
    assert_eq!((&task["priority"], &task["status"]), (&json!(null), &json!(null)));
}

#[test]
fn the_members_of_a_query_and_of_a_batch_are_understood_too() {
    let server = TestServer::start();
    for number in 0..5 {
        let _ = server.data("add_task", json!({"title": format!("Task {number}")}));
    }
    let wanted = json!([{"id": 5}, {"id": 4}]);
    let queries = [
        json!({"action": "list_tasks", "params": "{}", "fields": "[\"id\"]", "limit": "2", "sort": "-id",
               "format": "json", "max_tokens": "500", "count": "false", "cursor": "", "group_by": ""}),
        json!({"action": "list_tasks", "params": "", "fields": ["id"], "limit": 2.0, "sort": "-id",
               "format": "json", "filter": "{\"status\": \"pending\"}", "max_tokens": 500.0}),
    ];
    for query in &queries {
        let answer = server.post("/api/v2/query").json(query).send().json();
        assert_eq!(answer["data"], wanted, "{query}: {answer}");
        let result = server.protocol("2025-11-25").tool("change", query.clone());
        assert_eq!(result["structuredContent"]["data"], wanted, "{query}: {result}");
    }
    let empty = json!({"action": "list_tasks", "fields": "", "format": "", "sort": "", "cursor": "",
                       "filter": "", "limit": "", "count": "", "max_tokens": ""});
    let answer = server.post("/api/v2/query").json(&empty).send();
    let plain = server.post("/api/v2/query").json(&json!({"action": "list_tasks"})).send();
    assert_eq!(answer.text(), plain.text());
    let steps = json!([{
        "id": "a", "action": "list_tasks", "params": "{\"status\": \"pending\"}", "fields": "[\"id\"]",
        "filter": "{\"id\": [4, 5]}", "sort": "-id", "limit": "2", "count": "false", "group_by": "",
        "when": "",
    }]);
    for batch in [
        json!({"steps": steps, "atomic": "true", "return": "[\"a\"]", "max_tokens": "500"}),
        json!({"steps": steps.to_string(), "atomic": "", "return": "", "max_tokens": 500.0}),
    ] {
        let answer = server.post("/api/v2/batch").json(&batch).send().json();
        assert_eq!(answer["data"][0]["data"], wanted, "{batch}: {answer}");
        let query = json!({"action": "batch", "params": batch, "format": "json"});
        let result = server.protocol("2025-11-25").tool("change", query);
        assert_eq!(result["structuredContent"]["data"][0]["data"], wanted, "{batch}: {result}");
    }
}

#[test]
fn what_is_stored_stays_byte_for_byte() {
    let server = TestServer::start();
    let value = r#"{"a": 1.0, "b":"5","c":["true", ""], "d":null, "n":12345678901234567890123}"#;
    let bodies = [
        (
            "/api/v2/query",
            format!(r#"{{"action":"update_config","params":{{"key":"k","value":{value}}}}}"#),
        ),
        (
            "/api/v2/batch",
            format!(
                r#"{{"steps":[{{"id":"a","action":"update_config","params":{{"key":"k","value":{value}}}}}]}}"#
            ),
        ),
        (
            "/api/v2/query",
            format!(
                r#"{{"action":"batch","params":{{"steps":[{{"id":"a","action":"update_config","params":{{"key":"k","value":{value}}}}}]}}}}"#
            ),
        ),
    ];
    for (path, body) in bodies {
        let _ = server.data("update_config", json!({"key": "k", "value": 0}));
        let answer = server.post(path).json_text(&body).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let config = server.get("/api/v1/state?entity=config");
        assert!(config.text().contains(value), "{path}: {}", config.text());
    }
    // A string parameter keeps JSON as a string.
    let _ = v2(&server, "update_config", &json!({"key": "t", "value": "{\"a\":1}"}));
    assert_eq!(server.data("get_config", json!({"key": "t"}))["t"], "{\"a\":1}");
    // A number beyond a double.
    let exact =
        r#"{"action":"calculate","params":{"operation":"sum","numbers":"[9007199254740993, 0]"}}"#;
    let sum = server.post("/api/v2/query").json_text(exact).send();
    assert!(sum.text().contains("9007199254740993"), "{}", sum.text());
}
