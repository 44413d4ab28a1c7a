//! Redirects: the result is the page's own or an error, never an error page of the browser.

use mcp_core::{ActionError, ErrorCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::site::{Site, html, redirect};
use crate::support::Subject;

async fn picture_after(subject: &Subject, url: &str, wait: u32) -> Result<Value, ActionError> {
    let params = json!({"url": url, "wait_ms": wait});
    subject.call("playwright_screenshot", params).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_a_forbidden_host_is_refused_with_its_name() {
    let (site, canary) = (Site::start().await, Site::start().await);
    let secret = canary.url("/secret");
    site.on("/http", redirect(&secret))
        .on("/https", redirect(secret.replace("http:", "https:")))
        .on("/twice", redirect(site.url("/http")))
        .on("/refresh", html("").header("refresh", &format!("0; url={secret}")))
        .on("/meta", html(format!("<meta http-equiv=refresh content='0; url={secret}'>own")))
        .on("/script", html(format!("<script>location.replace('{secret}')</script>own")))
        .on("/form", html(format!("<form action='{secret}' method=post></form>own<script>document.forms[0].submit()</script>")));
    let subject = Subject::allowing(&[&site.host()]);

    let waiting = async {
        for path in ["/http", "/https", "/twice", "/refresh", "/meta", "/script", "/form"] {
            let error = picture_after(&subject, &site.url(path), 1500).await.expect_err(path);
            assert_eq!(error.code, ErrorCode::InvalidParams, "{path}: {error:?}");
            assert!(error.message.contains("MCP_BROWSER_ALLOWED_HOSTS"), "{path}: {error:?}");
            assert!(error.message.contains(&canary.host()), "{path}: {error:?}");
        }
    };
    // Without a wait, the first page may still be open: then the result is that page.
    let at_once = async {
        for path in ["/http", "/https", "/refresh", "/meta", "/script", "/form"] {
            match subject.text(&site.url(path)).await {
                Ok(answer) => {
                    assert!(["own", ""].contains(&answer["text"].as_str().expect("a text")));
                }
                Err(error) => assert!(error.message.contains(&canary.host()), "{path}: {error:?}"),
            }
        }
    };
    tokio::join!(waiting, at_once);
    assert_eq!(canary.connections(), 0);
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_leads_on_at_once_gives_the_next_one() {
    let site = Site::start().await;
    site.on("/script", html("<title>first</title><script>location.replace('/to')</script>"))
        .on("/meta", html("<title>first</title><meta http-equiv=refresh content='0; url=/to'>"))
        .on("/to", html("<title>next</title>"));
    let subject = Subject::allowing(&[&site.host()]);

    for path in ["/script", "/meta"] {
        let answer = subject.title(&site.url(path)).await.expect(path);
        assert_eq!(answer, json!({"title": "next", "url": site.url("/to")}), "{path}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_goes_where_the_web_is_not_is_refused() {
    let site = Site::start().await;
    site.on("/file", redirect("file:///etc/passwd"))
        .on("/data", redirect("data:text/html,<title>other</title>"))
        .on("/chrome", redirect("chrome://version"))
        .on("/javascript", redirect("javascript:document.write('other')"))
        .on("/view-source", redirect(format!("view-source:{}", site.url("/file"))))
        .on("/blank", html("<script>location = 'about:blank'</script>"))
        .on(
            "/blob",
            html(
                "<script>location = URL.createObjectURL(
                 new Blob(['<title>other</title>'], {type: 'text/html'}))</script>",
            ),
        );
    let subject = Subject::allowing(&[&site.host()]);

    for path in ["/file", "/data", "/chrome", "/javascript", "/view-source", "/blank", "/blob"] {
        let error = picture_after(&subject, &site.url(path), 1000).await.expect_err(path);
        let expected = match path {
            // Chromium reports only that these were aborted.
            "/javascript" | "/view-source" => ErrorCode::UpstreamFailed,
            _ => ErrorCode::InvalidParams,
        };
        assert_eq!(error.code, expected, "{path}: {error:?}");
        assert!(error.message.contains("http:// or https://"), "{path}: {error:?}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_cannot_send_itself_to_addresses_of_the_browser() {
    let site = Site::start().await;
    let scripts = [
        "location = 'file:///etc/passwd'",
        "location = 'chrome://version'",
        "location = 'view-source:' + location.origin",
        "location = 'data:text/html,<title>other</title>'",
        "open('file:///etc/passwd', '_self')",
        "location = 'devtools://devtools/bundled/inspector.html'",
        "location = 'filesystem:' + location.origin + '/temporary/x'",
        "open('about:blank', '_blank')",
        "location = 'javascript:\"<title>own</title>\"'",
        "location = 'mailto:somebody@example.com'",
        "location = 'zoommtg://example.com/join'",
    ];
    let subject = Subject::allowing(&[&site.host()]);

    for script in scripts {
        site.on(
            "/",
            html(format!("<title>own</title><script>try {{ {script} }} catch {{}}</script>")),
        );
        let url = site.url("/");
        let (picture, title) =
            tokio::join!(picture_after(&subject, &url, 700), subject.title(&url));
        picture.map_or_else(
            |error| assert_eq!(error.code, ErrorCode::InvalidParams, "{script}: {error:?}"),
            |answer| assert_eq!(answer["url"], url, "{script}"),
        );
        if let Ok(answer) = title {
            assert_eq!(answer["title"], "own", "{script}");
        }
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_does_not_answer_is_a_clear_error() {
    let site = Site::start().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = closed.local_addr().expect("an address").to_string();
    drop(closed);
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let mute = silent.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        loop {
            drop(silent.accept().await);
        }
    });
    let subject = Subject::allowing(&["127.0.0.1", "*.invalid"]);

    for (url, part) in [
        (format!("http://{address}/"), "could not be reached"),
        (format!("https://{address}/"), "could not be reached"),
        (format!("http://{mute}/"), "could not be reached"),
        ("http://nowhere.invalid/".into(), "nowhere.invalid could not be resolved"),
        ("https://nowhere.invalid/".into(), "nowhere.invalid could not be resolved"),
        (site.url("/").replace("http:", "https:"), "ERR_SSL_PROTOCOL_ERROR"),
    ] {
        let error = subject.title(&url).await.expect_err(&url);
        assert_eq!(error.code, ErrorCode::UpstreamFailed, "{url}: {error:?}");
        assert!(error.message.contains(part), "{url}: {error:?}");
    }
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_connection_breaks_off_is_a_clear_error() {
    let half = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = half.local_addr().expect("an address");
    tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = half.accept().await else { continue };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n";
            let _ = stream.read(&mut [0; 1000]).await;
            let _ = stream.write_all(format!("{head}<title>half</title><p>half").as_bytes()).await;
        }
    });
    let subject = Subject::allowing(&["127.0.0.1"]);
    let error = subject.title(&format!("http://{address}/")).await.expect_err("it broke off");
    assert_eq!(error.code, ErrorCode::UpstreamFailed, "{error:?}");
    assert!(error.message.ends_with("its connection broke off"), "{error:?}");
    subject.close().await;
}
