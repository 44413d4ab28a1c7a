//! Faults during a call: it returns a typed error soon, the next call works, and nothing is left
//! over.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use mcp_core::{ActionError, ErrorCode};
use mcp_integrations::browser::{BrowserSettings, SystemResolver};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::site::{Reply, Site, html};
use crate::support::{BROWSER, Subject, TIMEOUT, kill, processes_of, settings};

/// The time within which a fault must be reported.
const SOON: Duration = Duration::from_secs(5);

/// Kills every process of this kind during a call. Returns the call's error.
async fn killed_during(subject: &Subject, site: &Site, kind: &str, params: Value) -> ActionError {
    let before = site.requests().len();
    let kill_it = async {
        let end = Instant::now() + TIMEOUT;
        while site.requests().len() == before {
            assert!(Instant::now() < end, "the page was not asked for");
            sleep(Duration::from_millis(20)).await;
        }
        // Until the page is there. It has no event to wait for.
        sleep(Duration::from_secs(2)).await;
        let victims = subject.processes(kind);
        assert!(!victims.is_empty(), "{kind}: {:?}", subject.processes(""));
        for (id, _) in victims {
            kill(id);
        }
        Instant::now()
    };
    let call = async {
        let outcome = subject.call("playwright_screenshot", params).await;
        (outcome.expect_err(kind), Instant::now())
    };
    let (fault, (error, told)) = tokio::join!(kill_it, call);
    assert!(told.duration_since(fault) < SOON, "{kind}: {:?}", told - fault);
    assert_eq!(error.code, ErrorCode::UpstreamFailed, "{kind}: {error:?}");
    error
}

