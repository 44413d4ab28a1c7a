//! Users: adding, listing, getting and removing them.

use serde_json::json;
use service_tests::TestServer;

#[test]
fn users_are_listed_in_the_order_in_which_they_were_added() {
    let server = TestServer::start();
    assert_eq!(server.data("list_users", json!({})), json!([]));
    for name in ["zoe", "alice", "Bob", "bob"] {
        let added = server.data("add_user", json!({ "username": name }));
        assert_eq!(added, json!({ "username": name, "added": true }));
    }
    assert_eq!(server.data("list_users", json!({})), json!(["zoe", "alice", "Bob", "bob"]));
}

#[test]
fn a_name_is_given_once() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice", "role": "admin" }));
    let refusal = server.refusal("add_user", json!({ "username": "alice", "role": "user" }));
    assert_eq!(refusal, "User alice already exists");
    assert_eq!(server.data("list_users", json!({})), json!(["alice"]));
}

#[test]
fn a_user_that_was_removed_is_gone_and_the_name_is_free_again() {
    let server = TestServer::start();
    let alice = json!({ "username": "alice" });
    let _ = server.data("add_user", alice.clone());
    let _ = server.data("add_user", json!({ "username": "bob" }));
    let removed = server.data("remove_user", alice.clone());
    assert_eq!(removed, json!({ "username": "alice", "removed": true }));
    assert_eq!(server.refusal("remove_user", alice.clone()), "User alice not found");
    assert_eq!(server.data("list_users", json!({})), json!(["bob"]));
    let _ = server.data("add_user", alice);
    assert_eq!(server.data("list_users", json!({})), json!(["bob", "alice"]));
}

#[test]
fn a_user_is_shown_with_the_tasks_assigned_to_it() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let first = server.data("add_task", json!({ "title": "a", "assigned_to": "alice" }));
    let _ = server.data("add_task", json!({ "title": "b", "assigned_to": "bob" }));
    let third = server.data("add_task", json!({ "title": "c", "assigned_to": "alice" }));
    let shown = server.data("get_user", json!({ "username": "alice" }));
    let wanted = json!({
        "username": "alice", "exists": true, "task_count": 2, "tasks": [first, third],
    });
    assert_eq!(shown, wanted);
    let nobody = server.data("get_user", json!({ "username": "bob" }));
    assert_eq!(nobody, json!({ "username": "bob", "exists": false }));
}

#[test]
fn the_tasks_of_a_removed_user_stay() {
    let server = TestServer::start();
    let _ = server.data("add_user", json!({ "username": "alice" }));
    let task = server.data("add_task", json!({ "title": "a", "assigned_to": "alice" }));
    let _ = server.data("remove_user", json!({ "username": "alice" }));
    assert_eq!(server.data("list_tasks", json!({})), json!([task]));
}

#[test]
fn a_username_is_required() {
    let server = TestServer::start();
    for action in ["add_user", "remove_user", "get_user"] {
        for params in [json!({}), json!({ "username": "" }), json!({ "username": null })] {
            let refusal = server.refusal(action, params.clone());
            assert_eq!(refusal, "username is required", "{action} {params}");
        }
    }
}

#[test]
fn names_that_differ_in_anything_are_different_users() {
    let server = TestServer::start();
    // Composed and decomposed, with and without a space, in another case.
    let names = ["é", "e\u{301}", " a", "a", "a ", "A", "'; DROP TABLE users; --", "%", "\u{0}"];
    for name in names {
        let _ = server.data("add_user", json!({ "username": name }));
    }
    assert_eq!(server.data("list_users", json!({})), json!(names));
    for name in names {
        let shown = server.data("get_user", json!({ "username": name }));
        assert_eq!((&shown["username"], &shown["exists"]), (&json!(name), &json!(true)));
    }
}
