//! Without a browser, the error says how to get one.

use mcp_core::ErrorCode;
use mcp_integrations::browser::{BrowserSettings, SystemResolver};

use crate::site::{Site, html};
use crate::support::{Subject, settings};

#[tokio::test(flavor = "multi_thread")]
async fn without_chromium_the_answer_says_what_to_install_and_to_set() {
    let usual = BrowserSettings::default;
    for missing in [
        BrowserSettings { path: "/nowhere::/empty".into(), ..usual() },
        BrowserSettings { path: String::new(), ..usual() },
        BrowserSettings { chromium: Some("/nowhere/chromium".into()), ..usual() },
    ] {
        let subject = Subject::with(missing, SystemResolver);
        let error = subject.title("http://example.com/").await.expect_err("no browser");
        assert_eq!(error.code, ErrorCode::Unavailable, "{error:?}");
        for part in ["apt-get install chromium", "MCP_CHROMIUM", "MCP_WEBDRIVER_URL"] {
            assert!(error.message.contains(part), "{part}: {error:?}");
        }
        subject.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_no_browser_is_a_clear_error() {
    let broken = BrowserSettings { chromium: Some("/bin/true".into()), ..settings(&[]) };
    let closed = BrowserSettings {
        webdriver_url: Some("http://127.0.0.1:9/".parse().expect("a URL")),
        ..settings(&[])
    };
    for settings in [broken, closed] {
        let subject = Subject::with(settings, SystemResolver);
        let error = subject.title("http://example.com/").await.expect_err("no browser");
        assert_eq!(error.code, ErrorCode::Unavailable, "{error:?}");
        assert!(error.cause.is_some(), "{error:?}");
        subject.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webdriver_that_runs_already_is_used() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let (url, driver) = crate::support::running_driver().await;
    let settings = BrowserSettings {
        webdriver_url: Some(url),
        path: String::new(),
        ..settings(&[&site.host()])
    };
    let subject = Subject::with(settings, SystemResolver);

    for _ in 0..2 {
        assert_eq!(subject.title_of(&site.url("/")).await, "page");
    }
    subject.close().await;
    driver.close().await;
}
