//! Targets that the browser may not reach: addresses in every spelling, and every way out of a
//! page.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp_core::ErrorCode;
use mcp_integrations::browser::{Addresses, BrowserSettings, Resolve, SystemResolver};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::timeout;

use crate::site::{Site, html};
use crate::support::{Subject, TIMEOUT, settings};

/// Hosts that are not public, in the spellings of callers.
const HOSTS: &[&str] = &[
    // This machine, in every spelling of IPv4.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "00000177.0.0.1",
    "127.0.0.1.",
    "127.8.9.10",
    "127.255.255.254",
    "%31%32%37.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    // This machine by name.
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "localhost.localdomain.localhost",
    // This machine in IPv6, also as another protocol's address.
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[2001:0:0:0:0:0:80ff:fffe]",
    // Private networks and the metadata services of clouds.
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "0300.0250.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "[::ffff:a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fc00::1]",
    "[fec0::1]",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    // Reserved addresses.
    "192.0.2.1",
    "198.51.100.1",
    "203.0.113.1",
    "198.18.0.1",
    "192.0.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "[2001:db8::1]",
    "[ff02::1]",
    "[100::1]",
    // Names that resolve to such addresses.
    "inward.example",
    "mixed.example",
    "metadata.example",
    "mapped.example",
];

/// Resolves the tests' names, and records the requested ones.
#[derive(Clone, Default)]
struct Names {
    known: Arc<HashMap<&'static str, Vec<IpAddr>>>,
    asked: Arc<Mutex<Vec<String>>>,
    turns: Option<Arc<Mutex<Vec<IpAddr>>>>,
}

