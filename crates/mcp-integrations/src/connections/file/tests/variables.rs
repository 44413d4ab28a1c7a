//! Variables in texts.

use super::*;
use crate::connections::settings::System;

fn argument(text: &str) -> Result<String, String> {
    let members = serde_json::json!({"command": "x", "args": [text]}).to_string();
    let System::Stdio { mut args, .. } = one(&members).0.settings?.system else { panic!("{text}") };
    Ok(args.remove(0))
}

#[test]
fn variables_are_replaced_in_every_form() {
    for (text, expected) in [
        ("${HOME}/notes", "/home/ada/notes"),
        ("${env:HOME}-${PORT}", "/home/ada-8080"),
        ("${MISSING:-a:-b}", "a:-b"),
        ("${env:MISSING:-b}", "b"),
        ("${MISSING:-}", ""),
        ("${EMPTY:-b}", "b"),
        ("${PORT:-b}", "8080"),
        ("[${EMPTY}]", "[]"),
        ("$${HOME}", "${HOME}"),
        ("$HOME $$ 5$", "$HOME $$ 5$"),
        ("$${${PORT}}", "${8080}"),
        ("${workspaceFolder}", "/etc/mcp"),
        ("${workspaceFolderBasename}", "mcp"),
        ("${userHome}${/}x${pathSeparator}", "/home/ada/x/"),
        ("ä${PORT}ö", "ä8080ö"),
    ] {
        assert_eq!(argument(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_variable_that_cannot_be_replaced_is_the_reason() {
    for (text, expected) in [
        (
            "${DOCS_TOKEN}",
            "args[0]: the environment variable DOCS_TOKEN is not set: set it, or write ${DOCS_TOKEN:-default}",
        ),
        ("${env:X}", "the environment variable X is not set"),
        ("${PORT", "no closing }"),
        ("${}", "letters, digits and _"),
        ("${1X}", "letters, digits and _"),
        ("${A B}", "letters, digits and _"),
        ("${file:/etc/passwd}", "unknown form"),
        ("${command:pick}", "unknown form"),
        ("${input:github token}", "as in ${GITHUB_TOKEN}"),
        ("${X:-${PORT}}", "the default of X holds a variable"),
    ] {
        let reason = argument(text).expect_err("a reason");
        assert!(reason.contains(expected), "{text}: {reason}");
    }
}

#[test]
fn only_texts_that_are_used_need_their_variables() {
    let file = json(
        r#"{"mcpServers": {
            "a": {"command": "x", "env": {"${PORT}": "1"}, "envFile": "${MISSING}"},
            "b": {"command": "x", "env": {"KEY": "${MISSING}"}, "disabled": true},
            "c": {"url": "https://${PORT:-x}.example.com/${TOKEN}"}}}"#,
    )
    .expect("a file");
    let [a, b, c] = &file.entries[..] else { panic!("{file:?}") };
    let System::Stdio { env, .. } = &a.settings.as_ref().expect("settings").system else {
        panic!("{a:?}")
    };
    assert_eq!(exposed(env), [("${PORT}", "1")]);
    let reason = b.settings.as_ref().expect_err("a reason");
    assert!(reason.starts_with("env.KEY: the environment variable MISSING"), "{reason}");
    assert!(b.disabled);
    assert!(c.settings.is_ok(), "{c:?}");
    assert_eq!(c.secrets.len(), 1);
}

#[test]
fn repeated_variables_are_bounded() {
    let long = |name: &str| (name == "LONG").then(|| "x".repeat(100_000));
    let text = format!(
        r#"{{"servers": {{"a": {{"command": "x", "args": ["{}"]}}, "b": {{"command": "y"}}}}}}"#,
        "${LONG}".repeat(100_000)
    );
    let file = parse(&text, Path::new("/x.json"), &long).expect("a file");
    let reason = file.entries[0].settings.as_ref().expect_err("a reason");
    assert!(reason.contains("longer than 262144 bytes"), "{reason}");
    assert!(file.entries[1].settings.is_ok());
}
