//! A PostgreSQL server in a temporary folder.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::programs::{User, command, program, user};

/// The timeout of every wait.
const DEADLINE: Duration = Duration::from_mins(1);

/// The settings of a server.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Whether commits survive a power cut, which tests do not need.
    pub durable: bool,
    /// A certificate and its key, for TLS on a port of 127.0.0.1.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Further settings: `name=value`.
    pub settings: Vec<String>,
}

/// The way to stop a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Disconnects clients and writes everything to disk.
    Fast,
    /// As after a crash: the next start recovers.
    Immediate,
}

/// A running server, which ends on drop.
#[derive(Debug)]
pub struct Server {
    child: Option<Child>,
    folder: TempDir,
    user: Option<User>,
    setup: Setup,
    port: u16,
}

impl Server {
    /// Creates a server with an empty database `postgres` and its superuser `mcp`, and waits until
    /// it accepts connections.
    ///
    /// # Panics
    /// Panics if PostgreSQL is not installed or does not start.
    #[must_use]
    pub fn start(setup: Setup) -> Self {
        let user = user();
        let folder = tempfile::Builder::new().prefix("pg-").tempdir().expect("a folder");
        give(folder.path(), user);
        let mut initdb = command(&program("initdb"), user);
        initdb.arg("--pgdata").arg(folder.path().join("data"));
        initdb.args(["--no-sync", "--no-instructions", "--auth=trust", "--username=mcp"]);
        initdb.args(["--encoding=UTF8", "--locale=C.UTF-8"]);
        run(initdb.current_dir(folder.path()));
        let port = if setup.certificate.is_some() { free_port() } else { 5432 };
        let mut server = Self { child: None, folder, user, setup, port };
        server.start_again();
        server
    }

    /// Starts the server again after [`stop`](Self::stop), with its data and its address.
    ///
    /// # Panics
    /// Panics if the server does not start.
    pub fn start_again(&mut self) {
        let folder = self.folder.path();
        let log = File::create(folder.join("log")).expect("a file for the log");
        let mut postgres = command(&program("postgres"), self.user);
        postgres.arg("-D").arg(folder.join("data"));
        let mut settings = vec![
            format!("unix_socket_directories={}", folder.display()),
            format!("port={}", self.port),
            "shared_buffers=32MB".into(),
            "max_connections=200".into(),
        ];
        if !self.setup.durable {
            settings.extend(["fsync=off".into(), "full_page_writes=off".into()]);
        }
        match &self.setup.certificate {
            None => settings.push("listen_addresses=".into()),
            Some((certificate, key)) => {
                let own = folder.join("key.pem");
                fs::copy(key, &own).expect("the key is there");
                give(&own, self.user);
                fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).expect("it is ours");
                settings.extend([
                    "listen_addresses=127.0.0.1".into(),
                    "ssl=on".into(),
                    format!("ssl_cert_file={}", certificate.display()),
                    format!("ssl_key_file={}", own.display()),
                ]);
            }
        }
        settings.extend(self.setup.settings.iter().cloned());
        for setting in settings {
            postgres.arg("-c").arg(setting);
        }
        let errors = log.try_clone().expect("a file for the log");
        postgres.current_dir(folder).stdin(Stdio::null()).stdout(log).stderr(errors);
        self.child = Some(postgres.spawn().expect("PostgreSQL can be run"));
        self.wait_until_ready();
    }

    fn wait_until_ready(&mut self) {
        let started = Instant::now();
        loop {
            let mut ready = Command::new(program("pg_isready"));
            ready.arg("-q").arg("-h").arg(self.folder.path()).arg("-p").arg(self.port.to_string());
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            let ended = self
                .child
                .as_mut()
                .is_some_and(|child| child.try_wait().is_ok_and(|status| status.is_some()));
            assert!(!ended && started.elapsed() < DEADLINE, "it does not start:\n{}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops the server, and waits for its end.
    ///
    /// # Panics
    /// Panics if the server does not end.
    pub fn stop(&mut self, how: Stop) {
        let Some(mut child) = self.child.take() else { return };
        let signal = match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        };
        let _ = kill_process(Pid::from_child(&child), signal);
        let started = Instant::now();
        while child.try_wait().expect("it is our child").is_none() {
            if started.elapsed() > DEADLINE {
                let _ = child.kill();
                let _ = child.wait();
                panic!("it does not end:\n{}", self.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the URL of a database in this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        if self.setup.certificate.is_some() {
            return format!("postgres://mcp@127.0.0.1:{}/{database}", self.port);
        }
        format!("postgres://mcp@/{database}?host={}", self.folder.path().display())
    }

    /// Returns the server's log since its last start.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
    }
}

fn give(path: &Path, user: Option<User>) {
    if let Some(User { uid, gid }) = user {
        chown(path, Some(uid), Some(gid)).expect("root gives to whom it likes");
    }
}

/// Returns a port that was free a moment ago: PostgreSQL does not accept port 0.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("it has an address").port()
}

/// Runs a command and waits for its end.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
