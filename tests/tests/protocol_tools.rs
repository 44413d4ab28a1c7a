//! The tools of the Model Context Protocol: their names, descriptions and responses.

use serde_json::{Value, json};
use service_tests::{Protocol, TestServer};

fn tools(client: &Protocol<'_>) -> Vec<Value> {
    client.result("tools/list", json!({}))["tools"].as_array().expect("a list").clone()
}

fn names(client: &Protocol<'_>) -> Vec<String> {
    tools(client).iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

fn text(result: &Value) -> &str {
    let content = result["content"].as_array().expect("content");
    content.iter().find_map(|block| block["text"].as_str()).expect("a text")
}

#[test]
fn the_address_and_the_setting_choose_the_tools() {
    let server = TestServer::start();
    let old = server.protocol("2025-11-25");
    assert_eq!(names(&old), ["query", "change"]);
    assert_eq!(names(&old.clone().query("tools=lean")), ["query", "change"]);
    let all = names(&old.clone().query("tools=all"));
    assert!(all.len() >= 25 && !all.contains(&"query".into()), "{all:?}");
    let groups = names(&old.clone().query("tools=github,users"));
    assert_eq!(groups[..4], ["list_users", "add_user", "remove_user", "get_user"]);
    assert!(groups[4..].iter().all(|name| name.starts_with("github_")), "{groups:?}");
    for wrong in ["tools=", "tools=everything", "tools=users,lean"] {
        let refusal = old.clone().query(wrong).send("tools/list", json!({})).refusal(400);
        assert!(refusal.contains("users, tasks, config"), "{wrong}: {refusal}");
    }
    let server = TestServer::with([("MCP_TOOLS", "tasks")]).start();
    let old = server.protocol("2025-11-25");
    assert!(names(&old).contains(&"add_task".into()));
    assert_eq!(names(&old.query("tools=lean")), ["query", "change"]);
}

#[test]
fn a_tool_that_is_not_shown_cannot_be_called() {
    let server = TestServer::start();
    let old = server.protocol("2025-11-25");
    let call = |name: &str| json!({"name": name, "arguments": {}});
    for (client, name) in [
        (old.clone(), "list_users"),
        (old.clone(), "nothing"),
        (old.clone().query("tools=all"), "query"),
        (old.clone().query("tools=tasks"), "list_users"),
        (server.protocol("2026-07-28"), "nothing"),
    ] {
        let (code, message) = client.error("tools/call", call(name));
        assert_eq!((code, message), (-32602, format!("unknown tool {name:?}: see tools/list")));
    }
}

#[test]
fn every_description_is_what_clients_and_models_can_use() {
    let server = TestServer::start();
    let all = server.protocol("2025-11-25").query("tools=all");
    let found = tools(&all);
    assert_eq!(found, tools(&all), "the order is always the same");
    for tool in &found {
        let name = tool["name"].as_str().expect("a name");
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        assert!(!name.is_empty() && name.len() <= 64 && name.bytes().all(fits), "{name}");
        assert!(!tool["title"].as_str().expect("a title").is_empty(), "{name}");
        assert!(!tool["description"].as_str().expect("a description").is_empty(), "{name}");
        for schema in ["inputSchema", "outputSchema"] {
            let schema = &tool[schema];
            assert_eq!(schema["type"], "object", "{name}: {schema}");
            for choice in ["oneOf", "anyOf", "allOf"] {
                assert!(schema.get(choice).is_none(), "{name}: {schema}");
            }
            jsonschema::meta::validate(schema).expect(name);
        }
        let hints = &tool["annotations"];
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(hints[hint].is_boolean(), "{name}: {hint}");
        }
        assert!(!(hints["readOnlyHint"] == true && hints["destructiveHint"] == true), "{name}");
    }
    let hints = |name: &str| {
        let tool = found.iter().find(|tool| tool["name"] == name).expect(name);
        let hint = |hint: &str| tool["annotations"][hint] == true;
        (
            hint("readOnlyHint"),
            hint("destructiveHint"),
            hint("idempotentHint"),
            hint("openWorldHint"),
        )
    };
    assert_eq!(hints("list_tasks"), (true, false, true, false));
    assert_eq!(hints("add_task"), (false, false, false, false));
    assert_eq!(hints("update_task"), (false, true, true, false));
    assert_eq!(hints("delete_task"), (false, true, true, false));
    assert_eq!(hints("github_list_issues"), (true, false, true, true));
}

