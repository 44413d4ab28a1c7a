//! A test server ends with the process that started it.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

#[test]
fn a_server_is_gone_when_who_started_it_is_killed() {
    let script = r#"echo "$MCP_TEST_POSTGRES_URL"; exec cat"#;
    let mut started = Command::new(env!("CARGO_BIN_EXE_with-postgres"))
        .args(["sh", "-c", script])
        // The command ends when this test closes its stdin.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let mut url = String::new();
    let stdout = started.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut url).expect("a line");
    let folder = url.trim().split_once("host=").expect("a socket").1.to_owned();
    let pid = std::fs::read_to_string(format!("{folder}/data/postmaster.pid")).expect("it runs");
    let pid = pid.lines().next().and_then(|line| line.parse().ok()).and_then(Pid::from_raw);
    let pid = pid.expect("a process");
    test_kill_process(pid).expect("it runs");

    kill_process(Pid::from_child(&started), Signal::KILL).expect("it runs");
    started.wait().expect("it is our child");
    // Far longer than it takes.
    let gone = (0..3000).any(|_| {
        thread::sleep(Duration::from_millis(10));
        test_kill_process(pid).is_err()
    });
    std::fs::remove_dir_all(folder).expect("nobody is left to remove it");
    assert!(gone, "it still runs");
}
