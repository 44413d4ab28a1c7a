//! The wait for a page to load, and the results of pages that never finish.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::ErrorCode;
use mcp_integrations::browser::{BrowserSettings, SystemResolver};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::site::{Site, html, never};
use crate::support::{Subject, settings};

/// The number of concurrent calls that only wait.
const AT_ONCE: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_never_ends_does_not_hold_the_page_up() {
    let site = Site::start().await;
    site.on("/never", never())
        .on("/stalled", html("/* */").header("content-type", "text/css").stalled());
    let parts: &'static [(&str, &str)] = &[
        ("image", "<img src=/never>"),
        ("stalled image", "<img src=/stalled>"),
        ("style sheet", "<link rel=stylesheet href=/never>"),
        ("stalled style sheet", "<link rel=stylesheet href=/stalled>"),
        ("imported style sheet", "<style>@import url(/never)</style>"),
        ("script", "<script src=/never></script>"),
        ("stalled script", "<script src=/stalled></script>"),
        ("frame", "<iframe src=/never></iframe>"),
        ("stream", "<script>fetch('/stalled').then((answer) => answer.text())</script>"),
    ];
    let mut calls = Vec::new();
    for (name, part) in parts {
        let path = format!("/{}", name.replace(' ', "-"));
        site.on(&path, html(format!("<title>whole</title>{part}<p>text of the page")));
        let mut add = |action, member, expected| {
            calls.push((*name, site.url(&path), action, member, expected));
        };
        add("playwright_get_text", "text", "text of the page");
        if name.ends_with("sheet") {
            add("playwright_screenshot", "content_type", "image/png");
        }
        if *name == "script" {
            add("playwright_get_title", "title", "whole");
        }
    }
    let settings = BrowserSettings { pool: AT_ONCE, ..settings(&[&site.host()]) };
    let subject = Arc::new(Subject::with(settings, SystemResolver));
    // The time in the queue counts, so no call waits for a browser.
    for calls in calls.chunks(AT_ONCE) {
        let mut running = JoinSet::new();
        for (name, url, action, member, expected) in calls.iter().cloned() {
            let subject = Arc::clone(&subject);
            running.spawn(async move {
                let answer = subject.call(action, json!({"url": url})).await;
                let answer = answer.unwrap_or_else(|error| panic!("{name}: {error:?}"));
                assert_eq!(answer[member], expected, "{name}");
                let why = answer["incomplete"].as_str().unwrap_or_default();
                assert!(why.contains("request has not ended"), "{name}: {answer}");
            });
        }
        while let Some(call) = running.join_next().await {
            call.expect("no panic");
        }
    }
    Arc::into_inner(subject).expect("the only one").close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_never_ends_is_read_as_it_is() {
    let site = Site::start().await;
    site.on("/body", html("<title>half</title><p>half of it").stalled())
        .on("/open", html("<script>onload = () => { document.open(); document.write('<title>half</title><p>half of it') }</script>"));
    let settings = BrowserSettings { pool: 4, ..settings(&[&site.host()]) };
    let subject = Subject::with(settings, SystemResolver);
    let check = async |path: &str| {
        let url = site.url(path);
        let (text, title) = tokio::join!(subject.text(&url), subject.title(&url));
        let answer = text.expect(path);
        assert_eq!(answer["text"], "half of it", "{path}");
        assert!(answer["incomplete"].is_string(), "{path}: {answer}");
        assert_eq!(title.expect(path)["title"], "half", "{path}");
    };
    tokio::join!(check("/body"), check("/open"));
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_requests_bring_is_waited_for() {
    let site = Site::start().await;
    let show = |url: &str| {
        format!(
            "<title>Loading</title><body style='margin:0'><p>Loading<script>
             const show = (text) => {{
               document.querySelector('p').textContent = document.title = text;
               document.body.style.height = '3000px';
             }};
             const get = (url) => fetch(url).then((answer) => answer.text());
             {url}
             </script>"
        )
    };
    site.on("/data", html("done").after(Duration::from_millis(300)))
        .on("/slow", html("done").after(Duration::from_secs(4)))
        .on("/one", html(show("get('/data').then(show)")))
        .on("/later", html(show("onload = () => setTimeout(() => get('/data').then(show), 100)")))
        .on("/two", html(show("get('/data').then(() => get('/data')).then(show)")))
        .on("/script", html(show("window.done = () => show('done'); onload = () => { const part = document.createElement('script'); part.src = '/part'; document.body.append(part) }")))
        .on("/part", html("done()").header("content-type", "text/javascript").after(Duration::from_secs(1)))
        .on("/slower", html(show("get('/slow').then(show)")));
    let settings = BrowserSettings { pool: 4, ..settings(&[&site.host()]) };
    let subject = Subject::with(settings, SystemResolver);

    for path in ["/one", "/later", "/two", "/script"] {
        let answer = subject.text(&site.url(path)).await.expect(path);
        assert_eq!(answer["text"], "done", "{path}: {answer}");
        let answer = subject.title(&site.url(path)).await.expect(path);
        assert_eq!(answer["title"], "done", "{path}: {answer}");
    }
    let params = |more: Value| {
        let mut params = json!({"url": site.url("/slower")});
        params
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        params
    };
    let url = site.url("/slower");
    let waits = || params(json!({"wait_ms": 6000}));
    let whole = params(json!({"wait_ms": 6000, "full_page": true}));
    let (early, text, title, picture) = tokio::join!(
        subject.text(&url),
        subject.call("playwright_get_text", waits()),
        subject.call("playwright_get_title", waits()),
        subject.call("playwright_screenshot", whole),
    );
    let early = early.expect("a page");
    assert_eq!(early["text"], "Loading");
    assert!(early["incomplete"].as_str().expect("a reason").contains("wait_ms"), "{early}");
    for (answer, member) in [(text, "text"), (title, "title")] {
        let answer = answer.expect(member);
        assert_eq!((&answer[member], &answer["incomplete"]), (&json!("done"), &Value::Null));
    }
    let answer = picture.expect("a picture");
    assert_eq!(crate::screenshots::size(&answer), (1280, 3000));
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_rests_is_read_soon() {
    let site = Site::start().await;
    site.on("/clock", html("<p>text<b></b><script>setInterval(() => { document.querySelector('b').textContent = ' ' + Math.random().toString().repeat(Math.random() * 9) }, 20)</script>"))
        .on("/stream", html("<p>text<script>new EventSource('/events')</script>"))
        .on("/events", html(": \n\n").header("content-type", "text/event-stream").stalled());
    let subject = Subject::allowing(&[&site.host()]);
    for path in ["/clock", "/stream"] {
        let answer = subject.text(&site.url(path)).await.expect(path);
        assert!(answer["text"].as_str().expect("a text").starts_with("text"), "{answer}");
        assert_eq!(answer["incomplete"], Value::Null, "{path}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_loads_itself_again_for_ever_says_so() {
    let site = Site::start().await;
    site.on(
        "/load",
        html("<title>again</title><p>again<script>onload = () => location.reload()</script>"),
    )
    .on("/parse", html("<title>again</title><p>again<script>location.reload()</script>"))
    .on("/refresh", html("<title>again</title><meta http-equiv=refresh content=0><p>again"))
    .on("/a", html("<title>again</title><p>again<script>location = '/b?' + Math.random()</script>"))
    .on(
        "/b",
        html("<title>again</title><p>again<script>location = '/a?' + Math.random()</script>"),
    );
    let subject = Subject::allowing(&[&site.host()]);
    for path in ["/load", "/parse", "/refresh", "/a"] {
        match subject.text(&site.url(path)).await {
            Ok(answer) => {
                assert!(["again", ""].contains(&answer["text"].as_str().expect("a text")));
                let why = answer["incomplete"].as_str().unwrap_or_default();
                assert!(why.contains("keeps loading"), "{path}: {answer}");
            }
            // A slow machine may not manage to read between two of the page's documents.
            Err(error) => assert!(error.message.contains("keeps loading"), "{path}: {error:?}"),
        }
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_never_ends_is_ended() {
    let site = Site::start().await;
    site.on(
        "/once",
        html("<title>page</title><p>text<script>setTimeout(() => { for (;;); }, 0)</script>"),
    )
    .on("/many", html("<p>text<script>for (;;);</script>".repeat(9)))
    .on("/inline", html("<title>page</title><p>text<script>for (;;);</script> after it"))
    .on(
        "/again",
        html("<title>page</title><p>text<script>setInterval(() => { for (;;); }, 0)</script>"),
    );
    let subject = Subject::allowing(&[&site.host()]);
    let ended = async |path: &str, text: &str| {
        let answer = subject.text(&site.url(path)).await.expect(path);
        assert_eq!(answer["text"], text, "{path}");
        let why = answer["incomplete"].as_str().unwrap_or_default();
        assert_eq!(why, "a script kept the page busy and was ended", "{path}");
    };
    tokio::join!(ended("/once", "text"), ended("/inline", "text after it"));
    let (again, many) = (site.url("/again"), site.url("/many"));
    let (again, many) = tokio::join!(subject.text(&again), subject.text(&many));
    if let Ok(answer) = &again {
        assert_eq!(answer["text"], "text");
    }
    for error in [again.err(), Some(many.expect_err("busy scripts"))].into_iter().flatten() {
        assert_eq!(error.code, ErrorCode::UpstreamTimeout, "{error:?}");
        assert!(error.message.contains("its scripts keep the browser busy"), "{error:?}");
    }
    subject.close().await;
}
