//! Tests in a network of their own.

use std::net::{TcpListener, UdpSocket};
use std::process::Command;
use std::thread;

/// An address that only the network of a test has.
pub(crate) const OWN: &str = "45.33.32.1";

/// Returns whether the test runs in a network of its own. Otherwise runs it there, after these
/// commands of a shell, and says so where the machine does not permit that.
pub(crate) fn enter(module: &str, test: &str, commands: &str) -> bool {
    if TcpListener::bind((OWN, 0)).is_ok() {
        return true;
    }
    let mut unshare = vec!["--net", "--mount"];
    if !rustix::process::geteuid().is_root() {
        unshare.push("--map-root-user");
    }
    let ability = Command::new("unshare").args(&unshare).args(["ip", "link"]).output();
    if !ability.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED {test}: it needs unshare(1), ip(8) and the right to use them: {ability:?}"
        );
        return false;
    }
    let (_, module) = module.split_once("::").expect("a module of this crate");
    let script = format!(
        "ip link set lo up\nip address add {OWN}/32 dev lo\n{commands}\nexec \"$0\" \"$@\""
    );
    let status = Command::new("unshare")
        .args(unshare)
        .args(["sh", "-ec", &script])
        .arg(std::env::current_exe().expect("the test's program"))
        .args(["--exact", "--nocapture", &format!("{module}::{test}")])
        .status()
        .expect("unshare");
    assert!(status.success(), "the test failed in its network");
    false
}

/// The commands that have names looked up at 127.0.0.1, besides one in `/etc/hosts`.
pub(crate) const NAMES: &str = "
    configuration=$(mktemp -d)
    printf 'nameserver 127.0.0.1\\nsearch search.example\\n' >$configuration/resolv.conf
    printf '10.1.2.3 listed.example listed\\n' >$configuration/hosts
    mount --bind $configuration/resolv.conf /etc/resolv.conf
    mount --bind $configuration/hosts /etc/hosts
    rm -r $configuration";

/// Starts a name server on 127.0.0.1. Each name with `quick` has the address [`OWN`], one with
/// `stuck` gets no answer, and others do not exist.
pub(crate) fn serve_names() {
    let socket = UdpSocket::bind("127.0.0.1:53").expect("the port of names");
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let question = &buffer[12..length];
            let end = question.iter().position(|byte| *byte == 0).expect("the root") + 5;
            let (name, is_a) = (String::from_utf8_lossy(&question[..end]), question[end - 3] == 1);
            if name.contains("stuck") {
                continue;
            }
            let is_known = name.contains("quick");
            let (code, answers) = (if is_known { 0 } else { 3 }, u8::from(is_known && is_a));
            let mut answer = buffer[..2].to_vec();
            answer.extend([0x81, 0x80 | code, 0, 1, 0, answers, 0, 0, 0, 0]);
            answer.extend(&question[..end]);
            if answers == 1 {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 45, 33, 32, 1]);
            }
            // The asker may have gone.
            let _ = socket.send_to(&answer, peer);
        }
    });
}
