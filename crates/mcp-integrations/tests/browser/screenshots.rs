//! Pictures: their sizes and what they show.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::site::{Site, html};
use crate::support::Subject;

/// Returns a picture's width and height from the PNG's head (PNG specification, section 11.2.2).
pub(crate) fn size(answer: &Value) -> (u32, u32) {
    assert_eq!(answer["content_type"], "image/png");
    let text = answer["screenshot_base64"].as_str().expect("a picture");
    let bytes = decoded(&text[..32]);
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

/// Decodes base64 without padding (RFC 4648, section 4).
fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |byte: &u8| DIGITS.iter().position(|digit| digit == byte).expect("base64");
    text.as_bytes()
        .chunks(4)
        .flat_map(|four| {
            let bits = four.iter().fold(0, |bits, byte| bits << 6 | value(byte));
            [bits >> 16, bits >> 8, bits].map(|byte| u8::try_from(byte & 255).expect("a byte"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_exactly_as_large_as_it_is_wanted() {
    let site = Site::start().await;
    site.on("/", html("<div style='height: 5000px'>tall</div>")).on(
        "/told",
        html("<script>document.title = [innerWidth, innerHeight, devicePixelRatio]</script>"),
    );
    let subject = Subject::allowing(&[&site.host()]);

    let answer = subject.call("playwright_screenshot", json!({"url": site.url("/")})).await;
    assert_eq!(size(&answer.expect("a picture")), (1280, 720));
    for (width, height) in [(16, 16), (333, 777), (1920, 1080), (4096, 4096)] {
        let params =
            json!({"url": site.url("/"), "viewport_width": width, "viewport_height": height});
        let answer = subject.call("playwright_screenshot", params).await.expect("a picture");
        assert_eq!(size(&answer), (width, height));
        assert_eq!(answer["url"], site.url("/"));
    }
    assert_eq!(subject.title_of(&site.url("/told")).await, "1280,720,1");
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_page_is_shown_up_to_8000_pixels() {
    let site = Site::start().await;
    let block = |width: &str, height: &str| {
        html(format!(
            "<!doctype html><body style='margin:0'><div style='background:linear-gradient(red,blue);\
             width:{width};height:{height}'></div>"
        ))
    };
    site.on("/low", block("10px", "10px"))
        .on("/tall", block("10px", "3000px"))
        .on("/wide", block("2000px", "1000px"))
        .on("/endless", block("10px", "40000px"));
    let subject = Subject::allowing(&[&site.host()]);

    for (path, expected) in [
        ("/low", (400, 300)),
        ("/tall", (400, 3000)),
        ("/wide", (2000, 1000)),
        ("/endless", (400, 8000)),
    ] {
        let params = json!({
            "url": site.url(path), "full_page": true,
            "viewport_width": 400, "viewport_height": 300,
        });
        let answer = subject.call("playwright_screenshot", params).await.expect(path);
        assert_eq!(size(&answer), expected, "{path}");
        let cut = "the page is 400 by 40000 pixels, the picture shows its first 400 by 8000";
        let cut = if path == "/endless" { json!(cut) } else { Value::Null };
        assert_eq!(answer["cut"], cut, "{path}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_is_taken_after_the_wait() {
    let site = Site::start().await;
    let script = "<!doctype html><body style='margin:0'><script>
         setTimeout(() => { document.body.style.height = '2000px' }, 1000)</script>";
    site.on("/", html(script));
    let subject = Subject::allowing(&[&site.host()]);

    let start = Instant::now();
    let params = json!({"url": site.url("/"), "full_page": true, "wait_ms": 3000});
    let answer = subject.call("playwright_screenshot", params).await.expect("a picture");
    assert_eq!(size(&answer), (1280, 2000));
    assert!(start.elapsed() >= Duration::from_secs(3));
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_wait_ends_within_the_deadline() {
    let site = Site::start().await;
    site.on("/", html("page"));
    let subject = Subject::allowing(&[&site.host()]);

    let params = json!({"url": site.url("/"), "wait_ms": 30_000});
    let answer = subject.call("playwright_screenshot", params).await.expect("a picture");
    assert_eq!(size(&answer), (1280, 720));
    subject.close().await;
}
