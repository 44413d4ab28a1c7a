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

use crate::{Command, Connection, DEADLINE, Request, Response};

/// The log line of a server that is ready, before its address.
const LISTENING: &str = "listening on http://";

/// Settings of a server to start.
#[must_use]
pub struct Builder {
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    starter: Vec<&'static str>,
    folder: Option<Arc<TempDir>>,
}

/// A running server, which is killed on drop.
#[derive(Debug)]
pub struct TestServer {
    child: Child,
    address: SocketAddr,
    folder: Arc<TempDir>,
    stderr: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

/// A server that has ended.
#[derive(Debug)]
pub struct Stopped {
    /// Its exit status.
    pub status: ExitStatus,
    /// Its output on stderr.
    pub stderr: String,
    /// Its folder with its database.
    pub folder: Arc<TempDir>,
}

impl TestServer {
    /// Starts a server with the default settings, except that the rate limit is off.
    #[must_use]
    pub fn start() -> Self {
        Self::with([]).start()
    }

    /// Sets environment variables of a server to start.
    pub fn with<const N: usize>(environment: [(&str, &str); N]) -> Builder {
        let environment = environment.map(|(name, value)| (name.into(), value.into())).to_vec();
        Builder { environment, arguments: Vec::new(), starter: Vec::new(), folder: None }
    }

    /// Returns the address at which it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its base URL, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns its process id.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Returns its working directory, which is removed after the test.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the same folder, and keeps it for another server.
    #[must_use]
    pub fn keep_folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// Returns the path of its database, unless the test has set `DATABASE_URL`.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database(&self.folder)
    }

    /// Returns its output on stderr so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Builds a request with this method, path and query.
    pub fn request(&self, method: &str, target: &str) -> Request {
        Request::new(self.address, method, target)
    }

    /// Sends a `GET`.
    #[must_use]
    pub fn get(&self, target: &str) -> Response {
        self.request("GET", target).send()
    }

    /// Builds a `POST`.
    pub fn post(&self, target: &str) -> Request {
        self.request("POST", target)
    }

    /// Calls an action through v1.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "callers pass JSON literals")]
    pub fn call(&self, action: &str, params: Value) -> Response {
        self.post("/api/v1/query").json(&json!({ "action": action, "params": params })).send()
    }

    /// Calls an action through v1 and returns the data of its success.
    #[must_use]
    pub fn data(&self, action: &str, params: Value) -> Value {
        self.call(action, params).data()
    }

    /// Calls an action through v1 and returns the detail of its error, with status 400.
    #[must_use]
    pub fn refusal(&self, action: &str, params: Value) -> String {
        self.call(action, params).refusal(400)
    }

    /// Opens a connection, for bytes that an ordinary client does not send.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Sends SIGTERM and does not wait.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal and does not wait.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the server runs");
    }

    /// Sends SIGTERM and waits until the server ends.
    #[must_use]
    pub fn stop(self) -> Stopped {
        self.terminate();
        self.wait()
    }

    /// Waits until the server ends.
    #[must_use]
    pub fn wait(mut self) -> Stopped {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the process is our child") {
                break status;
            }
            assert!(started.elapsed() < DEADLINE, "the server does not end:\n{}", self.stderr());
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
    /// Adds arguments after `mcp-server start`.
    pub fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(Into::into));
        self
    }

    /// Starts the server through a program that executes it, such as `nohup`.
    pub fn through<const N: usize>(mut self, starter: [&'static str; N]) -> Self {
        self.starter = starter.to_vec();
        self
    }

    /// Uses the folder of a stopped server, or a folder of the test.
    pub fn in_folder(mut self, folder: &Arc<TempDir>) -> Self {
        self.folder = Some(Arc::clone(folder));
        self
    }

    /// Starts the server and waits until it listens.
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
        let output = Arc::clone(&stderr);
        let reader = Some(thread::spawn(move || read(pipe, &output, &found)));
        // From here on a panic kills the server.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = TestServer { child, address: nowhere, folder, stderr, reader };
        server.address = wait_for(&address, &server);
        server
    }
}

/// Returns the default `DATABASE_URL` of a server: a SQLite file in its folder. If `MCP_TEST_STORE` is
/// `postgres`, it is a new database of the server at `MCP_TEST_POSTGRES_URL`; a file in the folder stores
/// its URL for the next server in this folder.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment of the test run selects the database"
)]
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
        Err(RecvTimeoutError::Timeout) => {
            panic!("the server does not listen:\n{}", server.stderr())
        }
        Err(RecvTimeoutError::Disconnected) => {
            panic!("the server did not start:\n{}", server.stderr())
        }
    }
}

/// Stores every line, and sends the server's address.
fn read(pipe: ChildStderr, output: &Mutex<String>, found: &SyncSender<SocketAddr>) {
    for line in BufReader::new(pipe).lines().map_while(Result::ok) {
        let address = line.split_once(LISTENING).and_then(|(_, address)| address.parse().ok());
        let mut text = output.lock().unwrap_or_else(PoisonError::into_inner);
        text.push_str(&line);
        text.push('\n');
        drop(text);
        if let Some(address) = address {
            let _ = found.try_send(address);
        }
    }
}
