//! A Chromium process that the server starts, with its child processes.
//!
//! Invariant: Chromium, its children and a guard are one process group. The guard is a shell that
//! ends the group and removes its folder when Chromium ends, or when its standard input does. That
//! input is a pipe from this process, so the guard also acts when this process is killed.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{ChildStdin, Command};
use tokio::time::{sleep, timeout};

use super::switches::Switches;

/// The guard's script. Standard output is the socket to Chromium, which reads commands at
/// descriptor 3 and writes results to descriptor 4. Descriptor 5 is the pipe, because a shell gives
/// background commands no standard input. The guard kills the other processes one by one, so that
/// it can remove the folder. Chromium's crash handlers leave the group, end with Chromium and may
/// write until then.
const GUARD: &str = r#"
exec 5<&0 </dev/null
"$@" 3<&1 4>&1 >/dev/null 5<&- &
browser=$!
exec >/dev/null
(read -r _ <&5; kill -KILL "$browser") 2>/dev/null &
wait "$browser"
for round in 1 2; do
    for other in /proc/[0-9]*; do
        read -r line <"$other/stat" || continue
        set -- ${line##*) }
        [ "$3" = $$ ] && [ "$other" != /proc/$$ ] && kill -KILL "${other#/proc/}"
    done
done 2>/dev/null
for round in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf -- "$HOME"
    sleep 0.05
    [ -e "$HOME" ] || break
done
kill -KILL 0
"#;

/// The timeout for the guard to end everything.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// A running Chromium. Dropping it ends its processes soon; [`end`](Self::end) waits for that.
pub(super) struct Chromium {
    group: Pid,
    directory: Option<TempDir>,
    lifeline: Option<ChildStdin>,
}

impl Chromium {
    /// Starts Chromium with a new profile in a folder inside `directory`. Returns the socket for
    /// the DevTools protocol. Of our environment, Chromium gets only `path`.
    pub(super) fn start(
        program: &Path,
        switches: &Switches,
        path: &str,
        directory: &Path,
    ) -> io::Result<(Self, UnixStream)> {
        let directory = tempfile::Builder::new().prefix("mcp-browser-").tempdir_in(directory)?;
        let profile = directory.path().join("profile");
        Switches::write_preferences(&profile)?;
        let (own, theirs) = std::os::unix::net::UnixStream::pair()?;
        own.set_nonblocking(true)?;
        let own = UnixStream::from_std(own)?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", GUARD, "sh"])
            .arg(program)
            .args(switches.arguments())
            .arg(format!("--user-data-dir={}", profile.display()))
            .env_clear()
            .env("PATH", path)
            .env("HOME", directory.path())
            .env("TMPDIR", directory.path())
            .env("LANG", "C.UTF-8")
            .current_dir(directory.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(OwnedFd::from(theirs))
            .stderr(Stdio::null())
            .spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = group.ok_or_else(|| io::Error::other("the guard has no process number"))?;
        let lifeline = child.stdin.take();
        Ok((Self { group, directory: Some(directory), lifeline }, own))
    }

    /// Ends Chromium and all its processes, and waits until they are gone.
    pub(super) async fn end(mut self) {
        let Some(directory) = self.directory.take() else { return };
        drop(self.lifeline.take());
        let guard = async {
            while self.is_guarded() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _in_time = timeout(END_TIMEOUT, guard).await;
        if directory.path().exists() {
            // The guard itself was killed, or is too slow.
            self.kill();
            sleep(Duration::from_millis(100)).await;
        }
        // Removes the folder unless the guard did.
        drop(directory);
    }

    fn kill(&self) {
        // The group may be gone already.
        let _ = kill_process_group(self.group, Signal::KILL);
    }

    /// Returns whether the guard, or a process that it left to this one, still runs. Reaps those
    /// that have ended: if this process is the first of its container, orphans of the guard become
    /// its children.
    fn is_guarded(&self) -> bool {
        loop {
            match waitpgid(self.group, WaitOptions::NOHANG) {
                Ok(Some(_)) => (),
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }
}

impl Drop for Chromium {
    /// Leaves the cleanup to the guard, which notices the end of its standard input. Without a
    /// guard, kills the group.
    fn drop(&mut self) {
        let Some(directory) = self.directory.take() else { return };
        if self.is_guarded() {
            let _left_to_the_guard = directory.keep();
        } else {
            self.kill();
        }
    }
}
