//! Damage to derived data (the search index, the counts): the check finds it, results stay correct,
//! and the server repairs it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use mcp_core::SystemClock;
use mcp_core::domain::{NewTask, Page, SearchText, TaskFilter};
use mcp_core::memory::{Freshness, Memory, Store, StoreError, StoreRuns};
use mcp_storage::maintenance::{Checked, check, rebuild};
use mcp_storage::{Location, Options};
use tempfile::TempDir;

/// The number of tasks. Every tenth is about a bridge.
const TASKS: i64 = 400;

fn open(path: &Path) -> Arc<dyn Store> {
    let location = Location::File(path.to_owned());
    mcp_storage::open(&location, &Options::default(), SystemClock::shared()).expect("a store")
}

async fn read<T: Send + 'static>(
    store: &Arc<dyn Store>,
    work: impl FnOnce(&mut dyn Memory) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read_for(Freshness::Writes, work).await.expect("a read").expect("read")
}

/// Runs SQL on the file, as another program does.
fn run(path: &Path, sql: &str) {
    connect(path).batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn connect(path: &Path) -> SqliteConnection {
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    connection.batch_execute("PRAGMA busy_timeout = 5000").expect("set");
    connection
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    waiting: i64,
}

/// Returns the number of tasks that are not in the index or the counts.
fn waiting(path: &Path) -> i64 {
    let query = "SELECT max(0, (SELECT max(id) FROM tasks) - through) +
             (SELECT count(*) FROM tasks_unsearched) +
             max(0, (SELECT max(id) FROM tasks) - (SELECT through FROM tasks_counted)) AS waiting
         FROM tasks_indexed";
    sql_query(query).get_result::<Waiting>(&mut connect(path)).map_or(1, |it| it.waiting)
}

/// Waits until nothing is left to do. Only a bug reaches the deadline.
async fn in_order(path: &Path) -> Checked {
    let until = Instant::now() + Duration::from_secs(40);
    loop {
        let checked = check(path).expect("a database");
        if (checked.faults.is_empty() && waiting(path) == 0) || Instant::now() > until {
            return checked;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn task(number: i64) -> NewTask {
    let what = if number % 10 == 0 { "Brücke" } else { "road" };
    NewTask {
        title: format!("Mend {what} number {number}"),
        description: "x \u{ffff} \0 é".into(),
        priority: "medium".into(),
        status: if number % 2 == 0 { "open" } else { "done" }.into(),
        assigned_to: None,
    }
}

/// Creates a database whose tasks are in its index, in several segments.
async fn database() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    let store = open(&path);
    for from in [1, TASKS / 2 + 1] {
        let added = store.write_for(move |memory| {
            for number in from..from + TASKS / 2 {
                memory.add_task(&task(number))?;
            }
            Ok::<_, StoreError>(())
        });
        added.await.expect("written");
        assert_eq!(in_order(&path).await.faults, [""; 0]);
    }
    store.close().await.expect("closed");
    (folder, path)
}

/// Reads the results of the index and of the counts.
async fn answers_are_right(store: &Arc<dyn Store>, damage: &str) {
    let text = SearchText::new("MEND BRU\u{308}CKE NUMBER");
    let found = read(store, move |memory| memory.search_tasks(&text, Page::ALL)).await.items();
    let ids: Vec<i64> = found.iter().map(|task| task.id.0).collect();
    let wanted: Vec<i64> = (1..=TASKS).filter(|number| number % 10 == 0).collect();
    assert_eq!(ids, wanted, "{damage}");
}

async fn counts_are_right(store: &Arc<dyn Store>, damage: &str) {
    let tasks = TASKS.unsigned_abs();
    let all = TaskFilter::default();
    assert_eq!(read(store, move |memory| memory.count_tasks(&all)).await, tasks, "{damage}");
    let counts = read(store, |memory| memory.task_counts()).await;
    let halves = [("done".into(), tasks / 2), ("open".into(), tasks / 2)];
    assert_eq!(counts.by_status, halves, "{damage}");
}

/// Damages a database while no server runs.
async fn is_found_and_mended(path: &Path, damage: &str) {
    run(path, damage);
    let checked = check(path).expect("a database");
    assert!(!checked.faults.is_empty(), "{damage}: not found");
    assert!(checked.derived > 0, "{damage}: {checked:?}");
    let store = open(path);
    answers_are_right(&store, damage).await;
    assert_eq!(in_order(path).await.faults, [""; 0], "{damage}");
    answers_are_right(&store, damage).await;
    counts_are_right(&store, damage).await;
    store.close().await.expect("closed");
    assert_eq!(check(path).expect("a database").faults, [""; 0], "{damage}");
}

#[tokio::test]
async fn every_damage_of_the_search_index_is_found_and_mended() {
    let (_folder, path) = database().await;
    for damage in [
        "UPDATE tasks_search_data SET block = zeroblob(length(block)) WHERE id = 10",
        "UPDATE tasks_search_data SET block = zeroblob(4) WHERE id = 10",
        "UPDATE tasks_search_data SET block = randomblob(length(block)) WHERE id = 10",
        "UPDATE tasks_search_data SET block = 'text' WHERE id = 10",
        // The record of an intact, empty index.
        "UPDATE tasks_search_data SET block = x'00000000ff000001000000' WHERE id = 10",
        "DELETE FROM tasks_search_data WHERE id = 10",
        "UPDATE tasks_search_data SET block = zeroblob(length(block)) WHERE id = 1",
        "DELETE FROM tasks_search_data WHERE id = 1",
        "DELETE FROM tasks_search_data WHERE id > 10",
        "DELETE FROM tasks_search_data WHERE id = (SELECT max(id) FROM tasks_search_data)",
        "UPDATE tasks_search_data SET block = zeroblob(length(block)) WHERE id > 10",
        "UPDATE tasks_search_data SET block = substr(block, 1, 9) WHERE id > 10",
        "DELETE FROM tasks_search_data",
        "DELETE FROM tasks_search_idx",
        "DELETE FROM tasks_search_idx WHERE pgno > 2",
        "DELETE FROM tasks_search_docsize WHERE id % 3 = 0",
        "DELETE FROM tasks_search_docsize",
        "UPDATE tasks_search_docsize SET origin = 1000",
        "DELETE FROM tasks_search_config",
        "INSERT INTO tasks_search (tasks_search) VALUES ('delete-all')",
        "DELETE FROM tasks_indexed",
        "INSERT INTO tasks_indexed VALUES (7)",
        "UPDATE tasks_indexed SET through = 100000",
        "UPDATE tasks_indexed SET through = 10",
    ] {
        is_found_and_mended(&path, damage).await;
    }
}

#[tokio::test]
async fn tables_of_the_search_index_that_are_gone_are_created_again() {
    for damage in [
        "DROP TABLE tasks_search_data",
        "DROP TABLE tasks_search_idx",
        "DROP TABLE tasks_search_docsize",
        "DROP TABLE tasks_search_config",
        "DROP TABLE tasks_search",
    ] {
        let (_folder, path) = database().await;
        is_found_and_mended(&path, damage).await;
    }
}

#[tokio::test]
async fn every_damage_of_the_counts_is_found_and_mended() {
    let (_folder, path) = database().await;
    for damage in [
        "DELETE FROM row_counts",
        "DELETE FROM row_counts WHERE kind = 'status'",
        "UPDATE row_counts SET rows = rows + 7 WHERE kind = 'tasks'",
        "UPDATE row_counts SET value = value || 'x' WHERE kind = 'priority'",
        "INSERT INTO row_counts VALUES ('users', '', 3, 5)",
        "DELETE FROM tasks_counted",
        "UPDATE tasks_counted SET through = 3",
        "UPDATE tasks_counted SET through = 100000",
    ] {
        is_found_and_mended(&path, damage).await;
    }
}

#[tokio::test]
async fn damage_that_comes_while_a_server_runs_is_met_and_mended() {
    let (_folder, path) = database().await;
    for damage in [
        "UPDATE tasks_search_data SET block = zeroblob(length(block)) WHERE id = 10",
        "UPDATE tasks_search_data SET block = 'text' WHERE id = 10",
        "UPDATE tasks_search_data SET block = zeroblob(length(block)) WHERE id > 10",
        "DELETE FROM tasks_search_data WHERE id >= 10",
        "DELETE FROM tasks_search_config; UPDATE tasks_search_data SET block = x'11' WHERE id = 10",
    ] {
        let store = open(&path);
        answers_are_right(&store, damage).await;
        assert_eq!(in_order(&path).await.faults, [""; 0], "{damage}");
        run(&path, damage);
        answers_are_right(&store, damage).await;
        counts_are_right(&store, damage).await;
        assert_eq!(in_order(&path).await.faults, [""; 0], "{damage}");
        answers_are_right(&store, damage).await;
        store.close().await.expect("closed");
    }
}

#[tokio::test]
async fn what_the_index_says_of_a_task_is_compared_with_the_task() {
    let (_folder, path) = database().await;
    for damage in [
        "DELETE FROM tasks_search WHERE rowid = 20;
         INSERT INTO tasks_search (rowid, text) VALUES (20, 'other words')",
        "DELETE FROM tasks_search WHERE rowid = 20; INSERT INTO tasks_search (rowid, text) VALUES (20, '')",
        "INSERT INTO tasks_search (rowid, text) VALUES (20, 'more words')",
    ] {
        run(&path, damage);
        let checked = check(&path).expect("a database");
        let said =
            checked.faults.iter().any(|fault| fault.contains("task 20 is not in it as it is"));
        assert!(said, "{damage}: {checked:?}");
        assert_eq!(rebuild(&path).expect("rebuilt").faults, [""; 0], "{damage}");
        let store = open(&path);
        answers_are_right(&store, damage).await;
        store.close().await.expect("closed");
    }
}

#[tokio::test]
async fn a_rebuild_that_is_interrupted_goes_on_where_it_was() {
    let (_folder, path) = database().await;
    let mut steps = 0;
    run(&path, "UPDATE tasks_search_data SET block = zeroblob(length(block)) WHERE id = 10");
    while waiting(&path) > 0 || !check(&path).expect("a database").faults.is_empty() {
        let store = open(&path);
        answers_are_right(&store, "interrupted").await;
        tokio::time::sleep(Duration::from_millis(steps * 20)).await;
        store.close().await.expect("closed");
        steps += 1;
        assert!(steps < 200, "{:?}", check(&path));
    }
    let store = open(&path);
    counts_are_right(&store, "interrupted").await;
    store.close().await.expect("closed");
}

#[tokio::test]
async fn counts_and_writes_go_on_without_an_index() {
    let (_folder, path) = database().await;
    // A view blocks the creation of a new index, so that the rebuild fails.
    run(
        &path,
        "DROP TABLE tasks_search;
         CREATE VIEW tasks_search AS SELECT 1 AS text;",
    );
    let store = open(&path);
    for _ in 0..3 {
        let added = store.write_for(|memory| memory.add_task(&task(1))).await.expect("written");
        store.write_for(move |memory| memory.remove_task(added.id)).await.expect("written");
    }
    answers_are_right(&store, "no index").await;
    counts_are_right(&store, "no index").await;
    run(&path, "DROP VIEW tasks_search");
    store.close().await.expect("closed");
    let store = open(&path);
    assert_eq!(in_order(&path).await.faults, [""; 0]);
    answers_are_right(&store, "a new index").await;
    store.close().await.expect("closed");
}
