//! Wrong files, wrong connections and unknown members.

use super::*;

#[test]
fn a_wrong_member_is_the_reason() {
    for (members, expected) in [
        ("{}", "has neither command nor url nor openapi: write one of them"),
        ("7", "a connection is an object"),
        (r#"{"command": "x", "url": "https://x"}"#, "has command and url: keep one of them"),
        (r#"{"url": "https://x", "openapi": "y"}"#, "has url and openapi: keep one of them"),
        (
            r#"{"url": "https://x", "serverUrl": "https://x"}"#,
            "url occurs twice, once as serverUrl: keep one of them",
        ),
        (r#"{"command": "x", "command": "y"}"#, "command occurs twice: keep one of them"),
        (r#"{"command": "x", "env": {"A": "1", "A": "hunter2"}}"#, "env.A occurs twice"),
        (r#"{"command": ""}"#, "command is not a text of at least one character"),
        (r#"{"command": ["x"]}"#, "command is not a text"),
        (r#"{"command": "x", "args": "-y hunter2"}"#, "args is not a list of texts"),
        (r#"{"command": "x", "args": ["a", {"hunter2": 1}]}"#, "args[1] is not a text"),
        (r#"{"command": "x", "env": ["A=hunter2"]}"#, "env is not an object of texts"),
        (r#"{"command": "x", "env": {"A": ["hunter2"]}}"#, "env.A is not a text"),
        (
            r#"{"command": "x", "env": {"A=B": "hunter2"}}"#,
            "env has a name that is empty or has a =",
        ),
        (r#"{"command": "x", "env": {"A": "hunter2\u0000"}}"#, "env.A is not a text"),
        (r#"{"command": "~/bin/x"}"#, "command starts with ~: write ${HOME}"),
        (r#"{"command": "x", "cwd": "~"}"#, "cwd starts with ~: write ${HOME}"),
        (r#"{"command": "x", "type": "http"}"#, "type does not fit command: leave it out"),
        (r#"{"url": "https://x", "type": "hunter2"}"#, "type must be stdio or http"),
        (r#"{"url": "hunter2"}"#, "url is not an http or https URL: write https://host/path"),
        (r#"{"url": "ftp://hunter2/"}"#, "url is not an http or https URL"),
        (r#"{"url": "https://ada:hunter2@host/"}"#, "url holds a user or password"),
        (r#"{"openapi": "file:///hunter2"}"#, "leave file:// out"),
        (r#"{"openapi": "ws://hunter2/"}"#, "openapi is not an http or https URL"),
        (
            r#"{"openapi": "x", "baseUrl": "https://host/?key=hunter2"}"#,
            "put parameters into query",
        ),
        (
            r#"{"url": "https://x", "headers": {"A B": "hunter2"}}"#,
            r#"headers: "A B" is not a header's name"#,
        ),
        (
            r#"{"url": "https://x", "headers": {"A": "hunter2\nB: c"}}"#,
            "headers.a has a line break",
        ),
        (
            r#"{"url": "https://x", "headers": {"Authorization": "Bearer ${LINE_TOKEN}"}}"#,
            "check the end of its variable",
        ),
        (
            r#"{"url": "https://x", "headers": {"A": "hunter2", "a": "1"}}"#,
            "headers.a occurs twice",
        ),
        (r#"{"url": "https://x", "query": "hunter2"}"#, "query is not an object of texts"),
        (r#"{"command": "x", "timeout": 0.05}"#, "timeout is 0.05: use seconds from 0.1 to 3600"),
        (r#"{"command": "x", "timeout": 30000}"#, "timeout is 30000: use seconds from 0.1 to 3600"),
        (
            r#"{"command": "x", "timeout": "hunter2"}"#,
            "timeout is not a number in its range: use seconds",
        ),
        (
            r#"{"command": "x", "timeout": "NaN"}"#,
            "timeout is not a number in its range: use seconds",
        ),
        (
            r#"{"command": "x", "timeout": 1e999}"#,
            "timeout is not a number in its range: use seconds",
        ),
        (r#"{"command": "x", "idleTimeout": 0}"#, "idleTimeout is 0: use seconds from 1 to 86400"),
        (
            r#"{"command": "x", "concurrency": 1.5}"#,
            "concurrency is 1.5: use a whole number from 1 to 1000",
        ),
        (r#"{"command": "x", "concurrency": -1}"#, "concurrency is -1: use a whole number"),
        (r#"{"command": "x", "onChange": "hunter2"}"#, r#"onChange must be "accept" or "hold""#),
        (r#"{"command": "x", "readOnly": "hunter2"}"#, "readOnly must be true or false"),
        (r#"{"command": "x", "prefix": "a b"}"#, "prefix must be 1 to 32 characters"),
        (r#"{"command": "x", "tools": "hunter2"}"#, "tools must be"),
        (
            r#"{"command": "x", "tools": {"allow": "hunter2"}}"#,
            "tools.allow is not a list of texts",
        ),
    ] {
        let (entry, warnings) = one(members);
        let reason = entry.settings.expect_err(members);
        assert!(reason.contains(expected), "{members}: {reason}");
        let said = format!("{reason}{warnings:?}");
        assert!(!said.contains("hunter2") && !said.contains('\n'), "{said}");
    }
}

#[test]
fn unknown_members_are_warnings() {
    for (members, expected) in [
        (r#"{"command": "x", "Args": []}"#, r#"unknown member "Args": did you mean args?"#),
        (
            r#"{"command": "x", "time_out": 5}"#,
            r#"unknown member "time_out": did you mean timeout?"#,
        ),
        (r#"{"command": "x", "colour": "hunter2"}"#, r#"unknown member "colour": it is not read"#),
        (
            r#"{"command": "x", "tools": {"alow": []}}"#,
            r#"unknown member "alow" of tools: did you mean allow?"#,
        ),
        (
            r#"{"command": "x", "tools": {"allow": []}}"#,
            "tools.allow is empty: no tool becomes an action",
        ),
        (
            r#"{"command": "x", "headers": {"A": "hunter2"}}"#,
            "headers is not used with command: it belongs to url or openapi",
        ),
        (
            r#"{"url": "https://x", "cwd": "/hunter2"}"#,
            "cwd is not used with url: it belongs to command",
        ),
        (
            r#"{"url": "https://x", "headers": {"Host": "hunter2"}}"#,
            "headers.host is not used: this server sets it",
        ),
        (
            r#"{"command": "x", "autoApprove": ["hunter2"]}"#,
            "autoApprove is not read: limit tools with tools.allow and readOnly, and approve query or change in the client",
        ),
        (
            r#"{"url": "https://x", "oauth": {"clientSecret": "hunter2"}}"#,
            "oauth is not read: use headers, or mcp-server connections login",
        ),
    ] {
        let (entry, warnings) = one(members);
        assert!(entry.settings.is_ok(), "{entry:?}");
        assert_eq!(warnings, [format!("connection \"it\": {expected}")]);
    }
    let (_, warnings) =
        one(r#"{"url": "https://x", "env": {}, "args": [], "version": "1", "cwd": null}"#);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn a_wrong_connection_leaves_the_others() {
    let long = "n".repeat(64);
    let text = format!(
        r#"{{"servers": {{"a": {{}}, "b": {{"command": "x"}}}}, "mcpServers": {{
            "": {{"command": "x"}}, "{long}1": {{"command": "x"}}, "{long}2": {{"command": "x"}},
            "e\u202ex": {{"command": "x"}}, "ä b": {{"command": "x"}}, "{long}": {{"command": "x"}}}}}}"#
    );
    let file = json(&text).expect("a file");
    let usable: Vec<_> = file.entries.iter().map(|entry| entry.settings.is_ok()).collect();
    assert_eq!(usable, [false, true, false, false, false, false, true, true]);
    let mut names: Vec<_> = file.entries.into_iter().map(|entry| entry.name).collect();
    assert_eq!((names[6].as_str(), &names[7]), ("ä b", &long));
    assert!(names[5].starts_with("ex-"), "{names:?}");
    assert!(names.iter().all(|name| (1..=64).contains(&name.chars().count())), "{names:?}");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 8);
}

#[test]
fn a_file_full_of_mistakes_is_read_in_bounds() {
    let members: Vec<_> = (0..40_000).map(|number| format!(r#""comand{number}": 1"#)).collect();
    let headers: Vec<_> = (0..1001).map(|number| format!(r#""x-{number}": 1"#)).collect();
    let text = format!(
        r#"{{"servers": {{"a": {{{}}}, "b": {{"url": "https://x", "headers": {{{}}}}}}}}}"#,
        members.join(","),
        headers.join(","),
    );
    let file = json(&text).expect("a file");
    assert_eq!(file.warnings.len(), 20);
    let reason = file.entries[1].settings.as_ref().expect_err("a reason");
    assert_eq!(reason, "headers has more than 1000 members");
}

#[test]
fn a_wrong_file_is_an_error_that_names_it() {
    let many: Vec<_> = (0..1001).map(|number| format!(r#""n{number}": {{}}"#)).collect();
    let many = format!(r#"{{"servers": {{{}}}}}"#, many.join(","));
    for (text, expected) in [
        (
            "{\"mcpServers\":\n {\"a\" {}}}",
            ", line 2, column 7: expected colon after the string or word in object property",
        ),
        ("", " has no \"mcpServers\": write {\"mcpServers\": {\"name\": {\"command\": \"…\"}}}"),
        ("[]", " has no \"mcpServers\""),
        (r#"{"projects": {}}"#, " has no \"mcpServers\""),
        (r#"{"servers": []}"#, r#": servers is not an object: write "servers": {"name": {…}}"#),
        (r#"{"servers": {"a": {}, "a": {}}}"#, r#" has "a" twice: give each a name of its own"#),
        (r#"{"servers": {"a": {}}, "mcpServers": {"a": {}}}"#, r#" has "a" twice"#),
        (r#"{"servers": {}, "servers": {}}"#, r#" has "servers" twice"#),
        (many.as_str(), " has 1001 connections: use at most 1000"),
    ] {
        let error = json(text).expect_err("an error").to_string();
        assert!(error.starts_with(&format!("/etc/mcp/connections.json{expected}")), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    assert!(json(r#"{"mcpServers": {}}"#).expect("a file").entries.is_empty());
}

#[test]
fn files_are_read_within_the_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("connections.json");
    let read = |path: &Path| super::super::read(path, &variable);
    let error = read(&path).expect_err("an error").to_string();
    assert!(error.starts_with("cannot read ") && error.contains("connections.json"), "{error}");
    let error = read(folder.path()).expect_err("an error").to_string();
    assert!(error.ends_with("it is not a file"), "{error}");
    let mut text = r#"{"mcpServers": {"a": {"command": "bin/x"}}}"#.to_owned();
    text.push_str(&" ".repeat(1_048_576 - text.len()));
    std::fs::write(&path, &text).expect("a file");
    assert_eq!(read(&path).expect("a file").entries.len(), 1);
    std::fs::write(&path, text + " ").expect("a file");
    let error = read(&path).expect_err("an error").to_string();
    assert!(error.ends_with("is larger than 1 MiB"), "{error}");
    std::fs::write(&path, b"\xff\xfe").expect("a file");
    assert!(matches!(read(&path), Err(FileError::Unreadable { .. })));
}