#[test]
fn structured_content_fits_its_schema_and_is_the_text() {
    let server = TestServer::start();
    let all = server.protocol("2025-11-25").query("tools=all");
    let found = tools(&all);
    for (name, arguments) in [
        ("add_user", json!({"username": "alice", "metadata": {"team": ["a", 1, null]}})),
        ("list_users", json!({})),
        ("get_user", json!({"username": "alice"})),
        ("get_user", json!({"username": "nobody"})),
        ("add_task", json!({"title": "Ü \"x\" \u{1F600}", "assigned_to": "alice"})),
        ("list_tasks", json!({})),
        ("search_tasks", json!({"query": "ü"})),
        ("update_task", json!({"task_id": 1, "status": "completed"})),
        ("update_config", json!({"key": "deep", "value": {"a": [1, 2.5, {"b": null}]}})),
        ("get_config", json!({})),
        ("calculate", json!({"operation": "average", "numbers": []})),
        ("summarize_data", json!({})),
        ("help", json!({"action": "add_task"})),
        ("help", json!({"query": "add a task"})),
        ("help", json!({})),
        ("delete_task", json!({"task_id": 1})),
        ("remove_user", json!({"username": "alice"})),
    ] {
        let result = all.tool(name, arguments);
        assert_eq!(result["isError"], false, "{name}: {result}");
        let structured = &result["structuredContent"];
        assert!(structured.is_object(), "{name}: {result}");
        let same: Value = serde_json::from_str(text(&result)).expect("JSON");
        assert_eq!(&same, structured, "{name}");
        assert!(!text(&result).contains("\": "), "{name}: compact");
        let tool = found.iter().find(|tool| tool["name"] == name).expect(name);
        let schema = jsonschema::validator_for(&tool["outputSchema"]).expect("a schema");
        if let Err(error) = schema.validate(structured) {
            panic!("{name}: {error}: {structured}");
        }
    }
}

