//! Tests of the benchmark programs, whose behaviour the figures rely on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mcp_core::SystemClock;
use mcp_core::domain::{Page, SearchText, TaskFilter};
use mcp_core::memory::{Freshness, Memory, StoreRuns};
use mcp_storage::{Location, Options};

const CALL: &str = r#"{"action":"add_task","params":{"title":"Write","description":"",
    "priority":"medium","status":"pending","assigned_to":"alice"}}"#;

/// A running program, which is killed on drop.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, arguments: [&str; 2]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--workers", "1"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let pipe = child.stderr.take().expect("stderr is a pipe");
        let mut server = Self { child, address: String::new() };
        let mut lines = BufReader::new(pipe).lines();
        server.address = lines
            .find_map(|line| Some(line.ok()?.strip_prefix("listening on http://")?.to_owned()))
            .expect("it listens");
        server
    }

    /// Sends a POST and returns the whole response.
    fn post(&self, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(
            stream,
            "POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Opens a database and reads from it.
async fn look<T: Send + 'static>(
    database: &Path,
    work: impl FnOnce(&mut dyn Memory) -> T + Send + 'static,
) -> T {
    let location = Location::parse(database.to_str().expect("UTF-8")).expect("a file");
    let store = mcp_storage::open(&location, &Options::default(), SystemClock::shared());
    let store = store.expect("it opens");
    let found = store.read_for(Freshness::WritesAndLogs, work).await.expect("it reads");
    store.close().await.expect("it closes");
    found
}

fn count(memory: &mut dyn Memory) -> u64 {
    memory.count_tasks(&TaskFilter::default()).expect("tasks are counted")
}

#[tokio::test]
async fn a_filled_database_has_three_users_all_tasks_and_exactly_the_hits() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("filled.db");
    let status = Command::new(env!("CARGO_BIN_EXE_fill"))
        .arg("--database")
        .arg(&database)
        .args(["--tasks", "103", "--hits", "20", "--word", "periwinkle"])
        .status()
        .expect("the program can be run");
    assert!(status.success());
    let found = look(&database, |memory| {
        let word = SearchText::new("periwinkle");
        let hits = memory.search_tasks(&word, Page::ALL).expect("tasks are searched").items();
        let users = memory.list_usernames(Page::ALL).expect("users are listed").items();
        (users, count(memory), hits.len())
    });
    let users = ["alice", "bob", "carol"].map(String::from).to_vec();
    assert_eq!(found.await, (users, 103, 20));
}

#[test]
fn the_floor_gives_the_bytes_that_it_was_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("answer.json");
    std::fs::write(&file, r#"{"success":true}"#).expect("it is written");
    let file = file.to_str().expect("UTF-8");
    let server = Server::start(env!("CARGO_BIN_EXE_floor"), ["--answer", file]);
    for body in ["", CALL] {
        let answer = server.post(body);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("content-type: application/json\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n{\"success\":true}"), "{answer}");
    }
}

#[tokio::test]
async fn one_by_one_stores_a_task_and_its_log_entry_for_each_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("memory.db");
    let path = database.to_str().expect("UTF-8");
    let server = Server::start(env!("CARGO_BIN_EXE_one_by_one"), ["--database", path]);
    for id in 1..=3 {
        let answer = server.post(CALL);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains(&format!(r#""id":{id},"title":"Write""#)), "{answer}");
    }
    drop(server);
    let found = look(&database, |memory| {
        let logs = memory.newest_logs(None, 0).expect("the log is read");
        (count(memory), logs.into_iter().map(|entry| entry.action).collect::<Vec<_>>())
    });
    assert_eq!(found.await, (3, vec!["add_task".to_owned(); 3]));
}
