//! `calculate` and `summarize_data`.

use serde_json::{Value, json};
use service_tests::TestServer;

/// Returns the JSON text of a computation's result.
fn result(server: &TestServer, operation: &str, numbers: &str) -> String {
    let body = format!(
        r#"{{"action":"calculate","params":{{"operation":"{operation}","numbers":{numbers}}}}}"#
    );
    let answer = server.post("/api/v1/query").json_text(&body).send();
    assert_eq!(answer.status, 200, "{operation} {numbers}: {}", answer.text());
    let start = answer.text().find(r#""result":"#).expect("a result") + r#""result":"#.len();
    let rest = &answer.text()[start..];
    rest[..rest.find('}').expect("an end")].to_owned()
}

#[test]
fn a_computation_gives_its_number() {
    let server = TestServer::start();
    for (operation, numbers, wanted) in [
        ("sum", "[10,20,30,40]", "100"),
        ("sum", "[0.5,0.25]", "0.75"),
        ("sum", "[]", "0"),
        ("average", "[1,2,3,4]", "2.5"),
        ("average", "[2,4]", "3.0"),
        ("average", "[]", "0"),
        ("max", "[3,9,-2]", "9"),
        ("min", "[3,9,-2]", "-2"),
        ("max", "[1.5,1]", "1.5"),
        ("max", "[9007199254740992.0,9007199254740993]", "9007199254740993"),
        ("min", "[9007199254740993,9007199254740992.0]", "9007199254740992.0"),
        ("max", "[1.0,1]", "1.0"),
        ("max", "[]", "null"),
        ("min", "[]", "null"),
        // Integers stay exact beyond the precision of a double.
        ("sum", "[9007199254740993,2]", "9007199254740995"),
        ("sum", "[18446744073709551615,1]", "18446744073709551616"),
        ("max", "[9007199254740993,9007199254740992]", "9007199254740993"),
    ] {
        assert_eq!(result(&server, operation, numbers), wanted, "{operation} {numbers}");
    }
}

#[test]
fn what_cannot_be_computed_is_refused_by_name() {
    let server = TestServer::start();
    for (params, detail) in [
        (json!({}), "Unknown operation: None"),
        (json!({ "operation": "median", "numbers": [1] }), "Unknown operation: median"),
        (json!({ "operation": "SUM", "numbers": [1] }), "Unknown operation: SUM"),
        (json!({ "operation": "" }), "Unknown operation: "),
    ] {
        assert_eq!(server.refusal("calculate", params.clone()), detail, "{params}");
    }
    for numbers in
        [json!([1, "2"]), json!([true]), json!([[1]]), json!([null]), json!("1,2"), json!(5)]
    {
        let params = json!({ "operation": "sum", "numbers": numbers });
        let refusal = server.refusal("calculate", params);
        assert!(refusal.contains("numbers"), "{numbers}: {refusal}");
    }
}

#[test]
fn a_result_too_large_to_be_written_is_refused_and_not_infinite() {
    let server = TestServer::start();
    let large = "9".repeat(60);
    for numbers in ["[1e308,1e308]", "[1e999]", &format!("[{large}]")] {
        let body = format!(
            r#"{{"action":"calculate","params":{{"operation":"sum","numbers":{numbers}}}}}"#
        );
        let answer = server.post("/api/v1/query").json_text(&body).send();
        let refusal = answer.refusal(400);
        assert!(refusal.contains("numbers"), "{numbers}: {refusal}");
    }
}

#[test]
fn a_summary_counts_users_and_tasks_by_the_usual_words() {
    let server = TestServer::start();
    let empty = json!({
        "total_users": 0,
        "total_tasks": 0,
        "tasks_by_status": { "pending": 0, "in_progress": 0, "completed": 0 },
        "tasks_by_priority": { "high": 0, "medium": 0, "low": 0 },
    });
    assert_eq!(server.data("summarize_data", json!({})), json!({ "summary": empty }));
    let _ = server.data("add_user", json!({ "username": "alice" }));
    for (status, priority) in [
        ("pending", "high"),
        ("pending", "medium"),
        ("in_progress", "medium"),
        ("completed", "low"),
        ("blocked", "urgent"),
    ] {
        let task = json!({ "title": "t", "status": status, "priority": priority });
        let _ = server.data("add_task", task);
    }
    let counted: Value = server.data("summarize_data", json!({}));
    let wanted = json!({
        "total_users": 1,
        "total_tasks": 5,
        "tasks_by_status": { "pending": 2, "in_progress": 1, "completed": 1 },
        "tasks_by_priority": { "high": 1, "medium": 2, "low": 1 },
    });
    assert_eq!(counted, json!({ "summary": wanted }));
}
