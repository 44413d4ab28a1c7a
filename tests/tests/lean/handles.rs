//! Handles: large values in parts.

use serde_json::json;
use service_tests::TestServer;

#[test]
fn what_is_too_long_is_a_handle_with_ranges() {
    let server = TestServer::with([("MCP_API_KEY", "k-12345")]).start();
    let text = (0..3000).map(|number| format!("größer {number}; ")).collect::<Vec<_>>().concat();
    let add = json!({ "action": "add_task", "params": { "title": "t", "description": text } });
    let asked = json!({ "action": "list_tasks", "fields": "id,description", "max_tokens": 100 });
    for body in [add, asked.clone()] {
        assert_eq!(server.post("/api/v2/query").key("k-12345").json(&body).send().status, 200);
    }
    let answer = server.post("/api/v2/query").key("k-12345").json(&asked).send().json();
    let handle = &answer["data"][0]["description"];
    assert_eq!(handle["type"], "text/plain");
    assert_eq!(handle["bytes"], text.len());
    let path = format!("/api/v2/blobs/{}", handle["blob"].as_str().expect("an id"));
    assert_eq!(server.get(&path).status, 401);
    assert_eq!(server.request("GET", &path).key("k-54321").send().status, 403);
    let get = |range: Option<&str>, condition: Option<&str>| {
        let mut request = server.request("GET", &path).key("k-12345");
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        if let Some(condition) = condition {
            request = request.header("If-Range", condition);
        }
        request.send()
    };
    let whole = get(None, None);
    assert_eq!((whole.status, whole.body.as_slice()), (200, text.as_bytes()));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(whole.header("content-type"), Some("text/plain; charset=utf-8"));
    let tag = whole.header("etag").expect("a tag").to_owned();
    let length = text.len();
    for (range, first, last) in [
        ("bytes=0-9", 0, 9),
        ("bytes=5-5", 5, 5),
        ("bytes=-7", length - 7, length - 1),
        ("bytes=100-", 100, length - 1),
        ("bytes=100-99999999", 100, length - 1),
    ] {
        for condition in [None, Some(tag.as_str())] {
            let part = get(Some(range), condition);
            assert_eq!(part.status, 206, "{range}");
            assert_eq!(part.body, text.as_bytes()[first..=last], "{range}");
            let content_range = format!("bytes {first}-{last}/{length}");
            assert_eq!(part.header("content-range"), Some(content_range.as_str()));
        }
    }
    for range in ["bytes=99999999-", "bytes=-0"] {
        let answer = get(Some(range), None);
        assert_eq!(answer.status, 416, "{range}");
        let content_range = format!("bytes */{length}");
        assert_eq!(answer.header("content-range"), Some(content_range.as_str()));
    }
    // A header that is not one byte range, or is about another version, is ignored.
    for (range, condition) in [
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=x", None),
        ("bytes=0-9", Some("\"other\"")),
    ] {
        assert_eq!(get(Some(range), condition).status, 200, "{range}");
    }
    let deleted = server.request("DELETE", &path).key("k-12345").send();
    assert_eq!((deleted.status, deleted.header("allow")), (405, Some("GET, HEAD")));
    let known = server.request("GET", &path).key("k-12345").header("If-None-Match", &tag).send();
    assert!(known.status == 304 && known.body.is_empty(), "{}", known.status);
    let other = server.request("GET", &path).key("k-12345").header("If-None-Match", "\"x\"").send();
    assert_eq!(other.status, 200);
    let gone = server.request("GET", "/api/v2/blobs/b_nope").key("k-12345").send();
    assert!(gone.refusal(404).contains("b_nope"));
}
