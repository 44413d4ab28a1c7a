//! A secret gets to where it is used, and nowhere else.

use secrecy::ExposeSecret;

use crate::config::SETTINGS;
use crate::config::effective;
use crate::config::hidden::hide_passwords;

use super::given;

#[test]
fn secrets_are_text_whatever_they_look_like() {
    for key in
        ["12345", "true", "1e5", "[a]", "{a=1}", "\"quoted\"", "'", "nan", "0x10", "~!@#$%^&*()"]
    {
        let settings = given().variable("MCP_API_KEY", key).load().unwrap();
        assert_eq!(settings.api_key.unwrap().expose_secret(), key);
    }
}

#[test]
fn an_empty_secret_is_not_set() {
    let given = given().file("api_key = \"\"");
    assert!(given.load().unwrap().api_key.is_none());
    assert_eq!(given.row("api_key").value, "(not set)");
}

#[test]
fn secrets_are_listed_and_never_shown() {
    let given = given()
        .file("figma_token = \"s3cr3t-c\"")
        .variable("MCP_API_KEY", "s3cr3t-a")
        .variable("MCP_GITHUB_TOKEN", "s3cr3t-b")
        .variable("DATABASE_URL", "postgres://mcp:s3cr3t-d@db/mcp?sslpassword=s3cr3t-e");
    let settings = given.load().unwrap();
    let secrets = settings.secrets();
    let secrets: Vec<_> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["s3cr3t-a", "s3cr3t-b", "s3cr3t-c", "s3cr3t-d", "s3cr3t-e"]);
    assert!(settings.database_url.as_str().contains("s3cr3t-d"));
    let shown = format!("{settings:?}{settings:#?}{}", settings.database_url);
    assert!(!shown.contains("s3cr3t"), "{shown}");
    let rows = format!("{:?}", effective(&given.sources).unwrap());
    assert!(!rows.contains("s3cr3t"), "{rows}");
    assert_eq!(given.row("api_key").value, "(hidden)");
    assert_eq!(
        given.row("database_url").value,
        "postgres://mcp:(hidden)@db/mcp?sslpassword=(hidden)"
    );
}

#[test]
fn every_secret_of_the_table_is_listed() {
    for setting in SETTINGS.iter().filter(|setting| (setting.is_secret)()) {
        let settings = given().variable(setting.variables[0], "s3cr3t").load().unwrap();
        assert_eq!(settings.secrets().len(), 1, "{}", setting.key);
    }
}

#[test]
fn no_refusal_holds_a_secret() {
    for given in [
        given().variable("MCP_API_KEY", "s3cr3t s3cr3t"),
        given().variable("MCP_GITHUB_TOKEN", "s3cr3t\n"),
        given().file("apikey = \"s3cr3t\""),
        given().file("api_kye = \"s3cr3t\""),
        given().file("github_pat = \"s3cr3t\""),
        given().file("passphrase = \"s3cr3t\""),
        given().variable("DATABASE_URL", "postgres://mcp:s3cr3t@db/m\ncp"),
        given().variable("MCP_GITHUB_API_URL", "https://s3cr3t@api.github.com"),
        given().variable("MCP_GITHUB_API_URL", "https://me:s3cr3t@api.github.com"),
        given().variable("MCP_CORS_ORIGINS", "https://me:s3cr3t@a.example"),
        given().file("api_key = [\"s3cr3t\"]"),
        given().file("api_key = { value = \"s3cr3t\" }"),
        given().file("[github]\ntoken = \"s3cr3t\""),
        given().file("cors_origins = [\"https://me:s3cr3t@a.example\"]"),
        given().file("api-key = \"s3cr3t\""),
        given().file("api_key = \"s3cr3t\"\nport = \"x\""),
    ] {
        let line = given.refusal();
        assert!(!line.contains("s3cr3t"), "{line}");
        let debug = format!("{:?}", given.load().unwrap_err());
        assert!(!debug.contains("s3cr3t"), "{debug}");
    }
}

#[test]
fn passwords_are_hidden_wherever_they_stand() {
    for (text, shown) in [
        ("postgres://u:p@h/db", "postgres://u:(hidden)@h/db"),
        ("postgres://u:p@x/y@h/db", "postgres://u:(hidden)@h/db"),
        ("postgres://u:p:q@h/db", "postgres://u:(hidden)@h/db"),
        ("postgres://u@h/db", "postgres://u@h/db"),
        ("postgres://u:@h/db", "postgres://u:@h/db"),
        ("postgres://h/db?password=p&a=b", "postgres://h/db?password=(hidden)&a=b"),
        ("postgres:///db?PASSWORD=p", "postgres:///db?PASSWORD=(hidden)"),
        ("host=h password=p dbname=d", "host=h password=(hidden) dbname=d"),
        ("host=h password = 'p q' dbname=d", "host=h password = (hidden)"),
        ("u:p@h", "u:(hidden)@h"),
        ("https://token@h/", "https://(hidden)@h/"),
        ("sqlite:///a:b@c.db", "sqlite:///a:b@c.db"),
        ("sqlite:///password.db", "sqlite:///password.db"),
        ("sqlite::memory:", "sqlite::memory:"),
        ("", ""),
    ] {
        assert_eq!(hide_passwords(text), shown);
    }
}
