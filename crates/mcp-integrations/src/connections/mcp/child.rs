//! A child process that speaks the Model Context Protocol over its standard streams.
//!
//! Invariant: the child, its own children and a guard are one process group. The guard is a shell that
//! ends the group when the child ends, or when its standard input does. That input is a pipe from this
//! process, so the guard also acts when this process is killed.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, ChildStdin, Command};
use tokio::time::timeout;

/// The guard's script. Its standard output is the socket to the child, which is the child's standard
/// input and output. Descriptor 5 is the pipe, because a shell gives background commands no standard
/// input.
const GUARD: &str = r#"
exec 5<&0 </dev/null
"$@" <&1 5<&- &
child=$!
exec >/dev/null
(read -r _ <&5; kill -KILL 0) 2>/dev/null &
wait "$child"
echo "ended with status $?" >&2
kill -KILL 0
"#;

/// The time that a child has to end after its standard input has ended.
const GRACE: Duration = Duration::from_secs(2);

/// The variables of this process's environment that a child gets.
#[derive(Clone, Debug, Default)]
pub(crate) struct BaseEnvironment(pub(crate) Vec<(String, String)>);

/// A program with its arguments, environment and folder.
pub(crate) struct Program<'a> {
    pub(crate) command: &'a str,
    pub(crate) args: &'a [String],
    pub(crate) env: &'a std::collections::BTreeMap<String, SecretString>,
    pub(crate) folder: &'a Path,
}

/// A running child with its process group. Dropping it kills the group.
pub(crate) struct Process {
    guard: Child,
    group: Pid,
    /// The guard's standard input, which it takes for this process's life.
    lifeline: Option<ChildStdin>,
}

/// The streams of a child.
pub(crate) struct Streams {
    /// The child's standard input and output.
    pub(crate) socket: UnixStream,
    pub(crate) stderr: ChildStderr,
}

impl Process {
    /// Starts a program. Of our environment, it gets only `base`.
    pub(crate) fn start(
        program: &Program<'_>,
        base: &BaseEnvironment,
    ) -> io::Result<(Self, Streams)> {
        let (own, theirs) = std::os::unix::net::UnixStream::pair()?;
        own.set_nonblocking(true)?;
        let socket = UnixStream::from_std(own)?;
        let env = program.env.iter().map(|(name, value)| (name, value.expose_secret()));
        let mut guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "sh", program.command])
            .args(program.args)
            .env_clear()
            .envs(base.0.iter().map(|(name, value)| (name, value)))
            .envs(env)
            .current_dir(program.folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(OwnedFd::from(theirs))
            .stderr(Stdio::piped())
            .spawn()?;
        let group = guard.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = group.ok_or_else(|| io::Error::other("the guard has no process number"))?;
        let stderr = guard.stderr.take();
        let stderr = stderr.ok_or_else(|| io::Error::other("the child has no standard error"))?;
        // Waiting for a child closes the input that it still has.
        let lifeline = guard.stdin.take();
        Ok((Self { guard, group, lifeline }, Streams { socket, stderr }))
    }

    /// Waits until the child has ended, and ends what is left of its group.
    pub(crate) async fn wait(&mut self) {
        // The guard kills its group and itself; if it was killed alone, the group is left.
        let _ = self.guard.wait().await;
        self.kill();
    }

    /// Ends the group: at once if the child does not end soon after its standard input has ended, which
    /// the caller has closed.
    pub(crate) async fn end(mut self) {
        let _in_time = timeout(GRACE, self.wait()).await;
        drop(self.lifeline.take());
        self.kill();
        let _ = self.guard.wait().await;
    }

    fn kill(&self) {
        // The group may be gone already.
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A group that is gone may have given its number to another one: the guard, which is not
        // reaped before, keeps the number in use.
        if self.guard.id().is_some() {
            self.kill();
        }
    }
}
