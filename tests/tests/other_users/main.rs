//! Other users of the machine can use the server's own port, but no other socket of the server and its
//! browsers.
#![cfg(target_os = "linux")]

mod listening;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use serde_json::json;
use service_tests::{DEADLINE, TestServer};

use listening::{Listening, of_process_tree, process_tree};

const NOBODY: u32 = 65534;

/// Starts a site for `MCP_BROWSER_ALLOWED_HOSTS`, and returns its address and a count of its connections.
fn site() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let body = "<title>internal</title>";
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close";
            // The browser may close the connection early.
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    (address, connections)
}

/// Runs the work as the user `nobody`; on Linux a thread can have its own user.
fn as_nobody<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            set_thread_groups(&[]).expect("no groups");
            let group = Gid::from_raw(NOBODY);
            set_thread_res_gid(group, group, group).expect("another group");
            let user = Uid::from_raw(NOBODY);
            set_thread_res_uid(user, user, user).expect("another user");
            work()
        });
        worker.join().expect("the other user's thread")
    })
}

/// Sends a request and returns the received bytes; empty if the connection fails.
fn received(port: SocketAddr, request: &str) -> String {
    // A port may have closed since it was listed.
    let Ok(mut stream) = TcpStream::connect(port) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    // A refused connection may be closed before it is used.
    let _ = stream.write_all(request.as_bytes());
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received);
    let mut received = String::from_utf8_lossy(&received).into_owned();
    if end.is_err_and(|error| error.kind() != ErrorKind::ConnectionReset) {
        received.push_str("(and the connection stays open)");
    }
    received
}

/// Requests that a debugging port, a WebDriver or a proxy would serve.
fn requests(site: SocketAddr) -> [String; 5] {
    let body = r#"{"capabilities":{"alwaysMatch":{"browserName":"chrome"}}}"#;
    let end = "Host: localhost\r\nConnection: close";
    [
        format!("GET / HTTP/1.1\r\n{end}\r\n\r\n"),
        format!("GET /json/version HTTP/1.1\r\n{end}\r\n\r\n"),
        format!("POST /session HTTP/1.1\r\n{end}\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        format!("CONNECT {site} HTTP/1.1\r\nHost: {site}\r\n\r\n"),
        format!("GET http://{site}/ HTTP/1.1\r\nHost: {site}\r\nConnection: close\r\n\r\n"),
    ]
}

/// Returns the uses of a socket that the calling user has.
fn opened(one: &Listening, site: SocketAddr) -> Vec<String> {
    let connected = match one {
        Listening::Tcp(port) => {
            let served = |request: &String| {
                let received = received(*port, request);
                (!received.is_empty()).then(|| format!("{port}: {request:?}: {received:?}"))
            };
            return requests(site).iter().filter_map(served).collect();
        }
        Listening::Abstract(name) => {
            let address = UnixAddr::from_abstract_name(name);
            UnixStream::connect_addr(&address.expect("a name"))
        }
        Listening::Path(path) => UnixStream::connect(path),
    };
    connected.iter().map(|_| format!("{one:?}")).collect()
}

/// Waits until a browser is ready, and returns all listening sockets.
fn with_a_warm_browser(server: &TestServer) -> Vec<Listening> {
    let started = Instant::now();
    loop {
        let own = server.process();
        let mut listening = of_process_tree(own, server.folder());
        listening.retain(|one| *one != Listening::Tcp(server.address()));
        let is_warm = process_tree(own, server.folder())
            .iter()
            .any(|process| listening::command(*process).contains("--type=renderer"));
        if is_warm && listening.iter().any(|one| matches!(one, Listening::Tcp(_))) {
            return listening;
        }
        assert!(started.elapsed() < DEADLINE, "no browser is kept warm: {listening:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn another_user_can_use_no_port_but_the_servers_own() {
    if !geteuid().is_root() {
        eprintln!("SKIPPED: only root can become another user");
        return;
    }
    let (site, connections) = site();
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let server = TestServer::with([
        ("MCP_BROWSER_ALLOWED_HOSTS", site.to_string().as_str()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TMPDIR", folder.path().to_str().expect("a path")),
    ])
    .in_folder(&folder)
    .start();
    let page = server.data("playwright_get_title", json!({"url": format!("http://{site}/")}));
    assert_eq!(page["title"], "internal");

    let listening = with_a_warm_browser(&server);
    let visits = connections.load(Ordering::SeqCst);
    let opened: Vec<String> =
        as_nobody(|| listening.iter().flat_map(|one| opened(one, site)).collect());
    assert!(opened.is_empty(), "another user can use {opened:#?}");
    assert_eq!(connections.load(Ordering::SeqCst), visits, "another user reached the site");

    // The proxy was among the tested sockets: for its own user it works.
    let [.., through_proxy] = requests(site);
    let is_served = listening.iter().any(|one| {
        let Listening::Tcp(port) = one else { return false };
        received(*port, &through_proxy).contains("internal")
    });
    assert!(is_served, "no proxy was tried: {listening:?}");
}
