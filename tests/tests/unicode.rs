//! Text is stored byte for byte. Searches ignore case in every script.

use serde_json::{Value, json};
use service_tests::TestServer;

/// Texts that services often change by mistake.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "plain",
        " leading and trailing ",
        "\t\r\n",
        "a\u{0}b",
        "\u{0}",
        "\u{1}\u{1f}\u{7f}\u{85}\u{2028}\u{2029}",
        "é",
        "o\u{301}",
        "a\u{308}\u{323}\u{30a}",
        "🦀👩‍👩‍👧‍👦🏳️‍🌈",
        "\u{10ffff}\u{fffe}\u{ffff}\u{fdd0}",
        "\u{feff}bom",
        "שלום עולם",
        "مرحبا \u{202e}desrever\u{202c}",
        "漢字かな交じり文",
        "ﬁ ß ẞ ı İ ſ K Å",
        r#""quoted" \back\slash /slash"#,
        "<script>alert(1)</script>&amp;",
        "'; DROP TABLE tasks; --",
        "%_*?[a-z]",
        "\\u0041 \\n \\",
        "{\"json\":true}",
        "null",
    ]
    .map(Into::into)
    .to_vec();
    texts.push("ü🦀x".repeat(100 * 1024 / 7));
    texts
}

/// Returns the ids of the tasks that a search finds.
fn found(server: &TestServer, query: &str) -> Vec<u64> {
    let tasks = server.data("search_tasks", json!({ "query": query }));
    tasks
        .as_array()
        .expect("a list")
        .iter()
        .map(|task| task["id"].as_u64().expect("an id"))
        .collect()
}

#[test]
fn every_text_comes_back_byte_for_byte_from_everywhere_and_after_a_restart() {
    let server = TestServer::start();
    let texts = texts();
    for text in &texts {
        let task = json!({
            "title": text, "description": text, "priority": text, "status": text, "assigned_to": text,
        });
        let added = server.data("add_task", task);
        for field in ["title", "description", "priority", "status", "assigned_to"] {
            assert_eq!(added[field], *text, "{field}");
        }
        assert_eq!(server.data("add_user", json!({ "username": text }))["username"], *text);
        let set = json!({ "key": text, "value": { text: [text] } });
        assert_eq!(server.data("update_config", set)[text], json!({ text: [text] }));
    }
    let check = |server: &TestServer| {
        let state = server.get("/api/v1/state").data();
        assert_eq!(state["users"], json!(texts));
        for (number, text) in texts.iter().enumerate() {
            let task = &state["tasks"][number];
            for field in ["title", "description", "priority", "status", "assigned_to"] {
                assert_eq!(task[field], *text, "{field}");
            }
            assert_eq!(state["config"][text], json!({ text: [text] }));
            let listed = server.data("list_tasks", json!({ "status": text, "assigned_to": text }));
            assert_eq!(listed, json!([task]), "{text:?}");
            let user = server.data("get_user", json!({ "username": text }));
            assert_eq!((&user["username"], &user["task_count"]), (&json!(text), &json!(1)));
        }
    };
    check(&server);
    let stopped = server.stop();
    check(&TestServer::with([]).in_folder(&stopped.folder).start());
}

#[test]
fn the_log_keeps_texts_as_they_were_sent() {
    let server = TestServer::start();
    for text in texts().into_iter().filter(|text| text.len() < 1000) {
        let _ = server.data("add_user", json!({ "username": text }));
        let entry: Value = server.get("/api/v1/logs?limit=1").data()[0].take();
        assert_eq!(entry["payload"]["params"]["username"], text);
        let result = entry["payload"]["result"].as_str().expect("a text");
        let result: Value = serde_json::from_str(result).expect("JSON");
        assert_eq!(result["username"], text);
    }
}

#[test]
fn a_state_is_narrowed_by_a_status_in_any_script() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({ "title": "t", "status": "готово & 100%" }));
    let encoded =
        "готово & 100%".bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02X}"));
    let state = server.get(&format!("/api/v1/state?entity=tasks&status={encoded}")).data();
    assert_eq!(
        (&state["total"], &state["filtered_by_status"]),
        (&json!(1), &json!("готово & 100%"))
    );
}

