//! Runs of the command line.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{self, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{DEADLINE, program};

/// A run of `mcp-server` with an environment that contains only the test's variables.
pub struct Command(process::Command);

/// The result of a run.
#[derive(Debug)]
pub struct Output {
    /// The exit status; `None` if a signal ended the process.
    pub exit: Option<i32>,
    /// The output on stdout.
    pub stdout: String,
    /// The output on stderr.
    pub stderr: String,
}

impl Command {
    /// Creates a run of `mcp-server` with these arguments.
    #[must_use]
    pub fn new<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = process::Command::new(program());
        command.arg0("mcp-server");
        Self::plain(command, arguments)
    }

    /// Creates a run of `mcp-server` through a program that executes it, such as `nohup`.
    #[must_use]
    pub fn through<S: AsRef<OsStr>>(
        starter: &[&str],
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        let (name, options) = starter.split_first().expect("the starter names a program");
        let mut command = process::Command::new(name);
        command.args(options).arg(program());
        Self::plain(command, arguments)
    }

    fn plain<S: AsRef<OsStr>>(
        mut command: process::Command,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        command.env_clear().args(arguments).stdin(Stdio::null());
        Self(command)
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Runs the command and waits until it ends.
    #[must_use]
    pub fn run(mut self) -> Output {
        self.0.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.0.spawn().expect("the program can be run");
        let stdout = reader(child.stdout.take().expect("stdout is a pipe"));
        let stderr = reader(child.stderr.take().expect("stderr is a pipe"));
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("the process is our child") {
                break Some(status);
            }
            if started.elapsed() > DEADLINE {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            thread::sleep(Duration::from_millis(2));
        };
        let text = |reader: JoinHandle<String>| reader.join().expect("the output is UTF-8");
        let (stdout, stderr) = (text(stdout), text(stderr));
        let status = status.unwrap_or_else(|| panic!("the command does not end: {stderr}"));
        Output { exit: status.code(), stdout, stderr }
    }

    /// Returns the process to spawn, for tests that talk to it while it runs.
    #[must_use]
    pub fn into_process(self) -> process::Command {
        self.0
    }
}

/// Reads a pipe to its end in another thread.
fn reader(pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || io::read_to_string(pipe).expect("the output is UTF-8"))
}

impl Output {
    /// Parses stdout as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not JSON: {error}: {self:?}"))
    }

    /// Returns the only line on stderr of a run that failed with this status and wrote nothing to stdout.
    #[must_use]
    pub fn refusal(&self, exit: i32) -> &str {
        assert_eq!(self.exit, Some(exit), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let line = self.stderr.strip_suffix('\n').unwrap_or_else(|| panic!("no line: {self:?}"));
        assert!(!line.is_empty() && !line.contains('\n'), "not one line: {self:?}");
        assert!(!line.contains("panicked"), "{self:?}");
        line
    }
}
