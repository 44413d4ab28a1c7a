//! `db check`, and errors about files that no command can use.

use std::fs;
use std::path::Path;

use serde_json::json;
use service_tests::{Command, TestServer};

use crate::{db, folder, names, run, stopped};

#[test]
fn a_check_says_what_was_checked_and_changes_nothing() {
    let folder = stopped(3);
    let before = fs::read(folder.path().join("memory.db")).expect("the database");
    let line = run(folder.path(), ["check"]);
    for part in ["integrity", "consistency", "3 tasks", "3 log entries", "2 configuration keys"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(fs::read(folder.path().join("memory.db")).expect("the database"), before);
    assert_eq!(names(folder.path()), ["memory.db"]);
}

#[test]
fn a_check_works_while_the_server_runs_and_after_a_kill_and_leaves_both_as_they_are() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({ "title": "t" }));
    assert!(run(server.folder(), ["check"]).contains("1 tasks"));
    let _ = server.data("add_task", json!({ "title": "u" }));
    let folder = server.keep_folder();
    drop(server); // SIGKILL
    let files = ["memory.db", "memory.db-wal"].map(|name| folder.path().join(name));
    let before = files.each_ref().map(|file| fs::read(file).expect("a file"));
    assert!(run(folder.path(), ["check"]).contains("2 tasks"));
    assert_eq!(files.each_ref().map(|file| fs::read(file).expect("a file")), before);
}

#[test]
fn a_check_finds_damage_and_says_where() {
    let folder = stopped(50);
    let path = folder.path().join("memory.db");
    let whole = fs::read(&path).expect("the database");
    let mut found = 0;
    // The head of every page contains its number of cells.
    for page in 1..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096 + 3] ^= 0x3f;
        fs::write(&path, &bytes).expect("written");
        let output = db(folder.path(), ["check"]);
        if output.exit == Some(1) {
            found += 1;
            assert!(output.stderr.contains("has faults") || output.stdout.is_empty(), "{output:?}");
            assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
        }
        assert!(!output.stderr.contains("panicked"), "{output:?}");
        assert_eq!(fs::read(&path).expect("the database"), bytes, "a check changed page {page}");
    }
    assert!(found > 5, "damage in {found} pages was found");
}

#[test]
fn what_is_no_database_of_ours_is_one_line_for_every_command_and_left_as_it_was() {
    let backup = stopped(1);
    let backup = backup.path().join("memory.db");
    let backup = backup.to_str().expect("UTF-8");
    let folder = folder();
    let path = folder.path().join("memory.db");
    for (bytes, wanted) in [
        (None, "there is no database"),
        (Some("This is a text, and a long one, and no database. ".repeat(200)), "not a SQLite"),
        (Some(String::new()), "is empty"),
    ] {
        if let Some(bytes) = &bytes {
            fs::write(&path, bytes).expect("written");
        }
        for arguments in [["check"].as_slice(), &["backup", "copy.db"], &["rebuild"], &["vacuum"]] {
            let output = Command::new(["db"].iter().chain(arguments))
                .folder(folder.path())
                .env("DATABASE_URL", "memory.db")
                .run();
            let line = output.refusal(1);
            assert!(line.contains(wanted), "{arguments:?}: {line}");
            assert_eq!(fs::read_to_string(&path).ok(), bytes);
        }
    }
    // A restore replaces any existing database.
    fs::write(&path, "precious").expect("written");
    assert!(run(folder.path(), ["restore", backup, "--yes"]).contains("before-restore"));
    let kept = fs::read(folder.path().join("memory.db.before-restore")).expect("kept");
    assert_eq!(kept, b"precious");
    assert_eq!(names(folder.path()), ["memory.db", "memory.db.before-restore"]);
}

#[test]
fn where_there_is_no_file_each_command_says_what_to_use_instead() {
    for (url, wanted) in [("sqlite::memory:", "memory"), ("postgres://u:secret@h/d", "PostgreSQL")]
    {
        for arguments in [
            ["check"].as_slice(),
            &["backup", "x"],
            &["restore", "x", "--yes"],
            &["migrate"],
            &["rebuild"],
            &["vacuum"],
        ] {
            let output =
                Command::new(["db"].iter().chain(arguments)).env("DATABASE_URL", url).run();
            let line = output.refusal(2);
            assert!(line.contains(wanted) && !line.contains("secret"), "{line}");
        }
    }
}

/// Drops root's capability to ignore file modes.
#[cfg(target_os = "linux")]
#[test]
fn a_database_that_may_only_be_read_is_checked_and_copied() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = stopped(2);
    let elsewhere = self::folder();
    let copy = elsewhere.path().join("copy.db");
    let set = |file: &Path, mode| {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    set(&folder.path().join("memory.db"), 0o444);
    set(folder.path(), 0o555);
    let is_root = rustix::process::geteuid().is_root();
    let starter: &[&str] =
        if is_root { &["setpriv", "--bounding-set=-dac_override"] } else { &["env"] };
    for arguments in [vec!["db", "check"], vec!["db", "backup", copy.to_str().expect("UTF-8")]] {
        let output = Command::through(starter, &arguments)
            .folder(folder.path())
            .env("DATABASE_URL", "memory.db")
            .run();
        assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""), "{output:?}");
        assert!(output.stdout.contains("2 tasks"), "{output:?}");
    }
    set(folder.path(), 0o755);
    assert_eq!(names(folder.path()), ["memory.db"]);
}

#[test]
fn nothing_is_written_to_a_file_that_was_removed() {
    let server = TestServer::start();
    let add = || server.call("add_task", json!({ "title": "t" })).status;
    assert_eq!(add(), 200);
    let (file, away) = (server.database(), server.folder().join("away"));
    fs::rename(&file, &away).expect("moved");
    for _ in 0..2 {
        assert_eq!((add(), server.get("/ready").status), (503, 503));
        // Another file of the same name does not count.
        fs::write(&file, "").expect("written");
    }
    assert!(server.stderr().contains("memory.db was removed or replaced"), "{}", server.stderr());
    assert_eq!(server.data("list_tasks", json!({})).as_array().map(Vec::len), Some(1));
    fs::rename(&away, &file).expect("moved back");
    assert_eq!((add(), server.get("/ready").status), (200, 200));
}