#[test]
fn a_search_is_blind_to_case_beyond_ascii() {
    let server = TestServer::start();
    for (number, title) in
        ["ÜBER Straße", "ПРИВЕТ мир", "Ελληνικά ΣΊΣΥΦΟΣ", "ÅNGSTRÖM", "Ǆ", "İstanbul"]
            .iter()
            .enumerate()
    {
        assert_eq!(server.data("add_task", json!({ "title": title }))["id"], number + 1);
    }
    for (query, wanted) in [
        ("über", 1),
        ("Über", 1),
        ("STRASSE", 1),
        ("straße", 1),
        ("привет", 2),
        ("Мир", 2),
        ("ελληνικά", 3),
        ("σίσυφος", 3),
        ("σίσυφοσ", 3),
        ("ångström", 4),
        ("ǆ", 5),
        ("ǅ", 5),
        ("İSTANBUL", 6),
    ] {
        assert_eq!(found(&server, query), [wanted], "{query}");
    }
    assert_eq!(found(&server, "uber"), Vec::<u64>::new());
}

#[test]
fn nothing_in_a_search_is_a_wildcard() {
    let server = TestServer::start();
    for title in
        ["100% done", "a_b", "axb", "100 done", r"back\slash", "[x]", "x*y?", "it's", "\"q\""]
    {
        let _ = server.data("add_task", json!({ "title": title }));
    }
    let cases: [(&str, &[u64]); 12] = [
        ("%", &[1]),
        ("0% d", &[1]),
        ("_", &[2]),
        ("a_b", &[2]),
        (r"\", &[5]),
        (r"\%", &[]),
        ("[x]", &[6]),
        ("*", &[7]),
        ("?", &[7]),
        ("'", &[8]),
        ("\"", &[9]),
        (".", &[]),
    ];
    for (query, wanted) in cases {
        assert_eq!(found(&server, query), wanted, "{query}");
    }
}

#[test]
fn a_search_goes_beyond_a_nul_and_finds_one() {
    let server = TestServer::start();
    let _ = server.data("add_task", json!({ "title": "before\u{0}after" }));
    let _ = server.data("add_task", json!({ "title": "none" }));
    for query in ["after", "\u{0}", "before\u{0}AFTER", "e\u{0}a"] {
        assert_eq!(found(&server, query), [1], "{query:?}");
    }
}

#[test]
fn a_text_is_found_in_every_spelling_and_comes_back_as_it_was_written() {
    let server = TestServer::start();
    let titles = [
        "composed é",
        "apart e\u{301}",
        "한글",
        "\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}",
    ];
    for title in titles {
        assert_eq!(server.data("add_task", json!({ "title": title }))["title"], title);
    }
    for query in ["é", "e\u{301}", "É", "E\u{301}"] {
        assert_eq!(found(&server, query), [1, 2], "{query}");
    }
    for query in [titles[2], titles[3]] {
        assert_eq!(found(&server, query), [3, 4], "{query}");
    }
    assert_eq!(found(&server, "composed e"), Vec::<u64>::new());
    assert_eq!(found(&server, "🦀"), Vec::<u64>::new());
}

#[test]
fn a_name_is_one_name_in_every_spelling() {
    let server = TestServer::start();
    let (composed, apart) = ("Zoë", "Zoe\u{308}");
    let _ = server.data("add_user", json!({ "username": apart }));
    assert_eq!(server.call("add_user", json!({ "username": composed })).status, 400);
    for name in [composed, apart] {
        let _ =
            server.data("add_task", json!({ "title": "t", "assigned_to": name, "status": name }));
        assert_eq!(server.data("get_user", json!({ "username": name }))["exists"], true);
    }
    for name in [composed, apart] {
        assert_eq!(server.data("get_user", json!({ "username": name }))["task_count"], 2);
        let filter = json!({ "status": name, "assigned_to": name });
        let tasks = server.data("list_tasks", filter);
        assert_eq!([&tasks[0]["assigned_to"], &tasks[1]["assigned_to"]], [composed, apart]);
    }
    assert_eq!(server.data("get_user", json!({ "username": "zoë" }))["exists"], false);
    assert_eq!(server.data("list_users", json!({})), json!([apart]));
    let _ = server.data("update_config", json!({ "key": apart, "value": 1 }));
    let _ = server.data("update_config", json!({ "key": composed, "value": 2 }));
    assert_eq!(server.get("/api/v1/state").data()["config"][apart], 2);
    let _ = server.data("remove_user", json!({ "username": composed }));
    assert_eq!(server.data("list_users", json!({})), json!([]));
}
