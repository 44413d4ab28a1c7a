//! Tables, indexes and migrations.

use std::time::Duration;

use mcp_core::domain::{NewUser, Page, SearchText, TaskFilter};
use mcp_core::memory::{Memory, StoreError, StoreRuns};
use mcp_storage::Options;
use serde_json::value::RawValue;
use test_postgres::Database;

use crate::support::{add, open, read, task, try_open};

#[tokio::test]
async fn every_filter_and_the_search_have_an_index() {
    let database = Database::new();
    let store = open(database.url());
    for (condition, index) in [
        ("left(status, 100) = left('x', 100) AND status = 'x' AND id > 5", "tasks_by_status"),
        ("left(assigned_to, 100) = left('x', 100) AND assigned_to = 'x'", "tasks_by_assignee"),
        ("folded LIKE '%three%'", "tasks_by_text"),
    ] {
        let plan = database.sql(&format!(
            "SET enable_seqscan = off; SET enable_sort = off;
             EXPLAIN SELECT * FROM tasks WHERE {condition}"
        ));
        assert!(plan.contains(index), "{condition}: {plan}");
    }
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_database_of_a_newer_server_is_refused_in_one_line_and_left_as_it_was() {
    let database = Database::new();
    open(database.url()).close().await.expect("closed");
    database.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let error = try_open(database.url(), &Options::default()).map(|_| ()).expect_err("refused");
    let line = error.to_string();
    assert!(line.contains("newer server") && line.contains("29990101000000"), "{line}");
    assert!(!line.contains('\n'), "{line}");
}

#[tokio::test]
async fn another_programs_tables_are_left_alone() {
    let database = Database::new();
    database.sql("CREATE TABLE tasks (mine TEXT)");
    let error = try_open(database.url(), &Options::default()).map(|_| ()).expect_err("refused");
    assert!(error.to_string().contains("another program"), "{error}");
    let tables = database
        .sql("SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(tables.trim(), "tasks");
}

#[tokio::test]
async fn without_the_extension_a_search_looks_at_every_task() {
    let database = Database::new();
    let name = database.name();
    // A user who may create tables, but no extensions.
    database.sql(&format!(
        "CREATE ROLE plain_{name} LOGIN; GRANT ALL ON SCHEMA public TO plain_{name}"
    ));
    let url = format!("{}&user=plain_{name}", database.url().replace("mcp@", ""));
    let store = open(&url);
    for title in ["Straße", "other"] {
        add(&store, title).await.expect("added");
    }
    let text = SearchText::new("STRASSE");
    let found = read(&store, move |memory| memory.search_tasks(&text, Page::ALL)).await.items();
    assert_eq!(found.iter().map(|task| task.title.as_str()).collect::<Vec<_>>(), ["Straße"]);
    let index = database.sql("SELECT to_regclass('tasks_by_text') IS NULL");
    assert_eq!(index.trim(), "t");
    store.close().await.expect("closed");
    database.sql(&format!("DROP OWNED BY plain_{name} CASCADE; DROP ROLE plain_{name}"));
}

#[tokio::test]
async fn texts_that_no_index_takes_are_kept_found_and_told_apart() {
    let database = Database::new();
    let store = open(database.url());
    // Random, so that it cannot be compressed into an index row.
    let long: String = (0..20_000_u32)
        .map(|n| char::from(b'!' + u8::try_from(n.wrapping_mul(n) % 89).expect("small")))
        .collect();
    let names = [format!("{long}a"), format!("{long}b")];
    for name in names.clone() {
        let user = NewUser {
            username: name.clone(),
            role: name.clone(),
            metadata: RawValue::from_string("{}".into()).expect("JSON"),
        };
        let mut new = task(&name);
        (new.status, new.assigned_to) = (name.clone(), Some(name));
        let added = store.write_for(move |memory| {
            memory.add_task(&new)?;
            memory.add_user(&user)
        });
        assert!(added.await.expect("written"));
    }
    for (index, name) in (1..).zip(names) {
        let filter = TaskFilter { status: Some(name.clone()), assigned_to: Some(name.clone()) };
        let tasks = read(&store, move |memory| memory.list_tasks(&filter, Page::ALL)).await.items();
        assert_eq!(tasks.iter().map(|task| task.id.0).collect::<Vec<_>>(), [index]);
        assert!(read(&store, move |memory| memory.find_user(&name)).await.is_some());
    }
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_smaller_retention_counts_from_the_start_on() {
    let database = Database::new();
    let store = open(database.url());
    for number in 0..10 {
        let entry = mcp_core::domain::LogEntry {
            timestamp: mcp_core::Timestamp::from_micros(0),
            action: format!("action_{number}"),
            payload: RawValue::from_string("{}".into()).expect("JSON"),
            status: "success".into(),
        };
        store.record(entry).await.expect("recorded");
    }
    store.close().await.expect("closed");
    let options = Options { log_retention: 3, ..Options::default() };
    let store = try_open(database.url(), &options).expect("a store");
    let logs = read(&store, |memory| memory.newest_logs(None, 0)).await;
    let actions: Vec<_> = logs.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["action_7", "action_8", "action_9"]);
    assert_eq!(database.sql("SELECT count(*) FROM logs").trim(), "3");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn names_and_texts_of_an_older_server_are_found_in_every_spelling() {
    let database = Database::new();
    let store = open(database.url());
    let name = "Zoe\u{308}";
    for number in 0..3 {
        let mut new = task(&format!("Cafe\u{301} {number}"));
        new.assigned_to = Some(name.into());
        store.write_for(move |memory| memory.add_task(&new)).await.expect("added");
    }
    store.close().await.expect("closed");
    // Left by an older server: two users whose names differ only in spelling.
    database.sql(&format!(
        "DROP TABLE spellings;
         DELETE FROM __diesel_schema_migrations WHERE version = '20261130200000';
         UPDATE tasks SET folded = 'cafe\u{301} ' || (id - 1) || E'\\n';
         INSERT INTO users SELECT id, sha256(convert_to(name, 'UTF8')), name, role, '{{}}', 0, 0
             FROM (VALUES (1, 'Zoë', 'first'), (2, '{name}', 'second')) AS old (id, name, role);
         UPDATE counters SET users = 2, last_user = 2"
    ));
    let store = open(database.url());
    let text = SearchText::new("CAFÉ");
    let found = read(&store, move |memory| memory.search_tasks(&text, Page::ALL)).await.items();
    assert_eq!(found.len(), 3);
    let filter = TaskFilter { assigned_to: Some("Zoë".into()), status: None };
    let tasks = read(&store, move |memory| memory.list_tasks(&filter, Page::ALL)).await.items();
    assert!(tasks.iter().all(|task| task.assigned_to.as_deref() == Some(name)), "{tasks:?}");
    assert_eq!(tasks.len(), 3);
    for (name, role) in [("Zoë", "first"), (name, "second")] {
        let user = read(&store, move |memory| memory.find_user(name)).await.expect("a user");
        assert_eq!((user.username.as_str(), user.role.as_str()), (name, role));
    }
    assert!(store.write_for(|memory| memory.remove_user("Zoë")).await.expect("written"));
    let left = read(&store, |memory| memory.find_user("Zoë")).await.expect("the other user");
    assert_eq!(left.role, "second");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn the_table_of_documents_is_added_to_the_database_of_an_older_server() {
    let database = Database::new();
    let store = open(database.url());
    add(&store, "kept").await.expect("added");
    store.close().await.expect("closed");
    database.sql(
        "DROP TABLE documents;
         DELETE FROM __diesel_schema_migrations WHERE version = '20261201040000'",
    );
    let store = open(database.url());
    let put = |memory: &mut dyn Memory| memory.put_document("list", "docs", "a\0b");
    store.write_for::<_, StoreError>(put).await.expect("stored");
    let found = read(&store, |memory| memory.find_document("list", "docs")).await;
    assert_eq!(found.as_deref(), Some("a\0b"));
    let written = read(&store, |memory| {
        let put = memory.put_document("list", "docs", "");
        let keep = memory.keep_documents("list", &[]);
        Ok([put, keep, memory.remove_document("list", "docs").map(|_| ())])
    });
    for refused in written.await {
        assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
    }
    let tasks = read(&store, |memory| memory.count_tasks(&TaskFilter::default())).await;
    assert_eq!((tasks, found.as_deref()), (1, Some("a\0b")));
    store.close().await.expect("closed");
}

#[tokio::test]
async fn many_log_entries_are_removed_in_several_transactions() {
    let database = Database::new();
    open(database.url()).close().await.expect("closed");
    database.sql(
        "INSERT INTO logs (id, timestamp, action, payload, status)
         SELECT i, 0, 'action_' || i, '{}', 'success' FROM generate_series(1, 25000) AS i;
         UPDATE counters SET last_log = 25000",
    );
    let options = Options { log_retention: 2, ..Options::default() };
    let store = try_open(database.url(), &options).expect("a store");
    let logs = read(&store, |memory| memory.newest_logs(None, 0)).await;
    let actions: Vec<_> = logs.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["action_24999", "action_25000"]);
    assert_eq!(database.sql("SELECT count(*) FROM logs").trim(), "2");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_reset_may_take_longer_than_a_statement_and_nothing_else_may() {
    let database = Database::new();
    let options = Options { statement_timeout: Duration::from_secs(1), ..Options::default() };
    let store = try_open(database.url(), &options).expect("a store");
    add(&store, "forgotten").await.expect("added");
    database.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END $$;
         CREATE TRIGGER slow AFTER DELETE ON tasks EXECUTE FUNCTION slow();
         CREATE TRIGGER slow AFTER INSERT ON users EXECUTE FUNCTION slow()",
    );
    let user = NewUser {
        username: "slow".into(),
        role: "user".into(),
        metadata: RawValue::from_string("{}".into()).expect("JSON"),
    };
    // In the reset's transaction, the limit applies again after the reset.
    let too_long = store.write_for(move |memory| {
        memory.reset()?;
        memory.add_user(&user)
    });
    let fault: StoreError = too_long.await.expect_err("the insert takes too long");
    assert!(fault.to_string().contains("timeout"), "{fault}");
    let reset: Result<(), StoreError> = store.write_for(|memory| memory.reset()).await;
    reset.expect("reset");
    assert_eq!(database.sql("SELECT count(*) FROM tasks").trim(), "0");
    assert_eq!(add(&store, "first").await.expect("added"), 1);
    store.close().await.expect("closed");
}