#[test]
fn what_is_stored_is_kept_as_it_was_written() {
    let server = TestServer::start();
    let all = server.protocol("2025-11-25").query("tools=all");
    let value = "123456789012345678901234567890";
    let call = |params: &str| {
        let body = all.request("tools/call", json!({"name": "x"}));
        body.body(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#))
    };
    let set = format!(r#"{{"name":"update_config","arguments":{{"key":"k","value":{value}}}}}"#);
    assert_eq!(call(&set).send().json()["result"]["isError"], false);
    let config = server.get("/api/v1/state?entity=config");
    assert!(config.text().contains(value), "{}", config.text());
    let result = all.tool("get_config", json!({"key": "k"}));
    assert!(text(&result).contains(value), "{result}");
}

#[test]
fn a_failing_action_is_a_tool_error_with_the_right_signature() {
    let server = TestServer::start();
    let signature =
        "add_task(title, description?, priority?=medium, status?=pending, assigned_to?)";
    let all = server.protocol("2025-11-25").query("tools=all");
    let lean = server.protocol("2026-07-28");
    for (params, wrong) in [
        (json!({}), "title is required"),
        (json!({"title": 5}), "title must be a string, not an integer"),
        (json!({"title": "t", "titel": "t"}), "Unknown parameter: titel"),
    ] {
        let own = all.tool("add_task", params.clone());
        assert_eq!(own["isError"], true, "{own}");
        assert_eq!(text(&own), format!("{wrong}. Use {signature}"));
        let query = lean.tool("change", json!({"action": "add_task", "params": params}));
        assert_eq!(query["isError"], true, "{query}");
        let body: Value = serde_json::from_str(text(&query)).expect("JSON");
        assert!(body["error"].as_str().expect("a text").starts_with(wrong), "{body}");
        assert!(text(&query).contains(signature), "{body}");
    }
    let result = all.tool("delete_task", json!({"task_id": 9}));
    assert_eq!(text(&result), "Task 9 not found. Use delete_task(task_id)");
    for (arguments, wrong) in [
        (json!({}), "action is required"),
        (json!({"action": 1}), "action must be a string"),
        (json!({"action": "list_users", "params": []}), "params must be an object"),
        (json!({"action": "list_users", "limits": 1}), "unknown member \"limits\""),
        (
            json!({"action": "list_users", "format": "xml"}),
            "format must be json, csv, toon or auto",
        ),
        (json!({"action": "list_usrs"}), "Unknown action: list_usrs. Nearest: list_users"),
        (json!({"action": "delete_task", "params": {"task_id": 9}}), "Task 9 not found"),
    ] {
        let result = lean.tool("change", arguments);
        assert_eq!(result["isError"], true, "{result}");
        let body: Value = serde_json::from_str(text(&result)).expect("JSON");
        assert!(body["error"].as_str().expect("a text").starts_with(wrong), "{body}");
        let signature = body["signature"].as_str().expect("a signature");
        let of = if wrong.starts_with("Task") { "delete_task(task_id)" } else { "change(action, " };
        assert!(signature.starts_with(of), "{body}");
    }
}

#[test]
fn the_one_tool_answers_as_the_lean_face_does() {
    let server = TestServer::start();
    for number in 0..20 {
        let _ = server.data("add_task", json!({"title": format!("Task {number}")}));
    }
    let client = server.protocol("2025-11-25");
    let plain = |query: &Value| server.post("/api/v2/query").json(query).send();
    for form in ["json", "csv", "toon", "auto"] {
        for more in [json!({}), json!({"fields": "id,title", "max_tokens": 100})] {
            let mut query = json!({"action": "list_tasks", "format": form});
            query
                .as_object_mut()
                .expect("an object")
                .extend(more.as_object().cloned().expect("one"));
            let result = client.tool("change", query.clone());
            assert_eq!(result["isError"], false, "{result}");
            assert_eq!(text(&result), plain(&query).text(), "{query}");
            assert_eq!(result["content"].as_array().map(Vec::len), Some(1));
            let structured = result.get("structuredContent");
            assert_eq!(structured.is_some(), form == "json", "{query}: {result}");
            if let Some(structured) = structured {
                let same: Value = serde_json::from_str(text(&result)).expect("JSON");
                assert_eq!(&same, structured);
            }
        }
    }
    // Without a format the response is in the smallest one.
    let unasked = client.tool("change", json!({"action": "list_tasks"}));
    let smallest = plain(&json!({"action": "list_tasks", "format": "auto"}));
    assert_eq!(text(&unasked), smallest.text());
    // A list has a cursor, and can be reduced.
    let mut query =
        json!({"action": "list_tasks", "fields": "id", "format": "json", "max_tokens": 50});
    let mut ids = Vec::new();
    loop {
        let answer = client.tool("change", query.clone())["structuredContent"].take();
        ids.extend(answer["data"].as_array().expect("rows").clone());
        if answer["next"].is_null() {
            break;
        }
        query["cursor"] = answer["next"].clone();
    }
    assert_eq!(ids, (1..=20).map(|id| json!({"id": id})).collect::<Vec<_>>());
    let count = client.tool("change", json!({"action": "list_tasks", "count": true}));
    assert!(text(&count).contains("20"), "{count}");
}

#[test]
fn a_handle_is_a_resource() {
    let server = TestServer::with([("MCP_RESULT_LIMIT", "16KiB")]).start();
    let long = "größer; ".repeat(1000);
    let _ = server.data("add_task", json!({"title": "t", "description": long}));
    let longer = "x".repeat(20_000);
    let _ = server.data("add_task", json!({"title": "t", "description": longer}));
    let client = server.protocol("2025-11-25");
    let uri = |id: u32| {
        let query = json!({
            "action": "list_tasks", "filter": {"id": id}, "fields": "description",
            "format": "json", "max_tokens": 60,
        });
        let answer = client.tool("change", query);
        let handle = &answer["structuredContent"]["data"][0]["description"]["blob"];
        format!("mcp://blobs/{}", handle.as_str().unwrap_or_else(|| panic!("{answer}")))
    };
    let first = uri(1);
    let read = client.result("resources/read", json!({"uri": first}));
    assert_eq!(read["contents"][0]["text"], long);
    assert_eq!(read["contents"][0]["uri"], first);
    let (_, message) = client.error("resources/read", json!({"uri": uri(2)}));
    assert!(message.contains("MCP_RESULT_LIMIT") && message.contains("read_blob"), "{message}");
    let large = json!({"key": "large", "value": "x".repeat(20_000)});
    let _ = server.data("update_config", large);
    let (_, message) = client.error("resources/read", json!({"uri": "mcp://config"}));
    assert!(message.contains("get_config") && !message.contains("offset"), "{message}");
    let (_, message) = client.error("resources/read", json!({"uri": "mcp://tasks"}));
    assert!(message.contains("?limit= and ?offset="), "{message}");
    let (code, _) = client.error("resources/read", json!({"uri": "mcp://blobs/b_nope"}));
    assert_eq!(code, -32002);
    let templates = client.result("resources/templates/list", json!({}));
    let templates = templates["resourceTemplates"].as_array().expect("a list");
    assert!(templates.iter().any(|it| it["uriTemplate"] == "mcp://blobs/{id}"), "{templates:?}");
}

#[test]
fn a_result_over_the_limit_says_how_to_narrow_the_call() {
    let server = TestServer::with([("MCP_RESULT_LIMIT", "1KiB")]).start();
    for number in 0..20 {
        let _ = server.data("add_task", json!({"title": format!("Task {number}")}));
    }
    let client = server.protocol("2025-11-25");
    let all = json!({"action": "list_tasks", "fields": "*", "max_tokens": 0});
    let result = client.tool("change", all);
    assert_eq!(result["isError"], true);
    let message = text(&result);
    assert!(message.contains("MCP_RESULT_LIMIT") && message.contains("list_tasks("), "{message}");
    let long = json!({"title": "t", "description": "x".repeat(2000)});
    let result = client.clone().query("tools=all").tool("add_task", long);
    let message = text(&result);
    assert_eq!(result["isError"], true);
    assert!(
        message.contains("MCP_RESULT_LIMIT") && message.contains("was carried out"),
        "{message}"
    );
    let count = client.tool("change", json!({"action": "list_tasks", "count": true}));
    assert!(text(&count).contains("21"), "{count}");
    let few = json!({"action": "list_tasks", "params": {"status": "completed"}});
    assert_eq!(client.tool("change", few)["isError"], false);
    let (_, message) = client.error("resources/read", json!({"uri": "mcp://tasks"}));
    assert!(message.contains("?limit="), "{message}");
    let part = client.result("resources/read", json!({"uri": "mcp://tasks?limit=2&offset=1"}));
    assert!(
        part["contents"][0]["text"].as_str().expect("a text").contains("\"count\":2"),
        "{part}"
    );
}

#[test]
fn a_configured_secret_is_neither_stored_nor_said_back() {
    let secret = "ghp_a-token-that-nobody-sees";
    let server = TestServer::with([("MCP_GITHUB_TOKEN", secret)]).start();
    let client = server.protocol("2025-11-25");
    let add = json!({"action": "add_user", "params": {"username": secret}});
    let result = client.tool("change", add);
    assert_eq!(result["isError"], true, "{result}");
    assert!(!result.to_string().contains(secret), "{result}");
    let (_, message) = client.error("tools/call", json!({"name": secret}));
    assert!(!message.contains(secret), "{message}");
    let (_, message) = client.error("resources/read", json!({"uri": format!("mcp://x/{secret}")}));
    assert!(!message.contains(secret), "{message}");
    assert!(!server.get("/api/v1/logs").text().contains(secret));
    assert!(!server.stop().stderr.contains(secret));
}

#[test]
fn query_only_reads_and_names_the_tool_that_writes() {
    let server = TestServer::start();
    let client = server.protocol("2025-11-25");
    let add = json!({"action": "add_user", "params": {"username": "alice"}});
    let batch = |action: &str| {
        let params = json!({"username": "bob"});
        json!({"action": "batch", "params": {"steps": [
            {"id": "a", "action": "list_users"},
            {"id": "b", "action": action, "params": params},
        ]}})
    };
    for (arguments, action) in [
        (&add, "add_user"),
        (&batch("add_user"), "add_user"),
        (&batch("remove_user"), "remove_user"),
    ] {
        let result = client.tool("query", arguments.clone());
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(text.contains(&format!("{action} writes: call the tool \\\"change\\\"")), "{text}");
    }
    assert_eq!(server.data("list_users", json!({})), json!([]));
    assert_eq!(client.tool("change", add)["isError"], false);
    assert_eq!(client.tool("query", batch("get_user"))["isError"], false);
    let tools = client.result("tools/list", json!({}));
    assert_eq!(tools["tools"][0]["annotations"]["readOnlyHint"], true);
    assert_eq!(tools["tools"][1]["annotations"]["destructiveHint"], true);
}