impl Names {
    fn new() -> Self {
        let known = [
            ("inward.example", vec!["127.0.0.1"]),
            ("mixed.example", vec!["1.1.1.1", "127.0.0.1"]),
            ("metadata.example", vec!["169.254.169.254"]),
            ("mapped.example", vec!["::ffff:127.0.0.1"]),
            ("open.corp.example", vec!["127.0.0.1"]),
        ];
        let addresses =
            |list: Vec<&str>| list.iter().map(|text| text.parse().expect("an address")).collect();
        Self {
            known: Arc::new(known.map(|(name, list)| (name, addresses(list))).into()),
            ..Self::default()
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("names").clone()
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> Addresses {
        self.asked.lock().expect("names").push(name.into());
        let turn = self.turns.as_ref().and_then(|turns| turns.lock().expect("turns").pop());
        let found = turn.map(|address| vec![address]).or_else(|| self.known.get(name).cloned());
        Box::pin(async move { found.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_a_forbidden_address_is_opened() {
    let canary = Site::start().await;
    let v6 = TcpListener::bind(("::1", canary.address.port())).await;
    let subject = Arc::new(Subject::with(settings(&[]), Names::new()));
    assert!(HOSTS.len() >= 40);

    let port = canary.address.port();
    let refuse = async |hosts: &[&str]| {
        for host in hosts {
            for scheme in ["http", "https"] {
                // Every second one uses https, because each start of a browser takes time.
                let odd =
                    hosts.iter().position(|other| other == host).is_some_and(|at| at % 2 == 1);
                if odd != (scheme == "https") {
                    continue;
                }
                let url = format!("{scheme}://{host}:{port}/");
                let error = subject.title(&url).await.expect_err(&url);
                assert_eq!(error.code, ErrorCode::InvalidParams, "{url}: {error:?}");
                let named = error.message.contains("MCP_BROWSER_ALLOWED_HOSTS");
                assert!(named, "{url}: {error:?}");
            }
        }
    };
    let (one, other) = HOSTS.split_at(HOSTS.len() / 2);
    tokio::join!(refuse(one), refuse(other));
    assert_eq!(canary.connections(), 0);
    if let Ok(v6) = v6 {
        assert!(timeout(Duration::from_millis(50), v6.accept()).await.is_err());
    }
    Arc::into_inner(subject).expect("the only one").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_way_out_of_a_page_reaches_a_forbidden_address() {
    let (site, canary) = (Site::start().await, Site::start().await);
    let hosts = serde_json::to_string(HOSTS).expect("JSON");
    let port = canary.address.port();
    let udp = UdpSocket::bind(("127.0.0.1", port)).await.expect("a port");
    let page = format!(
        "<title>own</title><p>own</p>
         <link rel=dns-prefetch href='//prefetch.example'>
         <link rel=preconnect href='http://127.0.0.1:{port}'>
         <link rel=stylesheet href='http://127.0.0.1:{port}/css'>
         <link rel=icon href='http://127.0.0.1:{port}/icon'>
         <link rel=prefetch href='http://127.0.0.1:{port}/prefetch'>
         <script type=speculationrules>{{\"prerender\": [{{\"source\": \"list\",
           \"urls\": [\"http://127.0.0.1:{port}/prerender\"], \"eagerness\": \"immediate\"}}]}}</script>
         <script>
         const port = {port}, waits = [], ignore = () => {{}};
         const wait = (start) => waits.push(new Promise(done => {{
           setTimeout(done, 8000); try {{ start(done) }} catch (e) {{ done(e) }} }}));
         for (const host of {hosts}) {{
           const at = host + ':' + port;
           wait(done => fetch('http://' + at + '/fetch', {{mode: 'no-cors'}}).then(done, done));
           wait(done => {{ const i = new Image(); i.onload = i.onerror = done; i.src = 'http://' + at + '/img' }});
           wait(done => {{ const w = new WebSocket('ws://' + at + '/ws'); w.onopen = w.onerror = done }});
         }}
         const at = '127.0.0.1:' + port;
         for (const tag of ['iframe', 'script', 'embed', 'object', 'audio', 'video']) wait(done => {{
           const e = document.createElement(tag); e.onload = e.onerror = done;
           e[tag === 'object' ? 'data' : 'src'] = 'http://' + at + '/' + tag; document.body?.append(e) ?? document.head.append(e) }});
         wait(done => {{ const x = new XMLHttpRequest(); x.onloadend = done; x.open('POST', 'http://' + at + '/xhr'); x.send('a') }});
         wait(done => {{ const e = new EventSource('http://' + at + '/events'); e.onopen = e.onerror = done }});
         wait(done => {{ navigator.sendBeacon('http://' + at + '/beacon', 'a'); done() }});
         wait(done => {{ const w = new Worker(URL.createObjectURL(new Blob(
           [`fetch('http://${{at}}/worker', {{mode: 'no-cors'}}).catch(() => 0).then(() => postMessage(0))`])));
           w.onmessage = w.onerror = done }});
         wait(done => {{ const p = new RTCPeerConnection({{iceServers: [
           {{urls: 'stun:' + at}}, {{urls: ['turn:' + at, 'turn:' + at + '?transport=tcp'], username: 'a', credential: 'a'}}]}});
           p.createDataChannel('a'); p.createOffer().then(o => p.setLocalDescription(o));
           p.onicecandidate = c => c.candidate || done(); setTimeout(done, 4000) }});
         wait(done => {{ const t = new WebTransport('https://' + at + '/transport'); t.closed.catch(ignore); t.ready.then(done, done) }});
         Promise.all(waits).then(() => document.title = 'done ' + waits.length);
         </script>"
    );
    // The load event waits for this, and so does the call.
    site.on("/", html(page + "<img src=/slow>"))
        .on("/slow", html("").after(Duration::from_secs(12)));
    let names = Names::new();
    let subject = Subject::with(settings(&[&site.host()]), names.clone());

    let title = subject.title_of(&site.url("/")).await;
    assert!(title.starts_with("done "), "{title}");
    assert_eq!(canary.connections(), 0, "{:?}", canary.requests());
    let mut datagram = [0; 64];
    let received = timeout(Duration::from_millis(100), udp.recv_from(&mut datagram)).await;
    assert!(received.is_err(), "{received:?}");
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forbidden_part_does_not_make_a_page_forbidden() {
    let (site, canary) = (Site::start().await, Site::start().await);
    site.on(
        "/",
        html(format!("<title>own</title><p>own<iframe src='{}'></iframe>", canary.url("/"))),
    );
    let subject = Subject::allowing(&[&site.host()]);

    assert_eq!(subject.title_of(&site.url("/")).await, "own");
    assert_eq!(subject.text_of(&site.url("/")).await, "own");
    assert_eq!(canary.connections(), 0);
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_looked_up_once_for_a_connection_and_checked_each_time() {
    let site = Site::start().await;
    let turns: Vec<IpAddr> = vec!["127.0.0.1".parse().expect("an address"); 8];
    let rebinding = Names { turns: Some(Arc::new(Mutex::new(turns))), ..Names::new() };
    let subject = Subject::with(settings(&[]), rebinding.clone());

    let url = format!("http://rebinding.example:{}/", site.address.port());
    let error = subject.title(&url).await.expect_err("a refusal");
    assert_eq!(error.code, ErrorCode::InvalidParams, "{error:?}");
    assert!(error.message.contains("rebinding.example"), "{error:?}");
    assert_eq!(site.connections(), 0);
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_opens_what_it_names_and_the_browser_asks_for_nothing_else() {
    let site = Site::start().await;
    site.on("/", html("<title>open</title>"));
    let port = site.address.port();
    let names = Names::new();
    let allowed = ["*.corp.example", "localhost"];
    let subject = Subject::with(settings(&allowed), names.clone());

    let open = format!("http://open.corp.example:{port}/");
    assert_eq!(subject.title_of(&open).await, "open");
    let closed = format!("http://inward.example:{port}/");
    assert!(subject.title(&closed).await.is_err());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut asked = names.asked();
    asked.sort();
    asked.dedup();
    // No requests of the browser itself: no updates, reports or searches.
    assert_eq!(asked, ["inward.example", "open.corp.example"]);
    subject.close().await;

    let subject = Subject::with(
        BrowserSettings { pool: 1, ..settings(&[&format!("localhost:{port}")]) },
        SystemResolver,
    );
    assert_eq!(subject.title_of(&format!("http://localhost:{port}/")).await, "open");
    assert!(subject.title(&site.url("/")).await.is_err());
    assert!(timeout(TIMEOUT, subject.close()).await.is_ok());
}
