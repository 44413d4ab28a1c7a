//! The results of checks, migrations, and errors of every maintenance command.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mcp_storage::maintenance::{Origin, backup, check, migrate, restore, vacuum};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs SQL on a file, as another program does.
fn run(path: &Path, sql: &str) {
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    connection.batch_execute(sql).expect("it runs");
}

/// Creates a new database.
fn ours(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("memory.db");
    migrate(&path).expect("made");
    path
}

#[test]
fn a_new_database_is_whole() {
    let folder = folder();
    let checked = check(&ours(&folder)).expect("a database");
    assert_eq!((checked.faults, checked.rows), (vec![], [0, 0, 2, 0]));
    assert!(checked.is_newest && checked.bytes > 0);
}

#[test]
fn what_the_tables_do_not_say_together_is_found() {
    let long_ago = "INSERT INTO users VALUES (9, 'u', 'user', '{}', 0, 0);";
    let tasks = "INSERT INTO tasks VALUES (7, 't', NULL, NULL, 'open', NULL, 0, 0);
                 UPDATE tasks_indexed SET through = 7; UPDATE tasks_counted SET through = 7;
                 INSERT INTO tasks_search (rowid, text) VALUES (7, 't');
                 INSERT INTO row_counts VALUES ('tasks', '', 0, 1), ('status', 'open', 0, 1);";
    let logs =
        "INSERT INTO logs VALUES (1, 0, 'a', '{}', 'success'), (4, 0, 'b', '{}', 'success');";
    for (damage, wanted) in [
        (format!("{long_ago} DELETE FROM sqlite_sequence;"), "users: number 9 is above"),
        (format!("{long_ago} UPDATE sqlite_sequence SET seq = 8;"), "users: number 9 is above"),
        (
            format!("{tasks} DELETE FROM tasks_search WHERE rowid = 7;"),
            "the search index: task 7 is not in it",
        ),
        (
            format!("{tasks} INSERT INTO tasks_search (rowid, text) VALUES (9, 'gone');"),
            "has task 9",
        ),
        (
            format!("{tasks} UPDATE row_counts SET rows = 2 WHERE kind = 'tasks';"),
            "row counts: tasks",
        ),
        (format!("{tasks} DELETE FROM row_counts WHERE kind = 'status';"), "row counts: status"),
        (logs.to_owned(), "logs: 2 numbers are missing"),
        (
            logs.replace("(4,", "(2,").replacen("{}", "{", 1),
            "logs: number 1 has invalid JSON as payload",
        ),
        (
            "UPDATE config SET value = 'x' WHERE key = 'max_tasks';".into(),
            "has invalid JSON as value",
        ),
        (long_ago.replace("{}", ""), "users: number 9 has invalid JSON as metadata"),
        ("UPDATE tasks_indexed SET through = 1000;".into(), "its mark is task 1000"),
        ("DROP TRIGGER tasks_removed;".into(), "the trigger tasks_removed is missing"),
        ("DROP TABLE documents;".into(), "the table documents is missing"),
        ("DROP INDEX tasks_by_status;".into(), "the index tasks_by_status is missing"),
    ] {
        let folder = folder();
        let path = ours(&folder);
        run(&path, &damage);
        let checked = check(&path).expect("a database");
        assert!(checked.faults.iter().any(|fault| fault.contains(wanted)), "{damage}: {checked:?}");
        let refused = backup(&path, &folder.path().join("copy.db"), false);
        assert!(refused.expect_err("a refusal").to_string().contains("does not pass the check"));
    }
}

/// Returns the text of the document of kind `pin` and key `docs`.
fn document(path: &Path) -> String {
    #[derive(QueryableByName)]
    struct Document {
        #[diesel(sql_type = diesel::sql_types::Text)]
        text: String,
    }
    let mut connection =
        SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
    let query = "SELECT text FROM documents WHERE kind = 'pin' AND key = 'docs'";
    let found: Document = diesel::sql_query(query).get_result(&mut connection).expect("a document");
    found.text
}

