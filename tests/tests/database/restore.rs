//! `db restore`.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;
use service_tests::{Command, TestServer};

use crate::{db, folder, names, run, stopped};

#[test]
fn a_restore_needs_a_yes_and_a_server_that_is_stopped() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({ "title": "kept" }));
    let _ = run(server.folder(), ["backup", "copy.db"]);
    let _ = server.data("add_task", json!({ "title": "later" }));
    assert!(db(server.folder(), ["restore", "copy.db"]).refusal(2).contains("--yes"));
    let refused = db(server.folder(), ["restore", "copy.db", "--yes"]);
    assert!(refused.refusal(1).contains("stop the server"), "{refused:?}");
    assert_eq!(server.data("add_task", json!({ "title": "later" }))["id"], 3);
    let stopped = server.stop();

    let line = run(stopped.folder.path(), ["restore", "copy.db", "--yes"]);
    assert!(line.contains("1 tasks") && line.contains("memory.db.before-restore"), "{line}");
    let again = TestServer::with([]).in_folder(&stopped.folder).start();
    assert_eq!(again.data("list_tasks", json!({})).as_array().map(Vec::len), Some(1));
    drop(again);
    let old = Command::new(["db", "check"])
        .folder(stopped.folder.path())
        .env("DATABASE_URL", "memory.db.before-restore")
        .run();
    assert!(old.stdout.contains("3 tasks"), "{old:?}");
}

#[test]
fn a_restore_through_a_link_replaces_what_it_stands_for_and_not_the_link() {
    let copy = stopped(1);
    let backup = copy.path().join("memory.db");
    let backup = backup.to_str().expect("UTF-8");
    let server = TestServer::start();
    for title in ["a", "b", "c"] {
        let _ = server.data("add_task", json!({ "title": title }));
    }
    let disk = server.keep_folder();
    drop(server); // SIGKILL: the write-ahead log stays, next to the file and not the link.
    let folder = folder();
    let link = folder.path().join("memory.db");
    symlink(disk.path().join("memory.db"), &link).expect("a link");
    assert!(run(folder.path(), ["check"]).contains("3 tasks"));
    assert!(disk.path().join("memory.db-wal").is_file());
    let output = run(folder.path(), ["restore", backup, "--yes"]);
    let real = disk.path().canonicalize().expect("a folder").join("memory.db");
    assert!(output.starts_with(&format!("{}: ", real.display())), "{output}");
    assert!(output.ends_with(&format!("{}.before-restore", real.display())), "{output}");
    assert!(link.is_symlink());
    assert_eq!(names(folder.path()), ["memory.db"]);
    assert_eq!(names(disk.path()), ["memory.db", "memory.db.before-restore"]);
    assert!(run(disk.path(), ["check"]).contains("1 tasks"));

    fs::remove_file(real).expect("removed");
    let refused = db(folder.path(), ["restore", backup, "--yes"]);
    assert!(refused.refusal(1).contains("follow the link memory.db"), "{refused:?}");
    assert!(link.is_symlink());
}

#[test]
fn what_a_kill_left_in_the_log_is_in_what_is_kept_and_not_in_what_is_restored() {
    let copy = stopped(1);
    let server = TestServer::start();
    for title in ["a", "b", "c"] {
        let _ = server.data("add_task", json!({ "title": title }));
    }
    let folder = server.keep_folder();
    drop(server); // SIGKILL: the write-ahead log stays.
    let backup = copy.path().join("memory.db");
    let line = run(folder.path(), ["restore", backup.to_str().expect("UTF-8"), "--yes"]);
    assert!(line.contains("1 tasks"), "{line}");
    assert_eq!(names(folder.path()), ["memory.db", "memory.db.before-restore"]);
    fs::rename(folder.path().join("memory.db.before-restore"), folder.path().join("memory.db"))
        .expect("put back");
    assert!(run(folder.path(), ["check"]).contains("3 tasks"));
}

#[test]
fn what_is_no_whole_backup_is_refused_and_the_database_left_as_it_was() {
    let folder = stopped(60);
    let path = folder.path().join("memory.db");
    let before = fs::read(&path).expect("the database");
    let mut torn = before.clone();
    torn.truncate(before.len() / 2 / 4096 * 4096);
    let mut damaged = before.clone();
    // At this size every page after the first is the root of a table.
    damaged[2 * 4096..2 * 4096 + 64].fill(0xff);
    let copies: [(&str, &[u8]); 4] =
        [("text", b"no database"), ("torn", &torn), ("damaged", &damaged), ("none", b"")];
    for (name, bytes) in copies {
        fs::write(folder.path().join(name), bytes).expect("written");
        let output = db(folder.path(), ["restore", name, "--yes"]);
        assert!(output.refusal(1).contains(name), "{output:?}");
    }
    assert!(db(folder.path(), ["restore", "nope", "--yes"]).refusal(1).contains("no database"));
    fs::write(folder.path().join("used"), &before).expect("written");
    fs::write(folder.path().join("used-wal"), "a log").expect("written");
    assert!(db(folder.path(), ["restore", "used", "--yes"]).refusal(1).contains("used-wal"));
    assert_eq!(fs::read(&path).expect("the database"), before);
    let expected = ["damaged", "memory.db", "none", "text", "torn", "used", "used-wal"];
    assert_eq!(names(folder.path()), expected);
}
