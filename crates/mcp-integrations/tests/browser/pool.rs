//! The number of browsers, the queue, and rejected calls.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::ErrorCode;
use mcp_integrations::browser::{BrowserSettings, SystemResolver};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::site::{Site, html};
use crate::support::{Subject, TIMEOUT, settings};

#[tokio::test(flavor = "multi_thread")]
async fn calls_wait_for_a_browser_and_too_many_are_turned_away() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>")).on("/slow", html("").after(Duration::from_mins(1)));
    let settings = BrowserSettings { pool: 1, ..settings(&[&site.host()]) };
    let subject = Arc::new(Subject::with(settings, SystemResolver));

    // One call runs and eight wait; all last longer than this test.
    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let (subject, url) = (Arc::clone(&subject), site.url("/slow"));
        calls.spawn(async move { subject.title(&url).await });
    }
    for _ in 0..3 {
        let outcome = calls.join_next().await.expect("a call").expect("no panic");
        let error = outcome.expect_err("a refusal");
        assert_eq!(error.code, ErrorCode::Busy, "{error:?}");
        assert!(error.retry_after.is_some() && error.message.contains("MCP_BROWSER_POOL"));
    }
    let more = timeout(Duration::from_millis(500), calls.join_next()).await;
    assert!(more.is_err(), "{more:?}");
    // Their places are free as soon as they are gone.
    calls.shutdown().await;
    let end = Instant::now() + TIMEOUT;
    let outcome = loop {
        match subject.title(&site.url("/")).await {
            Err(error) if error.code == ErrorCode::Busy && Instant::now() < end => {
                sleep(Duration::from_millis(20)).await;
            }
            outcome => break outcome,
        }
    };
    assert_eq!(outcome.expect("a page")["title"], "page");
    Arc::into_inner(subject).expect("the only one").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_never_more_browsers_than_the_pool_has() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let subject = Arc::new(Subject::allowing(&[&site.host()]));

    let mut calls = JoinSet::new();
    for _ in 0..6 {
        let (subject, url) = (Arc::clone(&subject), site.url("/"));
        calls.spawn(async move { subject.title(&url).await.map(|_| ()) });
    }
    let mut most = 0;
    while !calls.is_empty() {
        most = most.max(subject.browsers().len());
        while let Some(outcome) = calls.try_join_next() {
            outcome.expect("no panic").expect("a page");
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(most <= 2, "{most}");
    Arc::into_inner(subject).expect("the only one").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_no_call_uses_ends() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let idle = Duration::from_secs(1);
    let kept = BrowserSettings { idle, ..settings(&[&site.host()]) };
    let none = BrowserSettings { idle: Duration::ZERO, ..kept.clone() };
    for settings in [kept, none] {
        let subject = Subject::with(settings, SystemResolver);
        for _ in 0..2 {
            assert_eq!(subject.title_of(&site.url("/")).await, "page");
            // The guard too.
            subject.until_processes("", |left| left == 0).await;
            sleep(idle).await;
            subject.until_processes("", |left| left == 0).await;
        }
        subject.close().await;
    }
}
