//! Unknown settings: an error in a file, a warning in the environment, each with the nearest setting.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use super::given;

#[test]
fn an_unknown_variable_is_a_warning_that_names_the_nearest() {
    for (name, nearest) in [
        ("MCP_PROT", "MCP_PORT"),
        ("MCP_CORS_ORIGIN", "MCP_CORS_ORIGINS"),
        ("MCP_DATABASE_URL", "DATABASE_URL"),
        ("MCP_port", "MCP_PORT"),
        ("MCP_LOGLEVEL", "MCP_LOG_LEVEL"),
        ("MCP_API_KEYS", "MCP_API_KEY"),
    ] {
        let given = given().variable(name, "s3cr3t");
        assert_eq!(given.load().unwrap().port, 8000, "{name}");
        assert_eq!(
            given.sources.warnings(),
            [format!(
                "environment variable {name} is not a setting: ignored; the nearest setting is {nearest}"
            )],
        );
    }
    for name in ["MCP_", "MCP_TIMEOUT", "MCP_TOOL_TIMEOUT", "MCP_GITHUB_PAT"] {
        let given = given().variable(name, "s3cr3t");
        assert_eq!(given.load().unwrap().port, 8000, "{name}");
        let [line] = given.sources.warnings().try_into().unwrap();
        assert!(line.contains(name) && line.contains("the nearest setting is MCP_"), "{line}");
        assert!(!line.contains("s3cr3t"), "{line}");
    }
    assert_eq!(given().variable("MCP_PROT", "").sources.warnings(), [""; 0]);
}

#[test]
fn others_share_the_prefix() {
    let given = given()
        .variable("MCP_CONFIG", "/dev/null")
        .variable("MCP_BASE_URL", "http://localhost:8000")
        .variable("MCP_TEST_POSTGRES_URL", "x")
        .variable("MCPX", "1")
        .variable("mcp_port", "x")
        .variable("PORT", "x");
    assert_eq!(given.load().unwrap().port, 8000);
    assert_eq!(given.sources.warnings(), [""; 0]);
}

#[test]
fn an_unknown_key_is_named_with_the_nearest() {
    for (toml, line) in [
        ("prot = 1", "prot (file mcp.toml): unknown setting; the nearest is port"),
        ("Port = 1", "Port (file mcp.toml): unknown setting; the nearest is port"),
        ("MCP_PORT = 1", "MCP_PORT (file mcp.toml): unknown setting; the nearest is port"),
        (
            "log-level = \"x\"",
            "log-level (file mcp.toml): unknown setting; the nearest is log_level",
        ),
        ("hosts = [\"a\", 1, true]", "hosts (file mcp.toml): unknown setting; the nearest is host"),
        ("prot = 1979-05-27", "prot (file mcp.toml): unknown setting; the nearest is port"),
    ] {
        assert_eq!(given().file(toml).refusal(), line);
    }
}

#[test]
fn there_are_no_sections() {
    for (toml, line) in [
        ("[server]\nport = 1", "server.port (file mcp.toml): unknown setting; the nearest is port"),
        ("a.b.port = true", "a.b.port (file mcp.toml): unknown setting; the nearest is port"),
        ("[port]\nhost = 1.5", "port.host (file mcp.toml): unknown setting; the nearest is host"),
        ("[workers]", "workers: {…} (file mcp.toml): expected a whole number from 0 to 256"),
        ("port = 1.0", "port: 1.0 (file mcp.toml): expected a port from 0 to 65535"),
        ("[[port]]\na = 1", "port: [{…}] (file mcp.toml): expected a port from 0 to 65535"),
    ] {
        assert_eq!(given().file(toml).refusal(), line);
    }
    for profile in ["default", "global", "release"] {
        let line = given().file(&format!("[{profile}]\nport = 1")).refusal();
        assert!(line.starts_with(&format!("{profile}.port ")), "{line}");
    }
}

#[test]
fn whatever_it_is_the_refusal_is_one_short_line() {
    let long = "x\n".repeat(100_000);
    for given in [
        given().variable("MCP_PORT", &long),
        given().variable("MCP_CORS_ORIGINS", long.replace('\n', ",")),
        given().file(&format!("\"a\\nb\" = '''{long}'''")),
        given().file(&format!("port = [{}]", "1,".repeat(10_000))),
        given().file("'a b' = ''"),
        given().file(&format!("port = {}", "[".repeat(100_000))),
        given().file(&format!("{}port = 1", "a.".repeat(100_000))),
    ] {
        let line = given.refusal();
        assert!(line.len() < 500, "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    let name = OsString::from_vec(b"MCP_\xff".to_vec());
    let mut given = given();
    given.sources.environment.insert(name, "1".into());
    given = given.variable("MCP_A\nB\u{1b}[2J", &long).variable(&format!("MCP_{long}"), "1");
    let warnings = given.sources.warnings();
    assert_eq!(warnings.len(), 3);
    for line in warnings {
        assert!(line.len() < 500, "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}
