//! The registry is replaced while calls run.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use crate::action::params::ParamsText;
use crate::action::{Action, RemoteText};
use crate::dispatch::Redactor;
use crate::memory::in_memory::InMemoryStore;
use crate::{Call, Dispatcher, Doc, Effect, ErrorCode, Group, Registry, SystemClock, actions};

/// An action made at run time. It returns its name, after `go`.
fn tool(name: String, go: Arc<Notify>) -> Action {
    let group = Group::owned("connected".to_owned(), String::new());
    let doc = Doc::without_example(group, format!("Use the tool {name}"));
    let params = json!({"type": "object", "properties": {"path": {"type": "string"}},
        "additionalProperties": false});
    Action::at_run_time(name.clone(), Effect::Read, doc, params, move |params, _| {
        let (name, go) = (name.clone(), Arc::clone(&go));
        Box::pin(async move {
            go.notified().await;
            let text = json!([name, params.get()]).to_string();
            Ok(RemoteText { text, has_more: false })
        })
    })
}

fn registry(tool: Action) -> Registry {
    Registry::builder().with(actions::register).action(tool).build().expect("a registry")
}

async fn call(dispatcher: &Dispatcher, action: &str, params: serde_json::Value) -> String {
    let params = ParamsText::from_value(&params).expect("an object");
    match dispatcher.dispatch(Call::new(action, params)).await {
        Ok(text) => text.get().to_owned(),
        Err(error) => error.message,
    }
}

#[tokio::test]
async fn running_calls_keep_their_registry_and_new_calls_see_the_new_one() {
    let go = Arc::new(Notify::new());
    let old = registry(tool("old_tool".to_owned(), Arc::clone(&go)));
    let store = Arc::new(InMemoryStore::new(SystemClock::shared(), 10));
    let dispatcher =
        Dispatcher::new(Arc::new(old), store, SystemClock::shared(), Redactor::new([]));
    let snapshot = dispatcher.registry();

    let running = call(&dispatcher, "old_tool", json!({"path": "a"}));
    let swapped = async {
        dispatcher.replace_registry(registry(tool("new_tool".to_owned(), Arc::clone(&go))));
        assert_eq!(call(&dispatcher, "old_tool", json!({})).await, "Unknown action: old_tool");
        go.notify_one();
    };
    let (done, ()) = tokio::join!(running, swapped);
    assert_eq!(done, r#"["old_tool","{\"path\":\"a\"}"]"#);

    go.notify_one();
    assert_eq!(call(&dispatcher, "new_tool", json!({})).await, r#"["new_tool","{}"]"#);
    let wrong = call(&dispatcher, "new_tool", json!({"other": 1})).await;
    assert_eq!(wrong, "Unknown parameter: other. Use new_tool(path?)");
    let all = call(&dispatcher, "help", json!({})).await;
    assert!(all.contains("connected: new_tool(path?)") && !all.contains("old_tool"), "{all}");
    let about = call(&dispatcher, "help", json!({"action": "new_tool"})).await;
    assert!(about.contains("Use the tool new_tool") && !about.contains("example"), "{about}");
    assert!(snapshot.find("old_tool").is_ok());
    let error = snapshot.find("new_tool").map(drop).expect_err("it came later");
    assert_eq!(error.code, ErrorCode::UnknownAction);
}
