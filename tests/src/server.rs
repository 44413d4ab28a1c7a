//! A running server.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_postgres::Database;

use crate::{Answer, Command, Connection, DEADLINE, Request};

/// How the server says that it is there.
const LISTENING: &str = "listening on http://";

/// A server that is not started yet.
#[must_use]
pub struct Builder {
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    starter: Vec<&'static str>,
    folder: Option<Arc<TempDir>>,
}

/// A server that runs, and is killed when this is dropped.
#[derive(Debug)]
pub struct TestServer {
    child: Child,
    address: SocketAddr,
    folder: Arc<TempDir>,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// What is left of a server that was told to stop.
#[derive(Debug)]
pub struct Stopped {
    /// How it ended.
    pub status: ExitStatus,
    /// All that it wrote to stderr.
    pub stderr: String,
    /// Its folder, with its database.
    pub folder: Arc<TempDir>,
}

impl TestServer {
    /// A server with the default settings, but for the rate limit, which is off.
    #[must_use]
    pub fn start() -> Self {
        Self::with([]).start()
    }

    /// A server with these variables in its environment.
    pub fn with<const N: usize>(environment: [(&str, &str); N]) -> Builder {
        let environment = environment.map(|(name, value)| (name.into(), value.into())).to_vec();
        Builder { environment, arguments: Vec::new(), starter: Vec::new(), folder: None }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a URL without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The folder that it runs in and that is gone after the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same folder, kept for a server that comes after this one.
    #[must_use]
    pub fn keep_folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// Its database, unless the test has set `DATABASE_URL`.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database(&self.folder)
    }

    /// What it has written to stderr until now.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A request with this method for this path and query.
    pub fn request(&self, method: &str, target: &str) -> Request {
        Request::new(self.address, method, target)
    }

    /// `GET`, sent.
    #[must_use]
    pub fn get(&self, target: &str) -> Answer {
        self.request("GET", target).send()
    }

    /// `POST`, not sent yet.
    pub fn post(&self, target: &str) -> Request {
        self.request("POST", target)
    }

    /// What an action of v1 answers.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "every caller writes the JSON there")]
    pub fn call(&self, action: &str, params: Value) -> Answer {
        self.post("/api/v1/query").json(&json!({ "action": action, "params": params })).send()
    }

    /// The data that an action of v1 answers when it does its work.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn data(&self, action: &str, params: Value) -> Value {
        self.call(action, params).data()
    }

    /// The sentence with which an action of v1 is refused, with status 400.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn refusal(&self, action: &str, params: Value) -> String {
        self.call(action, params).refusal(400)
    }

    /// A connection, for bytes that no ordinary client sends.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Tells it to stop, with SIGTERM, and does not wait.
    ///
    /// # Panics
    /// When it has gone already.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends it a signal, and does not wait.
    ///
    /// # Panics
    /// When it has gone already.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the server runs");
    }

    /// Tells it to stop, with SIGTERM, and waits until it has.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn stop(self) -> Stopped {
        self.terminate();
        self.wait()
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it does not.
    #[must_use]
    pub fn wait(mut self) -> Stopped {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                break status;
            }
            assert!(started.elapsed() < DEADLINE, "it does not end:\n{}", self.stderr());
            thread::sleep(Duration::from_millis(5));
        };
        self.end_reading();
        Stopped { status, stderr: self.stderr(), folder: Arc::clone(&self.folder) }
    }

    fn end_reading(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.end_reading();
        if thread::panicking() {
            eprintln!("The server's stderr:\n{}", self.stderr());
        }
    }
}

impl Builder {
    /// With these arguments after `mcp-server start`.
    pub fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(Into::into));
        self
    }

    /// By way of a program that becomes another, as `nohup` does.
    pub fn through<const N: usize>(mut self, starter: [&'static str; N]) -> Self {
        self.starter = starter.to_vec();
        self
    }

    /// In the folder of a server that was stopped, or in one that the test has made.
    pub fn in_folder(mut self, folder: &Arc<TempDir>) -> Self {
        self.folder = Some(Arc::clone(folder));
        self
    }

    /// Starts it, and waits until it listens.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(self) -> TestServer {
        let folder = self.folder.unwrap_or_else(|| {
            Arc::new(tempfile::Builder::new().prefix("service-").tempdir().expect("a folder"))
        });
        let url = database_url(&folder);
        let command = match self.starter.as_slice() {
            [] => Command::new(["start"]),
            starter => Command::through(starter, ["start"]),
        };
        let mut command = command
            .folder(folder.path())
            .env("MCP_PORT", "0")
            .env("MCP_RATE_LIMIT", "off")
            .env("DATABASE_URL", url);
        for (name, value) in self.environment {
            command = command.env(name, value);
        }
        let mut command = command.into_process();
        command.args(self.arguments).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be run");
        let pipe = child.stderr.take().expect("stderr is a pipe");
        let stderr = Arc::new(Mutex::new(String::new()));
        let (found, address) = sync_channel(1);
        let kept = Arc::clone(&stderr);
        let reader = Some(thread::spawn(move || read(pipe, &kept, &found)));
        // From here on a panic kills it.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = TestServer { child, address: nowhere, folder, stderr, reader };
        server.address = wait_for(&address, &server);
        server
    }
}

/// Where a server keeps its memory unless the test says it: in SQLite in its folder; or, where
/// `MCP_TEST_STORE` is `postgres`, in a database of the server of `MCP_TEST_POSTGRES_URL`, which takes it
/// along. The folder then says which, for a server that comes after this one.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says it in the environment")]
fn database_url(folder: &TempDir) -> String {
    let set = |name| std::env::var(name).unwrap_or_default();
    if set("MCP_TEST_STORE") != "postgres" {
        return format!("sqlite:///{}", database(folder).display());
    }
    let note = folder.path().join("database-url");
    fs::read_to_string(&note).unwrap_or_else(|_| {
        let url = Database::left_in(&set("MCP_TEST_POSTGRES_URL"));
        fs::write(&note, &url).expect("the folder can be written");
        url
    })
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("memory.db")
}

fn wait_for(address: &Receiver<SocketAddr>, server: &TestServer) -> SocketAddr {
    match address.recv_timeout(DEADLINE) {
        Ok(address) => address,
        Err(RecvTimeoutError::Timeout) => panic!("it does not listen:\n{}", server.stderr()),
        Err(RecvTimeoutError::Disconnected) => panic!("it did not start:\n{}", server.stderr()),
    }
}

/// Keeps every line, and hands on where the server listens.
fn read(pipe: ChildStderr, kept: &Mutex<String>, found: &SyncSender<SocketAddr>) {
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        let address = line.split_once(LISTENING).and_then(|(_, address)| address.parse().ok());
        let mut text = kept.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(&line);
        text.push('\n');
        drop(text);
        if let Some(address) = address {
            let _ = found.try_send(address);
        }
    }
}