#[test]
fn documents_are_in_a_backup_and_come_to_an_older_database() {
    let folder = folder();
    let (path, copy) = (ours(&folder), folder.path().join("copy.db"));
    // As the version before documents left it.
    run(
        &path,
        "DROP TABLE documents;
         DELETE FROM __diesel_schema_migrations WHERE version = '20261201040000'",
    );
    assert!(!check(&path).expect("an older database").is_newest);
    let migrated = migrate(&path).expect("migrated");
    assert_eq!(migrated.from, Origin::Version("20261130210000".into()));
    run(&path, "INSERT INTO documents VALUES ('pin', 'docs', 'sha256:1')");
    backup(&path, &copy, false).expect("copied");
    run(&path, "DELETE FROM documents");
    restore(&path, &copy).expect("restored");
    vacuum(&path).expect("compacted");
    assert_eq!(check(&path).expect("a database").faults, [""; 0]);
    assert_eq!(document(&path), "sha256:1");
}

#[test]
fn an_index_that_does_not_agree_with_its_table_is_found() {
    let folder = folder();
    let path = ours(&folder);
    run(
        &path,
        "INSERT INTO tasks VALUES (1, 't', NULL, NULL, 'open', NULL, 0, 0);
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX tasks_by_status ON tasks (priority)'
            WHERE name = 'tasks_by_status';",
    );
    let checked = check(&path).expect("a database");
    assert!(checked.faults.iter().any(|fault| fault.contains("tasks_by_status")), "{checked:?}");
}

#[test]
fn a_newer_servers_database_is_refused_by_everything() {
    let folder = folder();
    let newer = ours(&folder);
    run(&newer, "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    let before = std::fs::read(&newer).expect("a file");
    let other = folder.path().join("other.db");
    migrate(&other).expect("made");
    for error in [
        check(&newer).expect_err("a refusal"),
        backup(&newer, &folder.path().join("copy.db"), false).expect_err("a refusal"),
        restore(&other, &newer).expect_err("a refusal"),
        migrate(&newer).expect_err("a refusal"),
        vacuum(&newer).expect_err("a refusal"),
    ] {
        let line = error.to_string();
        assert!(line.contains("newer server") && line.contains("memory.db"), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
    assert_eq!(std::fs::read(&newer).expect("a file"), before);
}

#[test]
fn another_programs_database_is_refused_by_everything_and_left_as_it_was() {
    let folder = folder();
    let foreign = folder.path().join("foreign.db");
    run(&foreign, "CREATE TABLE tasks (id INTEGER)");
    let before = std::fs::read(&foreign).expect("a file");
    let other = ours(&folder);
    for error in [
        check(&foreign).expect_err("a refusal"),
        backup(&foreign, &folder.path().join("copy.db"), false).expect_err("a refusal"),
        restore(&other, &foreign).expect_err("a refusal"),
        migrate(&foreign).expect_err("a refusal"),
        vacuum(&foreign).expect_err("a refusal"),
    ] {
        assert!(error.to_string().contains("another program"), "{error}");
        assert!(error.to_string().contains("foreign.db"), "{error}");
    }
    assert_eq!(std::fs::read(&foreign).expect("a file"), before);
}

#[test]
fn the_first_services_database_is_migrated_and_named_before() {
    let folder = folder();
    let path = folder.path().join("mcp_server.db");
    run(&path, include_str!("reference.sql"));
    let line = check(&path).expect_err("not ours yet").to_string();
    assert!(line.contains("the first service's"), "{line}");
    let migrated = migrate(&path).expect("migrated");
    assert_eq!(migrated.from, Origin::FirstService);
    assert!(folder.path().join("mcp_server.db.before-migration").exists());
    assert_eq!(check(&path).expect("a database").rows, [2, 2, 8, 2]);
    assert_eq!(migrate(&path).expect("nothing to do").from, Origin::Version(migrated.to));
}

#[test]
fn what_is_no_regular_file_is_neither_read_nor_replaced() {
    let folder = folder();
    let (database, other) = (ours(&folder), folder.path().join("socket"));
    let _socket = std::os::unix::net::UnixListener::bind(&other).expect("a socket");
    let inner = folder.path().join("folder");
    std::fs::create_dir(&inner).expect("a folder");
    for to in [&other, &inner] {
        for replace in [false, true] {
            let refusal = backup(&database, to, replace).expect_err("refused").to_string();
            assert!(refusal.ends_with("is not a regular file: name another one"), "{refusal}");
        }
    }
    for refused in [
        check(&other).err(),
        restore(&database, &other).err(),
        vacuum(&other).err(),
        backup(&other, &folder.path().join("copy"), false).err(),
    ] {
        let refusal = refused.expect("refused").to_string();
        assert!(refusal.contains("is not a regular file"), "{refusal}");
    }
    assert!(!std::fs::metadata(&other).expect("it is there").is_file());
}
