use super::*;

fn redactor() -> Redactor {
    Redactor::new(["s3cret-of-the-server".to_owned(), "t".to_owned()])
}

#[test]
fn values_under_secret_keys_are_hidden_at_any_depth() {
    for key in [
        "token",
        "password",
        "api_key",
        "apiKey",
        "API-KEY",
        "authorization",
        "secret",
        "client_secret",
        "githubToken",
        "x-api-key",
        "Private Key",
        "user_password",
        "credentials",
        "set-cookie",
        "aws_access_key_id",
    ] {
        let text = serde_json::json!({"a": [{key: {"deep": "hunter2"}}]}).to_string();
        let clean = redactor().json(&text);
        assert!(!clean.contains("hunter2") && clean.contains(HIDDEN), "{key}: {clean}");
    }
}

#[test]
fn a_number_of_tokens_is_no_secret() {
    assert_eq!(redactor().json(r#"{"max_tokens":77}"#), r#"{"max_tokens":77}"#);
}

#[test]
fn a_key_that_is_escaped_is_seen() {
    assert!(!redactor().json(r#"{"p\u0061ssword":"hunter2"}"#).contains("hunter2"));
}

#[test]
fn a_value_whose_name_is_beside_it_is_hidden() {
    let clean = redactor().json(r#"{"key":"github_token","value":"ghp_1"}"#);
    assert_eq!(clean, r#"{"key":"github_token","value":"[redacted]"}"#);
    let plain = r#"{"key":"app_name","value":"x"}"#;
    assert_eq!(redactor().json(plain), plain);
}

#[test]
fn what_another_system_says_back_is_hidden_however_it_is_written() {
    let text = r#"{"a":"\u00733cret-of-the-server","s3cret-of-the\u002dserver":"b\n\u0063"}"#;
    let clean = redactor().scrub_json(text.to_owned());
    assert_eq!(clean, r#"{"a":"[redacted]","[redacted]":"b\nc"}"#);
    assert_eq!(redactor().scrub_json(clean.clone()), clean);
}

#[test]
fn a_long_result_is_not_read_for_its_beginning() {
    let long = |first: &str| format!("[{first:?},{:?}]", "x".repeat(JUDGED_BYTES));
    assert!(redactor().json_beginning(&long("plain"), 9).starts_with("[\"plain\","));
    let omitted = redactor().json_beginning(&long("a token"), 9);
    assert_eq!(omitted, r#"{"omitted":"524302 bytes of a result"}"#);
    assert!(redactor().json_beginning(r#"["a token"]"#, 9).starts_with("[\"a token"));
}

#[test]
fn configured_secrets_are_hidden_wherever_they_stand() {
    let clean = redactor().json(r#"{"title":"is s3cret-of-the-server","s3cret-of-the-server":1}"#);
    assert_eq!(clean, r#"{"title":"is [redacted]","[redacted]":1}"#);
    assert_eq!(
        redactor().scrub("Unknown action: s3cret-of-the-server"),
        "Unknown action: [redacted]"
    );
    assert!(!redactor().json(r#""s3cret-of-the\u002dserver""#).contains("s3cret"));
}

#[test]
fn configured_secrets_are_found_escaped_or_not() {
    for text in [
        r#"{"title":"is s3cret-of-the-server"}"#,
        r#"{"a":[{"s3cret-of-the-server":1}]}"#,
        r#"{"title":"\u00733cret-of-the-server"}"#,
        r#"{"title":"\u00733cret-of-the-server","n":1e999}"#,
        r#"{"a":"\\","\u00733cret-of-the-server":"\""}"#,
    ] {
        assert!(redactor().is_secret_in(text), "{text}");
    }
    assert!(!redactor().is_secret_in(r#"{"t":"t\n"}"#), "a short one is in ordinary words");
}

#[test]
fn a_beginning_is_that_of_the_whole_text_without_secrets() {
    assert_eq!(SUSPICIOUS.map(str::len).into_iter().max(), Some(LONGEST_WORD));
    for text in [
        r#"{"title":"plain","more":"ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü"}"#,
        r#"{"title":"x","a":"s3cret-of-the-server","token":"hunter2"}"#,
        r#"{"value":"hunter2","and":"much that is between","name":"github_token"}"#,
        r#"{"p\u0061ssword":"hunter2"}"#,
        "[1,2,3]",
    ] {
        for characters in 0..text.chars().count() + 3 {
            let whole: String = redactor().json(text).chars().take(characters).collect();
            assert_eq!(redactor().json_beginning(text, characters), whole, "{text}");
        }
    }
}

#[test]
fn other_text_is_kept_byte_for_byte() {
    let text = r#"{ "title" : "100 %", "n": 12345678901234567890123, "x": 1.0 }"#;
    assert_eq!(redactor().json(text), text);
}
