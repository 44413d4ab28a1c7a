//! How many browsers there are, who waits, and who is turned away.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::ErrorCode;
use mcp_integrations::browser::{BrowserSettings, SystemResolver};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::{Site, Subject, html, settings};

#[tokio::test(flavor = "multi_thread")]
async fn calls_wait_for_a_browser_and_too_many_are_turned_away() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>")).on("/slow", html("").after(Duration::from_mins(1)));
    let settings = BrowserSettings { pool: 1, ..settings(&[&site.host()]) };
    let subject = Arc::new(Subject::with(settings, SystemResolver));

    let mut calls = JoinSet::new();
    for _ in 0..12 {
        let (subject, url) = (Arc::clone(&subject), site.url("/"));
        calls.spawn(async move { subject.title(&url).await });
    }
    let outcomes = calls.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 9, "one at work and eight that wait");
    for error in refused.into_iter().filter_map(Result::err) {
        assert_eq!(error.code, ErrorCode::Busy, "{error:?}");
        assert!(error.retry_after.is_some() && error.message.contains("MCP_BROWSER_POOL"));
    }
    assert_eq!(subject.title_of(&site.url("/")).await, "page");
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
        most = most.max(
            subject
                .processes("chromedriver --port=0 --log")
                .iter()
                .filter(|(_, line)| !line.starts_with("/bin/sh"))
                .count(),
        );
        while calls.try_join_next().is_some() {}
        sleep(Duration::from_millis(20)).await;
    }
    assert!(most <= 2, "{most}");
    Arc::into_inner(subject).expect("the only one").close().await;
}
