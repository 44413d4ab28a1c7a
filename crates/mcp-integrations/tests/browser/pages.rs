//! Titles and texts.

use mcp_core::ErrorCode;
use serde_json::json;

use crate::site::{Site, html, redirect};
use crate::support::Subject;

#[tokio::test(flavor = "multi_thread")]
async fn the_title_and_the_address_after_redirects_are_given() {
    let site = Site::start().await;
    site.on("/", redirect("/to?q=1#part"))
        .on("/to", html("<title>Grüße &amp; 你好</title><script>document.title += ' 🦀'</script>"));
    let subject = Subject::allowing(&[&site.host()]);

    let answer = subject.title(&site.url("/")).await.expect("a page");
    assert_eq!(answer, json!({"title": "Grüße & 你好 🦀", "url": site.url("/to?q=1#part")}));
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_is_what_a_reader_sees() {
    let site = Site::start().await;
    site.on(
        "/",
        html(
            "<style>p { text-transform: uppercase }</style><h1>Head</h1><p>para</p>
             <div style='display:none'>hidden</div><script>var code = 1</script>
             <script>document.body.append('made')</script>",
        ),
    )
    .on("/plain", html("a < b").header("content-type", "text/plain"))
    .on("/status", {
        let mut reply = html("<p>nothing here</p>");
        reply.status = 404;
        reply
    });
    let subject = Subject::allowing(&[&site.host()]);

    let text = subject.text_of(&site.url("/")).await;
    assert!(text.starts_with("Head\n\nPARA\n") && text.ends_with("made"), "{text:?}");
    assert!(!text.contains("hidden") && !text.contains("code"), "{text:?}");
    assert_eq!(subject.text_of(&site.url("/plain")).await, "a < b");
    assert_eq!(subject.text_of(&site.url("/status")).await, "nothing here");
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_cut_between_characters() {
    let site = Site::start().await;
    site.on("/", html("🦀🦀äö€x"));
    let subject = Subject::allowing(&[&site.host()]);

    for (most, text, truncated) in [
        (1, "🦀", true),
        (2, "🦀🦀", true),
        (3, "🦀🦀ä", true),
        (5, "🦀🦀äö€", true),
        (6, "🦀🦀äö€x", false),
        (7, "🦀🦀äö€x", false),
    ] {
        let params = json!({"url": site.url("/"), "max_chars": most});
        let answer = subject.call("playwright_get_text", params).await.expect("a page");
        let expected = json!({"text": text, "truncated": truncated, "url": site.url("/")});
        assert_eq!(answer, expected, "{most}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_tampers_or_asks_is_read_all_the_same() {
    let site = Site::start().await;
    site.on(
        "/",
        html(
            "<title>true</title>true<script>
             Object.defineProperty(document, 'title', {get: () => 'false'});
             Object.defineProperty(document, 'URL', {get: () => 'http://false/'});
             Object.defineProperty(document.body, 'innerText', {get: () => 'false'});
             Array.prototype.toJSON = () => 'false'; JSON.stringify = () => 'false';
             alert('stop'); confirm('stop'); prompt('stop'); onbeforeunload = () => 'stop';
             setInterval(() => alert('again'), 50);
             navigator.geolocation.getCurrentPosition(() => {}); Notification.requestPermission();
             </script>",
        ),
    );
    let subject = Subject::allowing(&[&site.host()]);

    let answer = subject.title(&site.url("/")).await.expect("a page");
    assert_eq!(answer, json!({"title": "true", "url": site.url("/")}));
    assert_eq!(subject.text_of(&site.url("/")).await, "true");
    subject.close().await;
}

/// Returns the title of a page that sets it shortly after loading: on a busy machine a call can be
/// earlier.
async fn later_title(subject: &Subject, url: &str) -> String {
    for _ in 0..20 {
        let title = subject.title_of(url).await;
        if !title.is_empty() {
            return title;
        }
    }
    panic!("{url} never has a title");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_sees_what_another_one_left() {
    let site = Site::start().await;
    site.on(
        "/",
        html(
            "<script>
             const seen = [document.cookie, localStorage.length, sessionStorage.length];
             indexedDB.databases().then(list => {
               document.title = JSON.stringify([...seen, list.length]);
               document.cookie = 'a=b; max-age=9999'; localStorage.a = 1; sessionStorage.a = 1;
               indexedDB.open('a');
             });
             </script>",
        )
        .header("set-cookie", "left=over; Max-Age=9999; HttpOnly"),
    )
    .on("/echo", html(""));
    let settings = crate::support::settings(&[&site.host()]);
    let settings = mcp_integrations::browser::BrowserSettings { pool: 1, ..settings };
    let subject = Subject::with(settings, mcp_integrations::browser::SystemResolver);

    let first = later_title(&subject, &site.url("/")).await;
    for _ in 0..3 {
        assert_eq!(later_title(&subject, &site.url("/")).await, first);
    }
    assert!(first.starts_with("[\"\",0,0,0]"), "{first}");
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_is_a_clear_error() {
    let site = Site::start().await;
    site.on("/download", html("x").header("content-disposition", "attachment; filename=a.bin"))
        .on("/pdf", html("%PDF-1.4").header("content-type", "application/pdf"))
        .on("/none", {
            let mut reply = html("");
            reply.status = 204;
            reply
        });
    let subject = Subject::allowing(&[&site.host()]);

    for path in ["/download", "/pdf", "/none"] {
        let error = subject.title(&site.url(path)).await.expect_err(path);
        assert_eq!(error.code, ErrorCode::UpstreamFailed, "{path}: {error:?}");
        assert!(error.message.contains("is not a page"), "{path}: {error:?}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_element_and_no_script_stands_before_what_the_document_says() {
    let site = Site::start().await;
    let named = ["readyState", "title", "body", "documentElement"]
        .map(|name| format!("<form name={name}></form>"))
        .concat();
    let override_state = "<script>Object.defineProperty(document, 'readyState',
        {get() { return 'loading' }})</script>";
    site.on("/", html(format!("<title>Mine</title>{override_state}<p>whole</p>{named}")))
        .on("/huge", html("<script>document.title = '🦀'.repeat(1 << 20)</script>"));
    let subject = Subject::allowing(&[&site.host()]);
    assert_eq!(subject.title_of(&site.url("/")).await, "Mine");
    assert_eq!(subject.text_of(&site.url("/")).await, "whole");
    assert_eq!(subject.title_of(&site.url("/huge")).await, "🦀".repeat(2048));
    subject.close().await;
}
