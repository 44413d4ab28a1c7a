//! The contents of a page's text, and the status of its response in the result.

use mcp_core::ErrorCode;
use serde_json::{Value, json};

use crate::site::{Reply, Site, html};
use crate::support::Subject;

#[tokio::test(flavor = "multi_thread")]
async fn open_shadow_roots_are_part_of_the_text() {
    let site = Site::start().await;
    site.on(
        "/",
        html(
            "<h1>Head</h1><x-card><b slot=name>Name</b>in the slot</x-card><p>after
             <script>
             customElements.define('x-inner', class extends HTMLElement {
               constructor() {
                 super().attachShadow({mode: 'open'}).innerHTML =
                   '<style>i { display: none }</style><p>inner <em>words</em></p><i>hidden</i>';
               }
             });
             customElements.define('x-card', class extends HTMLElement {
               constructor() {
                 super().attachShadow({mode: 'open'}).innerHTML =
                   '<div>first</div><slot name=name></slot><div><slot></slot></div><x-inner></x-inner>';
               }
             });
             </script>",
        ),
    )
    .on(
        "/app",
        html(
            "<my-app></my-app><script>customElements.define('my-app', class extends HTMLElement {
               connectedCallback() {
                 const root = this.attachShadow({mode: 'open'});
                 root.innerHTML = 'Loading';
                 fetch('/data').then((answer) => answer.text()).then((text) => { root.innerHTML = text });
               }
             })</script>",
        ),
    )
    .on("/data", html("the app's text").after(std::time::Duration::from_millis(500)));
    let subject = Subject::allowing(&[&site.host()]);
    let text = subject.text_of(&site.url("/")).await;
    assert_eq!(text, "Head\nfirst\nName\nin the slot\n\ninner words\n\nafter");
    assert_eq!(subject.text_of(&site.url("/app")).await, "the app's text");
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_are_part_of_the_text() {
    let site = Site::start().await;
    let port = site.address.port();
    let foreign = format!("http://localhost:{port}");
    site.on(
        "/",
        html(format!(
            "<p>first<iframe src=/same></iframe><p>second<iframe src='{foreign}/foreign'></iframe>\
             <iframe srcdoc='<p>written'></iframe><div><iframe hidden src=/hidden></iframe></div>\
             <iframe src='http://10.0.0.1/'></iframe><p>last"
        )),
    )
    .on("/same", html("same origin"))
    .on("/foreign", html(format!("foreign<iframe src=/nested></iframe><iframe src='{}'></iframe>", site.url("/back"))))
    .on("/nested", html("nested"))
    .on("/back", html("back"))
    .on("/hidden", html("hidden"))
    .on("/set", html("<frameset cols='50%,50%'><frame src=/same><frame src=/rows><noframes>none</noframes></frameset>"))
    .on("/rows", html("<frameset rows='50%,50%'><frame src=/nested><frame src=/back></frameset>"))
    .on("/shadow", html("<div></div><script>document.querySelector('div').attachShadow({mode: 'open'}).innerHTML = '<iframe src=/same></iframe>'</script>"));
    let subject = Subject::allowing(&[&site.host(), &format!("localhost:{port}")]);
    let text = subject.text_of(&site.url("/")).await;
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        ["first", "same origin", "second", "foreign", "nested", "back", "written", "last"],
        "{text:?}"
    );
    assert_eq!(subject.text_of(&site.url("/set")).await, "same origin\nnested\nback");
    assert_eq!(subject.text_of(&site.url("/shadow")).await, "same origin");
    let params = json!({"url": site.url("/"), "max_chars": 12});
    let answer = subject.call("playwright_get_text", params).await.expect("a page");
    assert_eq!(answer["truncated"], true);
    assert_eq!(answer["text"].as_str().expect("a text").chars().count(), 12);
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_no_declared_encoding_is_utf_8_where_it_can_be() {
    let site = Site::start().await;
    let undeclared = |body: &[u8]| html(body).header("content-type", "text/html");
    let text = "Grüße aus Köln, 你好, Привет";
    let late = format!("{}<p>{text}", "<p>plain words".repeat(5000));
    site.on("/short", undeclared("é".as_bytes()))
        .on("/text", undeclared(text.as_bytes()))
        .on("/late", undeclared(late.as_bytes()))
        .on("/plain", html(text).header("content-type", "text/plain"))
        .on("/none", html(format!("<!doctype html><p>{text}")).without("content-type"))
        .on("/latin", undeclared(b"<meta charset=windows-1252>Gr\xfc\xdfe"))
        .on("/guess", undeclared(b"<p>Gr\xfc\xdfe aus K\xf6ln, sch\xf6ne Stra\xdfe"))
        .on("/header", html(b"Gr\xfc\xdfe").header("content-type", "text/html; charset=latin1"));
    let subject = Subject::allowing(&[&site.host()]);
    for (path, end) in [
        ("/short", "é"),
        ("/text", text),
        ("/plain", text),
        ("/none", text),
        ("/latin", "Grüße"),
        ("/guess", "Grüße aus Köln, schöne Straße"),
        ("/header", "Grüße"),
    ] {
        assert_eq!(subject.text_of(&site.url(path)).await, end, "{path}");
    }
    let params = json!({"url": site.url("/late"), "max_chars": 1_000_000});
    let answer = subject.call("playwright_get_text", params).await.expect("a page");
    assert!(answer["text"].as_str().expect("a text").ends_with(text));
    subject.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_told_where_it_is_no_success() {
    let site = Site::start().await;
    let page = |status: u16| html("<title>page</title>page").status(status);
    site.on("/ok", page(200))
        .on("/made", page(201))
        .on("/gone", page(410))
        .on("/broken", page(503))
        .on("/to-gone", crate::site::redirect("/gone"))
        .on("/empty", html("").status(404))
        .on("/failed", html("").status(500))
        .on(
            "/file",
            Reply { status: 403, ..html("x") }.header("content-disposition", "attachment"),
        );
    let subject = Subject::allowing(&[&site.host()]);
    for (path, status) in [
        ("/ok", Value::Null),
        ("/made", Value::Null),
        ("/gone", json!(410)),
        ("/broken", json!(503)),
        ("/to-gone", json!(410)),
    ] {
        for action in ["playwright_get_text", "playwright_get_title", "playwright_screenshot"] {
            let answer = subject.call(action, json!({"url": site.url(path)})).await.expect(path);
            assert_eq!(answer["status"], status, "{path}, {action}");
        }
    }
    for (path, status) in [("/empty", "404"), ("/failed", "500"), ("/file", "403")] {
        let error = subject.text(&site.url(path)).await.expect_err(path);
        assert_eq!(error.code, ErrorCode::UpstreamFailed, "{path}: {error:?}");
        assert!(error.message.contains(status), "{path}: {error:?}");
    }
    subject.close().await;
}
