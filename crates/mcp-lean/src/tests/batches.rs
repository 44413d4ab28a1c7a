//! Many steps in one call.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::blobs::BlobLimits;
use super::Rig;
use mcp_core::action::params::ParamsText;
use mcp_core::memory::Access;
use mcp_core::{Call, Caller, ErrorCode};

async fn batch(rig: &Rig, params: Value) -> Value {
    rig.data(json!({"action": "batch", "params": params})).await
}

async fn refusal(rig: &Rig, params: Value) -> String {
    let refusal = rig.refusal(json!({"action": "batch", "params": params})).await;
    refusal["error"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn steps_refer_to_earlier_ones_and_only_what_is_wanted_returns() {
    let rig = Rig::new();
    rig.add_tasks(5).await;
    let steps = json!([
        {"id": "open", "action": "list_tasks", "filter": {"priority": "high"}, "sort": "-id"},
        {"id": "done", "action": "update_task",
         "params": {"task_id": {"$ref": "open.data.0.id"}, "status": "completed"}},
        {"id": "none", "action": "list_tasks", "params": {"status": "nope"}},
        {"id": "skipped", "action": "delete_task", "when": {"$ref": "none.data"},
         "params": {"task_id": 1}},
        {"id": "count", "action": "list_tasks", "params": {"status": "completed"}, "count": true},
    ]);
    let all = batch(&rig, json!({"steps": steps})).await;
    assert_eq!(all[0]["data"][0]["id"], 4);
    assert_eq!(all[1], json!({"id": "done", "data": {"id": 4}}));
    assert_eq!(all[2], json!({"id": "none", "data": []}));
    assert_eq!(all[3], json!({"id": "skipped", "data": null}));
    assert_eq!(all[4], json!({"id": "count", "data": 1}));
    let last = batch(&rig, json!({"steps": steps, "return": ["last"]})).await;
    assert_eq!(last, json!([{"id": "count", "data": 1}]));
    let some = batch(&rig, json!({"steps": steps, "return": ["none", "done"]})).await;
    assert_eq!(some, json!([{"id": "done", "data": {"id": 4}}, {"id": "none", "data": []}]));
}

#[tokio::test]
async fn a_failed_step_stops_those_that_refer_to_it_and_no_other() {
    let rig = Rig::new();
    *rig.system.rows.lock().expect("a lock") = vec![7];
    let steps = json!([
        {"id": "a", "action": "add_task", "params": {}},
        {"id": "b", "action": "update_task", "params": {"task_id": {"$ref": "a.data.id"}}},
        {"id": "c", "action": "system_list_issues"},
        {"id": "d", "action": "add_task", "params": {"title": {"$ref": "c.data.0.user.login"}},
         "fields": "title"},
        {"id": "e", "action": "nope"},
        {"id": "f", "action": "list_tasks", "when": "a.data"},
    ]);
    let answer = batch(&rig, json!({"steps": steps})).await;
    assert_eq!(answer[0]["error"], "title is required");
    assert!(answer[0]["signature"].as_str().expect("a text").starts_with("add_task(title"));
    assert_eq!(answer[1]["error"], "$ref a.data.id: step a failed or was skipped");
    assert_eq!(answer[2]["data"][0]["number"], 7);
    assert_eq!(answer[3], json!({"id": "d", "data": {"title": "odd"}}));
    assert!(answer[4]["error"].as_str().expect("a text").starts_with("Unknown action: nope"));
    assert_eq!(answer[5]["data"], Value::Null);
}

#[tokio::test]
async fn atomic_is_all_or_nothing() {
    let rig = Rig::new();
    let good = json!([
        {"id": "a", "action": "add_task", "params": {"title": "one"}},
        {"id": "b", "action": "add_task", "params": {"title": {"$ref": "a.data.title"}}},
        {"id": "c", "action": "list_tasks", "count": true},
    ]);
    let answer = batch(&rig, json!({"steps": good, "atomic": true})).await;
    assert_eq!(answer[1], json!({"id": "b", "data": {"id": 2}}));
    assert_eq!(answer[2], json!({"id": "c", "data": 2}));
    let mut bad = good.as_array().expect("steps").clone();
    bad.push(json!({"id": "d", "action": "delete_task", "params": {"task_id": 99}}));
    let refusal = refusal(&rig, json!({"steps": bad, "atomic": true})).await;
    assert_eq!(refusal, "step d: Task 99 not found. Nothing was changed");
    assert_eq!(rig.data(json!({"action": "list_tasks", "count": true})).await, 2);
    // The one that failed is logged, and those that were undone are not.
    let counts = json!({"action": "list_logs", "group_by": "action"});
    assert_eq!(
        rig.data(counts).await,
        json!({"add_task": 2, "list_tasks": 2, "batch": 2, "delete_task": 1})
    );
}

#[tokio::test]
async fn a_list_in_pages_is_whole_in_a_transaction_too() {
    let rig = Rig::new();
    rig.add_tasks(1050).await;
    let steps = json!([
        {"id": "count", "action": "list_logs", "count": true},
        {"id": "by", "action": "list_logs", "params": {"action": "add_task"}, "group_by": "status"},
        {"id": "first", "action": "list_logs", "params": {"action": "add_task", "limit": 5},
         "sort": "id", "limit": 1, "fields": "id"},
        {"id": "page", "action": "list_logs", "params": {"limit": 2}, "fields": "action"},
    ]);
    let answer = batch(&rig, json!({"steps": steps, "atomic": true})).await;
    assert_eq!(answer[0]["data"], 1050);
    assert_eq!(answer[1]["data"], json!({"success": 1050}));
    assert_eq!(answer[2]["data"], json!([{"id": 1}]));
    // Steps that only read see the log as it was when the batch began.
    assert_eq!(answer[3]["data"], json!([{"action": "add_task"}, {"action": "add_task"}]));
    assert!(answer[3]["next"].is_string());
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_runs() {
    let rig = Rig::new();
    let add = json!({"id": "a", "action": "add_task", "params": {"title": "x"}});
    let with = |step: Value| json!({"steps": [add, step]});
    for (params, message) in [
        (json!({}), "steps is required"),
        (json!({"steps": []}), "steps must be 1 to 100"),
        (json!({"steps": vec![add.clone(); 101]}), "steps must be 1 to 100"),
        (with(add.clone()), "step a: another step has this id"),
        (with(json!({"id": "b.c", "action": "list_tasks"})), "step b.c: id must have"),
        (with(json!({"action": "list_tasks"})), "steps[1].id is required"),
        (with(json!({"id": "b", "action": "list_tasks", "limt": 1})), "steps[1].limt"),
        (with(json!({"id": "b", "action": "list_tasks", "limit": "x"})), "step b: limit must be"),
        (with(json!({"id": "b", "action": "list_tasks", "fields": 5})), "step b: fields must be"),
        (with(json!({"id": "b", "action": "batch"})), "step b: batch cannot be a step"),
        (
            with(json!({"id": "b", "action": "list_tasks", "when": {"$ref": "c.data"}})),
            "step b: $ref c.data: no earlier step has the id \"c\"",
        ),
        (
            with(json!({"id": "b", "action": "list_tasks", "when": true})),
            "step b: when must be a $ref",
        ),
        (
            with(
                json!({"id": "b", "action": "delete_task", "params": {"task_id": {"$ref": "b.data"}}}),
            ),
            "step b: $ref b.data: no earlier step has the id \"b\"",
        ),
        (json!({"steps": [add], "return": ["x"]}), "return: no step has the id \"x\""),
        (json!({"steps": [add], "max_tokens": 10}), "max_tokens must be 0"),
        (
            json!({"atomic": true, "steps": [add, {"id": "b", "action": "system_list_issues"}]}),
            "step b: system_list_issues calls an upstream",
        ),
        (
            json!({"atomic": true, "steps": [add, {"id": "b", "action": "nope"}]}),
            "step b: Unknown action: nope. Nearest: ",
        ),
    ] {
        let text = refusal(&rig, params.clone()).await;
        assert!(text.starts_with(message), "{params}: {text}");
    }
    assert_eq!(rig.data(json!({"action": "list_tasks"})).await, json!([]));
}

#[tokio::test]
async fn all_answers_together_are_within_the_budget() {
    let rig = Rig::new();
    rig.add_tasks(60).await;
    let steps = json!([
        {"id": "long", "action": "list_tasks", "fields": "*"},
        {"id": "short", "action": "calculate", "params": {"operation": "sum", "numbers": [1]}},
        {"id": "article", "action": "system_get_article"},
    ]);
    for max_tokens in [300, 2000] {
        let query =
            json!({"action": "batch", "max_tokens": max_tokens, "params": {"steps": steps}});
        let answer = rig.ask(&query).await.expect("an answer");
        assert!(answer.tokens <= max_tokens, "{}", answer.tokens);
        let answer: Value = serde_json::from_str(&answer.text).expect("JSON");
        let long = answer["data"][0]["data"].as_array().expect("rows");
        assert!(!long.is_empty() && long.len() < 60);
        assert!(answer["data"][0]["next"].is_string());
        assert_eq!(answer["data"][1]["data"]["result"], 1);
        assert!(answer["data"][2]["data"]["text"]["blob"].is_string(), "{answer}");
    }
    let many: Vec<Value> = (0..100)
        .map(|number| json!({"id": format!("step-{number}"), "action": "list_tasks"}))
        .collect();
    let query = json!({"action": "batch", "max_tokens": 60, "params": {"steps": many}});
    let answer = rig.ask(&query).await.expect("an answer");
    assert!(answer.tokens <= 60 && answer.text.contains("b_"), "{}", answer.text);
}

#[tokio::test]
async fn what_steps_hold_does_not_grow_with_what_they_refer_to() {
    let rig = Rig::new();
    let first = json!({"id": "s0", "action": "update_config",
                       "params": {"key": "k", "value": "0123456789"}});
    let mut steps = vec![first];
    for at in 1..8 {
        let last = json!({"$ref": format!("s{}.data.k", at - 1)});
        steps.push(json!({"id": format!("s{at}"), "action": "update_config",
                          "params": {"key": "k", "value": vec![last; 12]}}));
    }
    for atomic in [false, true] {
        let query = json!({"action": "batch", "max_tokens": 0,
                           "params": {"steps": steps, "atomic": atomic}});
        let answer = rig.ask(&query).await;
        let text = answer.map_or_else(|error| error.to_string(), |answer| answer.text);
        assert!(text.contains("the values of the references have over 2097152 bytes"), "{text}");
    }
    let kept = rig.data(json!({"action": "get_config", "params": {"key": "k"}, "max_tokens": 0}));
    assert!(kept.await.to_string().len() < 2 << 20);
}

#[tokio::test]
async fn a_step_behind_more_than_is_held_is_not_run() {
    let rig = Rig::new();
    let large = json!({"title": "t", "description": "x".repeat(15 << 20)});
    let large = ParamsText::from_value(&large).expect("an object");
    rig.dispatcher.dispatch(Call::new("add_task", large)).await.expect("a task");
    // A result that is returned and referred to is held twice.
    let steps = json!([
        {"id": "a", "action": "list_tasks", "fields": "*"},
        {"id": "b", "action": "list_tasks", "fields": "*", "when": {"$ref": "a.data"}},
        {"id": "c", "action": "list_tasks", "fields": "*", "when": {"$ref": "b.data"}},
        {"id": "d", "action": "add_task", "params": {"title": "t"}, "when": {"$ref": "c.data"}},
    ]);
    let answer = batch(&rig, json!({"steps": steps})).await;
    let refused = answer[3]["error"].as_str().expect("a text");
    assert!(
        refused.starts_with("the results of the steps before have over 67108864 bytes"),
        "{refused}"
    );
    assert_eq!(rig.data(json!({"action": "list_tasks", "count": true})).await, 1);
}

#[tokio::test]
async fn a_reference_to_a_list_is_to_all_of_it_or_is_refused() {
    let rig = Rig::new();
    let long = "x".repeat(200_000);
    rig.add_tasks(200).await;
    let numbers = |params: Value, limit: Option<usize>| {
        json!({"steps": [
            {"id": "a", "action": "list_tasks", "params": params, "limit": limit},
            {"id": "b", "action": "calculate",
             "params": {"operation": "max", "numbers": {"$ref": "a.data.id"}}},
            {"id": "c", "action": "calculate",
             "params": {"operation": "max", "numbers": [{"$ref": "a.data.0.id"}]}},
        ], "return": ["b", "c"]})
    };
    let answer = batch(&rig, numbers(json!({}), None)).await;
    assert_eq!(answer[0]["data"]["result"], 200, "more than fits into the answer: {answer}");
    // More than is held.
    for _ in 0..100 {
        let params = json!({"title": "long", "description": long, "status": "long"});
        let params = ParamsText::from_value(&params).expect("an object");
        rig.dispatcher.dispatch(Call::new("add_task", params)).await.expect("a task");
    }
    let answer = batch(&rig, numbers(json!({"status": "long"}), None)).await;
    let refusal = answer[0]["error"].as_str().expect("a text");
    assert!(refusal.starts_with("$ref a.data.id: the list of step a is too long"), "{refusal}");
    assert_eq!(answer[1]["data"]["result"], 201, "its first row is right");
    let answer = batch(&rig, numbers(json!({"status": "long"}), Some(5))).await;
    assert_eq!(answer[0]["data"]["result"], 205);
}

#[tokio::test]
async fn what_is_for_lists_is_refused_before_anything_is_written() {
    let rig = Rig::new();
    let add = json!({"title": "x"});
    for (name, value) in [
        ("filter", json!({"id": 1})),
        ("sort", json!("id")),
        ("group_by", json!("id")),
        ("count", json!(true)),
        ("limit", json!(1)),
    ] {
        let refusal = rig.refusal(json!({"action": "add_task", "params": add, name: value})).await;
        let refusal = refusal["error"].as_str().expect("a text");
        assert!(refusal.starts_with("add_task does not return a list"), "{name}: {refusal}");
        let steps = json!([{"id": "a", "action": "add_task", "params": add, name: value}]);
        let answer = batch(&rig, json!({"steps": steps})).await;
        assert!(
            answer[0]["error"]
                .as_str()
                .expect("a text")
                .starts_with("add_task does not return a list")
        );
    }
    assert_eq!(rig.data(json!({"action": "list_tasks"})).await, json!([]));
}

#[tokio::test]
async fn a_transaction_that_takes_too_long_is_undone() {
    let mut rig = Rig::new();
    rig.dispatcher = rig.dispatcher.batch_budget(Duration::from_millis(40));
    let params = || ParamsText::from_value(&json!({"title": "x"})).expect("an object");
    let done = rig.dispatcher.transaction(&Caller::Local, Access::Write, move |transaction| {
        transaction.call(&Call::new("add_task", params()))?;
        std::thread::sleep(Duration::from_millis(50));
        transaction.call(&Call::new("add_task", params()))
    });
    let refusal = done.await.err().expect("it took too long").message;
    let is_named = refusal.contains("may take 40 ms (MCP_BATCH_BUDGET)");
    assert!(is_named, "{refusal}");
    assert_eq!(rig.data(json!({"action": "list_tasks"})).await, json!([]));
}

#[tokio::test]
async fn a_batch_that_only_reads_never_writes_and_its_calls_are_logged() {
    let rig = Rig::new();
    rig.add_tasks(3).await;
    let logged = || rig.data(json!({"action": "list_logs", "count": true}));
    let before = logged().await.as_u64().expect("a number");
    let steps = json!([
        {"id": "a", "action": "list_tasks", "count": true},
        {"id": "b", "action": "calculate",
         "params": {"operation": "sum", "numbers": [1, {"$ref": "a.data"}]}},
    ]);
    let answer = batch(&rig, json!({"atomic": true, "steps": steps})).await;
    assert_eq!(answer[1]["data"]["result"], 4);
    // The two steps, the batch and the first count.
    assert_eq!(logged().await, before + 4);
    // A step that fails is named; there is nothing that could have been changed.
    let steps = json!([
        {"id": "a", "action": "list_tasks"},
        {"id": "b", "action": "calculate", "params": {"operation": "sum", "numbers": "x"}},
    ]);
    let text = refusal(&rig, json!({"atomic": true, "steps": steps})).await;
    assert!(text.starts_with("step b: ") && !text.contains("Nothing was changed"), "{text}");
    let write = rig.dispatcher.transaction(
        &Caller::Local,
        rig.dispatcher.access(["list_tasks"].into_iter()),
        |transaction| {
            let params = ParamsText::from_value(&json!({"title": "x"})).expect("an object");
            transaction.call(&Call::new("add_task", params)).map(drop)
        },
    );
    assert_eq!(write.await.expect_err("it reads").code, ErrorCode::Internal);
    assert_eq!(rig.data(json!({"action": "list_tasks", "count": true})).await, 3);
}

#[tokio::test]
async fn what_was_done_and_cannot_be_shown_is_said_to_be_done() {
    let rig = Rig::keeping(BlobLimits { bytes: 4000, ..BlobLimits::default() });
    let large = json!({"title": "t", "description": "too much ".repeat(1000)});
    let add = json!({"action": "add_task", "params": large, "fields": "*", "max_tokens": 60});
    let refusal = rig.refusal(add).await["error"].to_string();
    let is_said = refusal.contains("add_task was carried out") && refusal.contains("at most 1000");
    assert!(is_said, "{refusal}");
    // A step's failure is its own.
    let steps = json!([
        {"id": "small", "action": "add_task", "params": {"title": "t"}},
        {"id": "large", "action": "add_task", "params": large, "fields": "*"},
    ]);
    let call = json!({"action": "batch", "params": {"steps": steps}, "max_tokens": 100});
    let answer = rig.data(call).await;
    assert_eq!(answer[0], json!({"id": "small", "data": {"id": 2}}));
    assert!(answer[1]["error"].to_string().contains("was carried out"), "{answer}");
    assert_eq!(rig.data(json!({"action": "list_tasks", "count": true})).await, 3);
    // A read is not.
    let read = json!({"action": "list_tasks", "fields": "*", "max_tokens": 60});
    let refusal = rig.refusal(read).await["error"].to_string();
    assert!(refusal.contains("at most 1000") && !refusal.contains("carried out"), "{refusal}");
}