fn slow(reply: Reply) -> Reply {
    reply.after(Duration::from_secs(25))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_part_is_told_soon_while_the_call_waits() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let settings = BrowserSettings { pool: 1, ..settings(&[&site.host()]) };
    let subject = Subject::with(settings, SystemResolver);

    let params = json!({"url": site.url("/"), "wait_ms": 20_000});
    for (kind, part) in [("--type=renderer", "crashed its tab"), (BROWSER, "the browser ended")] {
        let error = killed_during(&subject, &site, kind, params.clone()).await;
        assert!(error.message.contains(part), "{kind}: {error:?}");
        assert_eq!(subject.title_of(&site.url("/")).await, "page", "{kind}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_part_is_told_soon_while_the_page_loads() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"))
        .on("/part", html("<img src=/slow>part"))
        .on("/slow", slow(html("")));
    let settings = BrowserSettings { pool: 1, ..settings(&[&site.host()]) };
    let subject = Subject::with(settings, SystemResolver);

    for (kind, path) in [("--type=renderer", "/part"), (BROWSER, "/part"), (BROWSER, "/slow")] {
        killed_during(&subject, &site, kind, json!({"url": site.url(path)})).await;
        assert_eq!(subject.title_of(&site.url("/")).await, "page", "{kind}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dies_between_calls_is_replaced() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let settings = BrowserSettings { pool: 1, ..settings(&[&site.host()]) };
    let subject = Subject::with(settings, SystemResolver);

    for kind in [BROWSER, "--type=renderer"] {
        assert_eq!(subject.title_of(&site.url("/")).await, "page", "{kind}");
        subject.until_warm().await;
        for (id, _) in subject.processes(kind) {
            kill(id);
        }
        if kind == BROWSER {
            // The browser ends without another call.
            subject.until_processes("", |left| left == 0).await;
        }
        assert_eq!(subject.title_of(&site.url("/")).await, "page", "{kind}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_hangs_or_never_ends_meets_the_deadline() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"))
        .on("/busy", html("<script>setTimeout(() => { for (;;); }, 0)</script>busy"))
        .on("/slow", html("").after(Duration::from_mins(1)));
    let subject = Subject::allowing(&[&site.host()]);

    let (busy, slow) = (site.url("/busy"), site.url("/slow"));
    let busy =
        async { subject.call("playwright_screenshot", json!({"url": busy, "wait_ms": 500})).await };
    let (busy, slow) = tokio::join!(busy, subject.title(&slow));
    let slow = slow.expect_err("a deadline");
    assert_eq!(slow.code, ErrorCode::UpstreamTimeout, "{slow:?}");
    if let Err(busy) = busy {
        assert_eq!(busy.code, ErrorCode::UpstreamTimeout, "{busy:?}");
    }
    assert_eq!(subject.title_of(&site.url("/")).await, "page");
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_dropped_gives_its_browser_back() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>")).on("/slow", html("").after(Duration::from_mins(1)));
    let settings = BrowserSettings { pool: 1, ..settings(&[&site.host()]) };
    let subject = Subject::with(settings, SystemResolver);

    for wait in [10, 300, 3000] {
        let call = subject.title(&site.url("/slow")).await_for(wait).await;
        assert!(call.is_none());
        assert_eq!(subject.title_of(&site.url("/")).await, "page", "{wait}");
    }
    subject.close().await;
}

trait AwaitFor: Future + Sized {
    /// Returns its output after this many milliseconds, and drops it.
    async fn await_for(self, milliseconds: u64) -> Option<Self::Output> {
        timeout(Duration::from_millis(milliseconds), self).await.ok()
    }
}

impl<F: Future> AwaitFor for F {}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_the_calls_that_are_under_way() {
    let site = Site::start().await;
    site.on("/slow", html("").after(Duration::from_mins(1)));
    let subject = Subject::allowing(&[&site.host()]);

    let url = site.url("/slow");
    let close = async {
        sleep(Duration::from_secs(2)).await;
        subject.browser.close().await;
    };
    let (call, ()) = tokio::join!(subject.title(&url), close);
    assert_eq!(call.expect_err("it is closed").code, ErrorCode::Unavailable);
    let error = subject.title(&url).await.expect_err("it is closed");
    assert_eq!(error.code, ErrorCode::Unavailable);
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_dropped_leaves_nothing() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let directory = TempDir::new().expect("a folder");
    let subject = Subject::allowing(&[&site.host()]);
    assert_eq!(subject.title_of(&site.url("/")).await, "page");
    let home = subject.dropped();
    until_nothing_is_left(&home).await;
    drop(directory);
}

/// The server that another test kills: it has a browser and does nothing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "another test starts it"]
#[expect(clippy::disallowed_methods, reason = "there is no other way to tell a test something")]
async fn server_to_be_killed() {
    let Ok(directory) = std::env::var("MCP_TEST_DIRECTORY") else { return };
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let settings = BrowserSettings { directory: directory.into(), ..settings(&[&site.host()]) };
    let subject = Subject::in_its_own(settings);
    subject.title_of(&site.url("/")).await;
    sleep(Duration::from_mins(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_when_the_server_is_killed() {
    let directory = TempDir::new().expect("a folder");
    let mut server = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "faults::server_to_be_killed", "--ignored"])
        .env("MCP_TEST_DIRECTORY", directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server");
    let end = Instant::now() + TIMEOUT;
    while processes_of(directory.path(), "--type=renderer").is_empty() {
        assert!(Instant::now() < end, "no browser was started");
        sleep(Duration::from_millis(20)).await;
    }
    server.kill().expect("SIGKILL");
    server.wait().expect("its end");
    until_nothing_is_left(directory.path()).await;
}

async fn until_nothing_is_left(directory: &std::path::Path) {
    let end = Instant::now() + TIMEOUT;
    let left = || {
        let files = fs::read_dir(directory).map_or(0, Iterator::count);
        (files, processes_of(directory, ""))
    };
    while left() != (0, Vec::new()) {
        assert!(Instant::now() < end, "{:?}", left());
        sleep(Duration::from_millis(20)).await;
    }
}
