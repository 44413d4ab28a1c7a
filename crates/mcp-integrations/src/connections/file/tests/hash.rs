//! The hash of a connection.

use super::*;

const BASE: &str = r#"{"command": "npx", "args": ["a", "b"], "env": {"A": "1", "B": "2"}}"#;

#[test]
fn the_hash_is_stable() {
    let (entry, _) = one(BASE);
    // A change of this value makes every server fetch its lists again.
    assert_eq!(entry.hash, "fb2fb0ae8b8244997a202d59ac9f742cb7cb65092a40422e7bdb4eca8e4110cf");
    for same in [
        r#"{"env": {"B": "2", "A": "1"}, "args": ["a", "b"], "command": "npx", "type": "stdio"}"#,
        r#"{"command": "npx", "args": ["a", "b"], "env": {"A": 1, "B": "2"}, "timeout": 60, "description": "", "unknown": 1}"#,
        r#"{"command": "${MISSING:-npx}", "args": ["a", "b"], "env": {"A": "1", "B": "2"}, "concurrency": 8}"#,
    ] {
        assert_eq!(one(same).0.hash, entry.hash, "{same}");
    }
    let http = one(
        r#"{"url": "https://x/", "headers": {"B": "1", "a": "2"}, "query": {"d": "1", "c": "2"}}"#,
    );
    let same = one(
        r#"{"url": "https://x", "query": {"c": "2", "d": "1"}, "headers": {"A": "2", "b": "1"}}"#,
    );
    assert_eq!(http.0.hash, same.0.hash);
}

#[test]
fn every_setting_changes_the_hash() {
    let texts = [
        BASE,
        r#"{"command": "npy", "args": ["a", "b"], "env": {"A": "1", "B": "2"}}"#,
        r#"{"command": "npx", "args": ["b", "a"], "env": {"A": "1", "B": "2"}}"#,
        r#"{"command": "npx", "args": ["ab"], "env": {"A": "1", "B": "2"}}"#,
        r#"{"command": "npx", "args": ["a", "b"], "env": {"A": "1", "B": "3"}}"#,
        r#"{"command": "npx", "args": ["a", "b"], "env": {"A": "1"}}"#,
        r#"{"command": "npx", "args": ["a", "b", "A", "1"], "env": {"B": "2"}}"#,
        r#"{"command": "x"}"#,
        r#"{"command": "x", "cwd": "sub"}"#,
        r#"{"command": "x", "timeout": 61}"#,
        r#"{"command": "x", "idleTimeout": 61}"#,
        r#"{"command": "x", "concurrency": 9}"#,
        r#"{"command": "x", "description": "y"}"#,
        r#"{"command": "x", "prefix": "y"}"#,
        r#"{"command": "x", "readOnly": true}"#,
        r#"{"command": "x", "onChange": "hold"}"#,
        r#"{"command": "x", "disabled": true}"#,
        r#"{"command": "x", "tools": {"allow": []}}"#,
        r#"{"command": "x", "tools": {"allow": ["y"]}}"#,
        r#"{"command": "x", "tools": {"deny": ["y"]}}"#,
        r#"{"url": "https://x"}"#,
        r#"{"openapi": "https://x"}"#,
        r#"{"openapi": "x"}"#,
        r#"{"openapi": "x", "baseUrl": "https://x"}"#,
        r#"{"openapi": "x", "headers": {"A": "1"}}"#,
        r#"{"openapi": "x", "headers": {"A": "2"}}"#,
        r#"{"openapi": "x", "query": {"A": "1"}}"#,
        r#"{"openapi": "x", "env": {"A": "${MISSING}"}, "headers": {"A": "${MISSING}"}}"#,
        r#"{"openapi": "x", "headers": {"A": "${MISSING2}"}}"#,
        "{}",
        "7",
    ];
    let mut hashes: Vec<_> = texts.iter().map(|text| one(text).0.hash).collect();
    assert!(hashes.iter().all(|hash| hash.len() == 64));
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), texts.len());
}
