//! ChromeDriver as a process of ours, with everything that it starts.
//!
//! Invariant: it, Chromium and their guard are one process group. The guard is a shell that ends
//! the group and removes its folder when ChromeDriver ends, or when its standard input does: that
//! is a pipe from this process, so also when this process is killed.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use reqwest::Url;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::{ChildStdin, Command};
use tokio::time::{sleep, timeout};

/// Descriptor 3 is the pipe: the shell gives a background command no standard input. The guard
/// kills the others of its group one by one, so that it is there to remove the folder; Chromium's
/// crash handlers leave the group, end with Chromium and may write until then.
const GUARD: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
driver=$!
(read -r _ <&3; kill -KILL "$driver") >/dev/null 2>&1 &
wait "$driver"
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

/// How long ChromeDriver may take until it listens.
const START: Duration = Duration::from_secs(10);
/// How long the guard may take to end everything.
const END: Duration = Duration::from_secs(5);
/// The longest line of ChromeDriver's that is read, in bytes.
const LINE: u64 = 4096;

/// A ChromeDriver that runs. Dropping it has everything ended that it started, soon.
pub(super) struct Driver {
    url: Url,
    group: Pid,
    directory: Option<TempDir>,
    lifeline: Option<ChildStdin>,
}

impl Driver {
    /// Starts ChromeDriver on a free port of 127.0.0.1. Its folder is made inside `directory`. Of
    /// the environment it is given `path` alone.
    pub(super) async fn start(program: &Path, path: &str, directory: &Path) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("mcp-browser-").tempdir_in(directory)?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", GUARD, "sh"])
            .arg(program)
            .args(["--port=0", "--log-level=SEVERE"])
            .env_clear()
            .env("PATH", path)
            .env("HOME", directory.path())
            .env("TMPDIR", directory.path())
            .env("LANG", "C.UTF-8")
            .current_dir(directory.path())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let group = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let group = group.ok_or_else(|| io::Error::other("the guard has no process number"))?;
        let (Some(lifeline), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the guard has no pipes"));
        };
        let url = Url::parse("http://127.0.0.1/").map_err(io::Error::other)?;
        let mut driver = Self { url, group, directory: Some(directory), lifeline: Some(lifeline) };
        let mut output = BufReader::new(output);
        let port = timeout(START, port(&mut output)).await??;
        driver.url.set_port(Some(port)).map_err(|()| io::Error::other("no port can be set"))?;
        // What it says from now on is nobody's to read, but its pipe must not fill up.
        tokio::spawn(async move { tokio::io::copy(&mut output, &mut tokio::io::sink()).await });
        Ok(driver)
    }

    /// Where it listens, with a slash at the end.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Ends it and everything that it started, and waits until nothing of it is left.
    pub(super) async fn end(mut self) {
        let Some(directory) = self.directory.take() else { return };
        drop(self.lifeline.take());
        let guard = async {
            while self.is_guarded() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _in_time = timeout(END, guard).await;
        if directory.path().exists() {
            // The guard itself was killed, or cannot keep up.
            self.kill();
            sleep(Duration::from_millis(100)).await;
        }
        // The guard has removed it, or dropping this does.
        drop(directory);
    }

    fn kill(&self) {
        // A group that is gone already is as good as killed.
        let _ = kill_process_group(self.group, Signal::KILL);
    }

    /// Whether the guard, or a process that it left to this one, still runs. Takes the exit
    /// statuses of those that do not: where this process is the first of its container, what the
    /// guard's end leaves behind is its own.
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

impl Drop for Driver {
    /// Leaves it to the guard, which sees the end of its standard input, or does it without one.
    fn drop(&mut self) {
        let Some(directory) = self.directory.take() else { return };
        if self.is_guarded() {
            let _left_to_the_guard = directory.keep();
        } else {
            self.kill();
        }
    }
}

/// The port that ChromeDriver says it listens on, once it does.
async fn port(output: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<u16> {
    loop {
        let mut line = Vec::new();
        if (&mut *output).take(LINE).read_until(b'\n', &mut line).await? == 0 {
            return Err(io::Error::other("ChromeDriver ended before it listened"));
        }
        let line = String::from_utf8_lossy(&line);
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return port.trim().trim_end_matches('.').parse().map_err(io::Error::other);
        }
    }
}
