//! Databases that are opened, migrated, or rejected unchanged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_core::domain::{NewTask, Page, SearchText, TaskFilter};
use mcp_core::memory::{Freshness, Memory, Store, StoreError, StoreRuns};
use mcp_core::{SystemClock, Timestamp};
use mcp_storage::{Location, OpenError, Options};

fn open(path: &Path) -> Result<Arc<dyn Store>, OpenError> {
    let location = Location::File(path.to_owned());
    mcp_storage::open(&location, &Options::default(), SystemClock::shared())
}

async fn read<T: Send + 'static>(
    store: &Arc<dyn Store>,
    work: impl FnOnce(&mut dyn Memory) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read_for(Freshness::WritesAndLogs, work).await.expect("a read").expect("read")
}

/// A database of the first service, with every kind of content.
fn reference(folder: &Path) -> PathBuf {
    let path = folder.join("mcp_server.db");
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    connection.batch_execute(include_str!("reference.sql")).expect("its tables");
    path
}

#[tokio::test]
async fn the_first_services_database_is_migrated_with_everything_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = reference(folder.path());
    let before = std::fs::read(&path).expect("a file");

    let store = open(&path).expect("migrated");
    let copy = folder.path().join("mcp_server.db.before-migration");
    assert_eq!(std::fs::read(copy).expect("a copy"), before, "byte for byte");

    let names = read(&store, |memory| memory.list_usernames(Page::ALL)).await.items();
    assert_eq!(names, ["alice", "Zoë 漢字"]);
    let zoe = read(&store, |memory| memory.find_user("Zoë 漢字")).await.expect("a user");
    assert_eq!((zoe.role.as_str(), zoe.metadata.get()), ("user", r#"{"\ud83d\ude42": true}"#));
    assert_eq!(zoe.created_at, Timestamp::parse("2026-11-22T18:09:30.034971").expect("a time"));
    assert!(zoe.updated_at >= zoe.created_at, "{zoe:?}");

    let all = TaskFilter::default();
    let tasks = read(&store, move |memory| memory.list_tasks(&all, Page::ALL)).await.items();
    assert_eq!(tasks.iter().map(|task| task.id.0).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(tasks[0].title, "Task 0 ü \"q\" %_");
    assert_eq!(tasks[0].created_at.to_string(), "2026-11-22T18:09:30.335736");
    assert_eq!(tasks[1].created_at.to_string(), "2026-11-22T18:09:31.000000", "without a fraction");
    assert_eq!((&tasks[1].description, &tasks[1].priority), (&None, &None));

    let config = read(&store, |memory| memory.list_config()).await;
    let shown: Vec<_> = config.iter().map(|e| (e.key.as_str(), e.value.get())).collect();
    assert_eq!(
        shown,
        [
            ("max_tasks", "100"),
            ("default_priority", "\"medium\""),
            ("half", "0.5"),
            ("sum", "0.30000000000000004"),
            ("flag", "false"),
            ("nothing", "null"),
            ("list", "[1, \"a\", null]"),
            ("not_json", "\"NaN\""),
        ]
    );

    let logs = read(&store, |memory| memory.newest_logs(None, 0)).await;
    assert_eq!(logs.iter().map(|e| e.action.as_str()).collect::<Vec<_>>(), ["add_task", "no_such"]);
    assert!(logs[0].payload.get().contains("'id': 7"));

    let next = store
        .write_for(|memory| {
            memory.add_task(&NewTask {
                title: "next".into(),
                description: String::new(),
                priority: String::new(),
                status: String::new(),
                assigned_to: None,
            })
        })
        .await;
    let next: Result<_, StoreError> = next;
    assert_eq!(next.expect("a task").id.0, 8, "number 7 was given out, as the log says");
    store.close().await.expect("closed");

    let again = open(&path).expect("opened again");
    assert_eq!(read(&again, |memory| memory.count_users()).await, 2);
    again.close().await.expect("closed");
    let copies = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(copies, 2, "the database and one copy");
}

#[tokio::test]
async fn a_copy_that_is_there_already_is_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = reference(folder.path());
    let first = folder.path().join("mcp_server.db.before-migration");
    std::fs::write(&first, "precious").expect("written");
    open(&path).expect("migrated").close().await.expect("closed");
    assert_eq!(std::fs::read(&first).expect("a file"), b"precious");
    assert!(folder.path().join("mcp_server.db.before-migration-2").exists());
}

#[tokio::test]
async fn a_migration_that_fails_leaves_no_copy_and_no_part_of_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = reference(folder.path());
    let sql = |statement: &str| {
        SqliteConnection::establish(path.to_str().expect("UTF-8"))
            .expect("a database")
            .batch_execute(statement)
            .expect("a change");
    };
    sql("CREATE TABLE row_counts (of_somebody_else)");
    let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
    assert!(refusal(&path).contains("row_counts"));
    assert_eq!(files(), 1);
    // The remainder of an interrupted copy.
    let part = folder.path().join("mcp_server.db.before-migration.part");
    std::fs::write(&part, "a beginning that is longer than nothing").expect("written");
    sql("DROP TABLE row_counts");
    let before = std::fs::read(&path).expect("a file");
    open(&path).expect("migrated").close().await.expect("closed");
    let copy = folder.path().join("mcp_server.db.before-migration");
    assert_eq!(std::fs::read(copy).expect("a copy"), before);
    assert_eq!(files(), 2);
}

