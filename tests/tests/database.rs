//! `mcp-server db`: the database file, beside a server that runs or does not.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use service_tests::{Command, Output, TestServer};
use tempfile::TempDir;

fn folder() -> Arc<TempDir> {
    Arc::new(tempfile::tempdir().expect("a folder"))
}

/// A database command for `memory.db` in a folder.
fn db<const N: usize>(folder: &Path, arguments: [&str; N]) -> Output {
    let command = Command::new(["db"].into_iter().chain(arguments));
    command.folder(folder).env("DATABASE_URL", "memory.db").run()
}

/// What a database command that worked said: a line.
fn said<const N: usize>(folder: &Path, arguments: [&str; N]) -> String {
    let output = db(folder, arguments);
    assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""), "{output:?}");
    assert_eq!(output.stdout.lines().count(), 1, "{output:?}");
    output.stdout.trim_end().to_owned()
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder");
    let name = |file: std::io::Result<fs::DirEntry>| file.expect("a file").file_name();
    let mut names: Vec<_> = files.map(|file| name(file).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A folder with the database of a server that was stopped, with this many tasks.
fn stopped(tasks: u64) -> Arc<TempDir> {
    let server = TestServer::start();
    for number in 1..=tasks {
        let _ = server.data("add_task", json!({ "title": format!("task {number}") }));
    }
    server.stop().folder
}

#[test]
fn a_check_says_what_was_checked_and_changes_nothing() {
    let folder = stopped(3);
    let before = fs::read(folder.path().join("memory.db")).expect("the database");
    let line = said(folder.path(), ["check"]);
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
    assert!(said(server.folder(), ["check"]).contains("1 tasks"));
    let _ = server.data("add_task", json!({ "title": "u" }));
    let folder = server.keep_folder();
    drop(server); // SIGKILL
    let files = ["memory.db", "memory.db-wal"].map(|name| folder.path().join(name));
    let before = files.each_ref().map(|file| fs::read(file).expect("a file"));
    assert!(said(folder.path(), ["check"]).contains("2 tasks"));
    assert_eq!(files.each_ref().map(|file| fs::read(file).expect("a file")), before);
}

#[test]
fn a_check_finds_damage_and_says_where() {
    let folder = stopped(50);
    let path = folder.path().join("memory.db");
    let whole = fs::read(&path).expect("the database");
    let mut found = 0;
    // Every page's head says how many cells it has.
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
    // A restore replaces whatever is there.
    fs::write(&path, "precious").expect("written");
    assert!(said(folder.path(), ["restore", backup, "--yes"]).contains("before-restore"));
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

#[test]
fn a_backup_under_load_is_whole_and_has_everything_that_was_answered_before() {
    let server = TestServer::start();
    let body = json!({ "action": "add_task", "params": { "title": "t" } });
    let request = server.post("/api/v1/query").json(&body).bytes();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = server.connect();
                while !done.load(Ordering::Relaxed) {
                    connection.send(&request);
                    assert_eq!(connection.answer().expect("an answer").status, 200);
                }
            });
        }
        for number in 1..=3 {
            let last = server.data("add_task", json!({ "title": "last" }))["id"].as_u64();
            let name = format!("copy-{number}.db");
            let line = said(server.folder(), ["backup", &name]);
            let tasks = line.split_once(" users, ").and_then(|(_, rest)| rest.split_once(" tasks"));
            let tasks = tasks.and_then(|(tasks, _)| tasks.parse::<u64>().ok());
            assert!(tasks >= last, "{last:?} was answered before: {line}");
        }
        done.store(true, Ordering::Relaxed);
    });
    let stopped = server.stop();
    let copies = ["copy-1.db", "copy-2.db", "copy-3.db", "memory.db"];
    assert_eq!(names(stopped.folder.path()), copies);
}

#[test]
fn a_backup_never_overwrites_unless_it_is_told_to() {
    let folder = stopped(2);
    let copy = folder.path().join("copy.db");
    fs::write(&copy, "precious").expect("written");
    assert!(db(folder.path(), ["backup", "copy.db"]).refusal(1).contains("--force"));
    assert_eq!(fs::read(&copy).expect("a file"), b"precious");
    let _ = said(folder.path(), ["backup", "copy.db", "--force"]);
    assert_ne!(fs::read(&copy).expect("a file"), b"precious");
    for name in ["memory.db", "./memory.db", "memory.db-wal", "memory.db-shm"] {
        let output = db(folder.path(), ["backup", name, "--force"]);
        assert!(output.refusal(1).contains("the database itself"), "{name}");
    }
    assert!(db(folder.path(), ["backup", "no/such/copy.db"]).refusal(1).contains("No such file"));
    assert_eq!(names(folder.path()), ["copy.db", "memory.db"]);
}

