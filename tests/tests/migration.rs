//! Migration of the first service's database in place, without loss.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use service_tests::{TestServer, repository};
use tempfile::TempDir;

/// Returns a folder with a copy of the first service's database, and the responses that v1 must give.
/// Prints `NOT TESTED` and returns `None` if the fixture is missing.
fn fixture() -> Option<(Arc<TempDir>, Value)> {
    let file = |name: &str| -> PathBuf { repository().join("../shared/fixtures").join(name) };
    let database = file("reference-mcp_server.db");
    let Ok(bytes) = fs::read(&database) else {
        eprintln!("NOT TESTED: {} is missing", database.display());
        return None;
    };
    let answers = fs::read_to_string(file("reference-mcp_server.json")).expect("its answers");
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    fs::write(folder.path().join("memory.db"), bytes).expect("a copy");
    Some((folder, serde_json::from_str(&answers).expect("JSON")))
}

#[test]
fn everything_that_the_first_service_stored_is_answered_by_v1() {
    let Some((folder, wanted)) = fixture() else { return };
    let server = TestServer::with([]).in_folder(&folder).start();
    let state = server.get("/api/v1/state").data();
    for member in ["users", "tasks", "projects", "config", "session_data", "stats"] {
        assert_eq!(state[member], wanted["state"][member], "{member}");
    }
    assert_eq!(server.get("/api/v1/logs").data(), wanted["logs"]);
}

#[test]
fn the_database_as_it_was_is_kept_beside_it_byte_for_byte() {
    let Some((folder, _)) = fixture() else { return };
    let before = fs::read(folder.path().join("memory.db")).expect("the database");
    let server = TestServer::with([]).in_folder(&folder).start();
    let stopped = server.stop();
    assert_eq!(stopped.status.code(), Some(0), "{}", stopped.stderr);
    let stderr = stopped.stderr;
    let files = fs::read_dir(folder.path()).expect("the folder");
    let files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    let copy = files.iter().find(|file| !file.ends_with("memory.db")).expect("a copy");
    assert_eq!(fs::read(copy).expect("the copy"), before);
    assert!(stderr.contains(&copy.display().to_string()), "{stderr}");
}

#[test]
fn numbers_go_on_after_the_largest_and_the_second_start_changes_nothing() {
    let Some((folder, wanted)) = fixture() else { return };
    let tasks = wanted["state"]["tasks"].as_array().expect("tasks");
    let largest = tasks.iter().map(|task| task["id"].as_u64().expect("an id")).max();
    let server = TestServer::with([]).in_folder(&folder).start();
    let added = server.data("add_task", json!({ "title": "new" }));
    assert!(added["id"].as_u64() > largest, "{added}");
    let before = server.get("/api/v1/state").data();
    let _ = server.stop();
    let again = TestServer::with([]).in_folder(&folder).start();
    assert_eq!(again.get("/api/v1/state").data(), before);
    drop(again);
    assert_eq!(
        fs::read_dir(folder.path())
            .expect("the folder")
            .filter(|file| {
                file.as_ref()
                    .is_ok_and(|file| file.file_name().to_string_lossy().contains("before"))
            })
            .count(),
        1
    );
}

#[test]
fn what_was_migrated_can_be_changed_and_searched() {
    let Some((folder, wanted)) = fixture() else { return };
    let server = TestServer::with([]).in_folder(&folder).start();
    let first = &wanted["state"]["tasks"][0];
    let found = server.data("search_tasks", json!({ "query": first["title"] }));
    assert!(found.as_array().expect("a list").contains(first), "{found}");
    let change = json!({ "task_id": first["id"], "status": "completed" });
    assert_eq!(server.data("update_task", change)["title"], first["title"]);
    for user in wanted["state"]["users"].as_array().expect("users") {
        assert_eq!(server.data("get_user", json!({ "username": user }))["exists"], true);
        assert_eq!(
            server.refusal("add_user", json!({ "username": user })),
            format!("User {} already exists", user.as_str().expect("a name"))
        );
    }
}