/// Returns the error of a file. The error must be one line, and the file must be unchanged.
fn refusal(path: &Path) -> String {
    let before = std::fs::read(path).ok();
    let Err(error) = open(path) else { panic!("{} was opened", path.display()) };
    assert_eq!(std::fs::read(path).ok(), before, "the file was changed");
    let line = error.to_string();
    assert!(!line.contains('\n'), "{line}");
    line
}

#[test]
fn what_is_no_database_of_ours_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);

    std::fs::write(file("text"), "This is a text, and a long one, and no database. ".repeat(200))
        .expect("written");
    assert!(refusal(&file("text")).contains("is not a SQLite database"));

    let mut foreign =
        SqliteConnection::establish(file("foreign").to_str().expect("UTF-8")).expect("a database");
    foreign.batch_execute("CREATE TABLE tasks (id INTEGER)").expect("a table");
    drop(foreign);
    assert!(refusal(&file("foreign")).contains("another program"));

    assert!(refusal(&file("no/such/folder.db")).contains("there is no folder"));
    assert!(refusal(folder.path()).contains("it is a folder"));
}

#[tokio::test]
async fn a_database_of_a_newer_server_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("newer.db");
    open(&path).expect("a store").close().await.expect("closed");
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    connection
        .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')")
        .expect("a later migration");
    drop(connection);
    let line = refusal(&path);
    assert!(line.contains("newer server") && line.contains("29990101000000"), "{line}");
}

#[tokio::test]
async fn a_migration_that_cannot_be_done_whole_is_not_done_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("older.db");
    let older = include_str!("../../../migrations/sqlite/2026-01-01-000000_initial/up.sql");
    let steps = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
                 INSERT INTO __diesel_schema_migrations (version) VALUES ('20260101000000');";
    let rows = "INSERT INTO tasks VALUES (7, 'kept', NULL, NULL, 'open', NULL, 0, 0);
                INSERT INTO config (key, value, created_at, updated_at) VALUES ('k', '1', 0, 0);";
    // The last table of the next step already exists.
    let in_the_way = "CREATE TABLE row_counts (anything);";
    let run = |sql: &str| {
        let mut connection =
            SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
        connection.batch_execute(sql).expect("it runs");
    };
    run(&format!("{older} {steps} {rows} {in_the_way}"));
    let Err(error) = open(&path) else { panic!("it was opened") };
    assert!(error.to_string().contains("row_counts"), "{error}");
    // Unchanged: the step's first tables do not exist either, and nothing blocks the next attempt.
    run("CREATE TABLE tasks_search (anything); DROP TABLE tasks_search; DROP TABLE row_counts;");
    let store = open(&path).expect("migrated");
    let all = TaskFilter::default();
    let tasks = read(&store, move |memory| memory.list_tasks(&all, Page::ALL)).await.items();
    assert_eq!(tasks.iter().map(|task| task.id.0).collect::<Vec<_>>(), [7]);
    let config = read(&store, |memory| memory.list_config()).await;
    assert_eq!(config.len(), 1, "it was no new database");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn names_of_an_older_version_are_found_in_every_spelling() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("older.db");
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    let older = include_str!("../../../migrations/sqlite/2026-01-01-000000_initial/up.sql");
    let name = "Zoe\u{308}";
    connection
        .batch_execute(&format!(
            "{older}
             CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);
             INSERT INTO __diesel_schema_migrations (version) VALUES ('20260101000000');
             INSERT INTO tasks VALUES (1, 'Cafe\u{301} am Eck', NULL, NULL, 'open', '{name}', 0, 0);
             INSERT INTO users VALUES (1, 'Zoë', 'first', '{{}}', 0, 0),
                 (2, '{name}', 'second', '{{}}', 0, 0);"
        ))
        .expect("its tables");
    drop(connection);
    let store = open(&path).expect("migrated");
    let text = SearchText::new("CAFÉ");
    let found = read(&store, move |memory| memory.search_tasks(&text, Page::ALL)).await.items();
    assert_eq!(found.len(), 1);
    let filter = TaskFilter { assigned_to: Some("Zoë".into()), status: None };
    let tasks = read(&store, move |memory| memory.list_tasks(&filter, Page::ALL)).await.items();
    assert_eq!(tasks[0].assigned_to.as_deref(), Some(name));
    for (name, role) in [("Zoë", "first"), (name, "second")] {
        let user = read(&store, move |memory| memory.find_user(name)).await.expect("a user");
        assert_eq!((user.username.as_str(), user.role.as_str()), (name, role));
    }
    assert!(store.write_for(|memory| memory.remove_user("Zoë")).await.expect("written"));
    let left = read(&store, |memory| memory.find_user("Zoë")).await.expect("the other user");
    assert_eq!(left.role, "second");
    let put = |memory: &mut dyn Memory| memory.put_document("list", "docs", "[]");
    store.write_for::<_, StoreError>(put).await.expect("its table was added");
    let found = read(&store, |memory| memory.find_document("list", "docs")).await;
    assert_eq!(found.as_deref(), Some("[]"));
    store.close().await.expect("closed");
}