/// Root may write what its mode forbids, unless it gives that up.
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
fn a_restore_needs_a_yes_and_a_server_that_is_stopped() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({ "title": "kept" }));
    let _ = said(server.folder(), ["backup", "copy.db"]);
    let _ = server.data("add_task", json!({ "title": "later" }));
    assert!(db(server.folder(), ["restore", "copy.db"]).refusal(2).contains("--yes"));
    let refused = db(server.folder(), ["restore", "copy.db", "--yes"]);
    assert!(refused.refusal(1).contains("stop the server"), "{refused:?}");
    assert_eq!(server.data("add_task", json!({ "title": "and it goes on" }))["id"], 3);
    let stopped = server.stop();

    let line = said(stopped.folder.path(), ["restore", "copy.db", "--yes"]);
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
    drop(server); // SIGKILL: the write-ahead log stays, beside the file and not the link.
    let folder = folder();
    let link = folder.path().join("memory.db");
    symlink(disk.path().join("memory.db"), &link).expect("a link");
    assert!(said(folder.path(), ["check"]).contains("3 tasks"));
    assert!(disk.path().join("memory.db-wal").is_file());
    let told = said(folder.path(), ["restore", backup, "--yes"]);
    let real = disk.path().canonicalize().expect("a folder").join("memory.db");
    assert!(told.starts_with(&format!("{}: ", real.display())), "{told}");
    assert!(told.ends_with(&format!("{}.before-restore", real.display())), "{told}");
    assert!(link.is_symlink());
    assert_eq!(names(folder.path()), ["memory.db"]);
    assert_eq!(names(disk.path()), ["memory.db", "memory.db.before-restore"]);
    assert!(said(disk.path(), ["check"]).contains("1 tasks"));

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
    let line = said(folder.path(), ["restore", backup.to_str().expect("UTF-8"), "--yes"]);
    assert!(line.contains("1 tasks"), "{line}");
    assert_eq!(names(folder.path()), ["memory.db", "memory.db.before-restore"]);
    fs::rename(folder.path().join("memory.db.before-restore"), folder.path().join("memory.db"))
        .expect("put back");
    assert!(said(folder.path(), ["check"]).contains("3 tasks"));
}

#[test]
fn what_is_no_whole_backup_is_refused_and_the_database_left_as_it_was() {
    let folder = stopped(60);
    let path = folder.path().join("memory.db");
    let before = fs::read(&path).expect("the database");
    let mut torn = before.clone();
    torn.truncate(before.len() / 2 / 4096 * 4096);
    let mut damaged = before.clone();
    // The root of a table: every page after the first holds one at this size.
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

#[test]
fn a_migration_says_from_what_to_what() {
    let folder = folder();
    assert!(said(folder.path(), ["migrate"]).contains("made, at version 2"));
    assert!(said(folder.path(), ["migrate"]).contains("nothing to do"));
    assert!(said(folder.path(), ["check"]).contains("2 configuration keys"));
    let server = TestServer::with([]).in_folder(&folder).start();
    assert_eq!(server.data("list_tasks", json!({})), json!([]));
    assert!(said(folder.path(), ["migrate"]).contains("nothing to do"), "also while it runs");
}

#[test]
fn a_vacuum_gives_room_back_also_while_the_server_runs() {
    let server = TestServer::start();
    let long = "x".repeat(100_000);
    for _ in 0..20 {
        let _ = server.data("add_user", json!({ "username": "u", "metadata": { "long": long } }));
        let _ = server.data("remove_user", json!({ "username": "u" }));
        let _ = server.data("add_task", json!({ "title": "t", "description": long }));
    }
    for id in 1..=20 {
        let _ = server.data("delete_task", json!({ "task_id": id }));
    }
    let line = said(server.folder(), ["vacuum"]);
    let numbers: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(numbers[0] > 2_000_000 && numbers[1] < numbers[0] / 4, "{line}");
    assert_eq!(server.data("add_task", json!({ "title": "t" }))["id"], 21);
    assert!(said(server.folder(), ["check"]).contains("1 tasks"));
}

/// A folder with a database of 50 tasks, the structure record of whose search index is zeroed.
fn with_damaged_index() -> Arc<TempDir> {
    let folder = stopped(50);
    assert!(said(folder.path(), ["rebuild"]).contains("50 tasks"));
    let path = folder.path().join("memory.db");
    let mut bytes = fs::read(&path).expect("the database");
    // Such a record has this mark after its first four bytes.
    let mark = [0xff, 0, 0, 1];
    let marks: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(&mark)).collect();
    assert!(!marks.is_empty());
    for at in marks {
        bytes[at..at + 7].fill(0);
    }
    fs::write(&path, bytes).expect("written");
    folder
}

#[test]
fn a_damaged_search_index_is_named_and_rebuilt() {
    let folder = with_damaged_index();
    let output = db(folder.path(), ["check"]);
    assert_eq!(output.exit, Some(1), "{output:?}");
    assert!(output.stdout.contains("the search index: "), "{output:?}");
    assert!(output.stderr.contains("mcp-server db rebuild"), "{output:?}");
    assert!(said(folder.path(), ["rebuild"]).contains("50 tasks"));
    assert!(said(folder.path(), ["check"]).contains("50 tasks"));
}

#[test]
fn a_server_with_a_damaged_search_index_finds_every_task_and_rebuilds_it() {
    let folder = with_damaged_index();
    let server = TestServer::with([]).in_folder(&folder).start();
    let found = |query: &str| {
        let tasks = server.data("search_tasks", json!({ "query": query }));
        tasks.as_array().expect("a list").len()
    };
    assert_eq!([found("TASK"), found("task 50")], [50, 1]);
    let until = Instant::now() + Duration::from_mins(1);
    while db(server.folder(), ["check"]).exit != Some(0) {
        assert!(Instant::now() < until, "{:?}", db(server.folder(), ["check"]));
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!([found("TASK"), found("task 50")], [50, 1]);
    assert!(said(server.folder(), ["rebuild"]).contains("50 tasks"), "also while it runs");
    assert_eq!([found("TASK"), found("task 50")], [50, 1]);
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
        // Another of the same name is not it.
        fs::write(&file, "").expect("written");
    }
    assert!(server.stderr().contains("memory.db was removed or replaced"), "{}", server.stderr());
    assert_eq!(server.data("list_tasks", json!({})).as_array().map(Vec::len), Some(1));
    fs::rename(&away, &file).expect("moved back");
    assert_eq!((add(), server.get("/ready").status), (200, 200));
}
