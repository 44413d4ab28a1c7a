//! Which layer wins, and how a configuration file fails.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::config::effective::EffectiveSetting;
use crate::config::{SETTINGS, Settings, Sources};

use super::{Given, given};

#[test]
fn the_stronger_layer_wins() {
    let layers = given();
    let port = |row: EffectiveSetting| (row.value, row.source);
    assert_eq!(port(layers.row("port")), ("8000".into(), "default".into()));

    let layers = layers.file("port = 1\nworkers = 3");
    let from_file = format!("file {}", layers.path().display());
    assert_eq!(port(layers.row("port")), ("1".into(), from_file.clone()));

    let layers = layers.variable("MCP_PORT", "2");
    assert_eq!(port(layers.row("port")), ("2".into(), "environment variable MCP_PORT".into()));

    let layers = layers.flags(None, Some("3"), None);
    assert_eq!(port(layers.row("port")), ("3".into(), "flag --port".into()));
    assert_eq!(layers.load().unwrap().port, 3);
    assert_eq!(port(layers.row("workers")), ("3".into(), from_file));
}

#[test]
fn flags_set_and_are_named() {
    let flags = given().flags(Some("::1"), Some("9"), Some("debug"));
    let settings = flags.load().unwrap();
    assert_eq!(settings.address().to_string(), "[::1]:9");
    assert_eq!(settings.log_level, "debug");
    assert_eq!(flags.row("host").source, "flag --host");
    assert_eq!(flags.row("log_level").source, "flag --log-level");

    for (flags, line) in [
        (
            given().flags(Some("x"), None, None),
            "host: \"x\" (flag --host): expected an IP address or localhost",
        ),
        (
            given().flags(None, Some("x"), None),
            "port: \"x\" (flag --port): expected a port from 0 to 65535",
        ),
        (
            given().flags(None, Some(""), None),
            "port: \"\" (flag --port): expected a port from 0 to 65535",
        ),
    ] {
        assert_eq!(flags.refusal(), line);
    }
    let line = given().flags(None, None, Some("loud")).refusal();
    assert!(
        line.starts_with("log_level: \"loud\" (flag --log-level): expected off, error, "),
        "{line}"
    );
}

#[test]
fn a_list_replaces_a_list() {
    let layers = given()
        .file("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]")
        .variable("MCP_TRUSTED_PROXIES", "192.168.0.0/16");
    assert_eq!(layers.row("trusted_proxies").value, "192.168.0.0/16");
}

#[test]
fn a_wrong_value_stops_the_start_below_a_right_one() {
    let layers = given().file("port = \"x\"").variable("MCP_PORT", "1");
    assert_eq!(layers.refusal(), "port: \"x\" (file mcp.toml): expected a port from 0 to 65535");
}

#[test]
fn an_empty_variable_is_not_set() {
    let mut given = given().file("port = 1").variable("MCP_CONFIG", "").variable("MCP_UNKNOWN", "");
    for variable in SETTINGS.iter().flat_map(|setting| setting.variables) {
        given = given.variable(variable, "");
    }
    assert_eq!(given.load().unwrap().port, 1);
}

#[test]
fn rust_log_stands_in_for_the_log_level() {
    let given = given().file("log_level = \"error\"").variable("RUST_LOG", "mcp_server=trace");
    assert_eq!(given.load().unwrap().log_level, "mcp_server=trace");
    assert_eq!(given.row("log_level").source, "environment variable RUST_LOG");
    let given = given.variable("MCP_LOG_LEVEL", "warn");
    assert_eq!(given.load().unwrap().log_level, "warn");
    let given = given.variable("RUST_LOG", "whatever");
    assert_eq!(given.row("log_level").source, "environment variable MCP_LOG_LEVEL");
}

#[test]
fn the_environment_may_name_the_file() {
    let file = given().file("port = 7");
    let named = given().variable("MCP_CONFIG", file.path());
    assert_eq!(named.load().unwrap().port, 7);
    let other = given().file("port = 8").variable("MCP_CONFIG", file.path());
    assert_eq!(other.load().unwrap().port, 8);
    assert_eq!(
        given().variable("MCP_CONFIG", "/no/such.toml").refusal(),
        "config: \"/no/such.toml\" (environment variable MCP_CONFIG): cannot be read: No such file or directory (os error 2)",
    );
}

#[test]
fn a_file_may_begin_with_a_byte_order_mark() {
    assert_eq!(given().file("\u{feff}port = 7").load().unwrap().port, 7);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let sources = |path: &str| Sources { config_file: Some(path.into()), ..Sources::default() };
    for (path, fault) in [
        ("/no/such.toml", "No such file or directory (os error 2)"),
        ("/", "Is a directory (os error 21)"),
        ("", "No such file or directory (os error 2)"),
        ("/dev/zero", "it is larger than 1 MiB"),
    ] {
        let line = Settings::load(&sources(path)).unwrap_err().to_string();
        let start = format!("config: {path:?} (flag --config): cannot be read: ");
        assert_eq!(line, format!("{start}{fault}"));
    }
    let latin = given().file("");
    std::fs::write(latin.path(), b"host = \"\xe9\"").unwrap();
    assert!(latin.refusal().ends_with("cannot be read: stream did not contain valid UTF-8"));
}

#[test]
fn a_file_that_is_not_toml_is_named_with_its_line() {
    for (text, fault) in [
        ("port = 1\nhost = \n", "line 2 is not valid TOML: invalid string"),
        ("a = ", "line 1 is not valid TOML"),
        ("port = 1\n\nport = 2\n", "line 3 is not valid TOML: duplicate key `port`"),
        ("port = 99999999999999999999", "line 1 is not valid TOML: "),
        ("\n\n\nnothing", "line 4 is not valid TOML: "),
        ("api_key = s3cr3t", "line 1 is not valid TOML: "),
        ("api_key = \"s3cr3t", "line 1 is not valid TOML: "),
    ] {
        let line = given().file(text).refusal();
        let start = format!("config: \"mcp.toml\" (flag --config): {fault}");
        assert!(line.starts_with(&start), "{line}");
        assert!(!line.contains("s3cr3t"), "{line}");
    }
}

#[test]
fn a_value_that_is_not_utf_8_is_named() {
    let bytes = || OsString::from_vec(b"8\xff".to_vec());
    assert_eq!(
        given().variable("MCP_PORT", bytes()).refusal(),
        "port: \"8\u{fffd}\" (environment variable MCP_PORT): expected a port from 0 to 65535",
    );
    assert_eq!(
        given().variable("MCP_API_KEY", bytes()).refusal(),
        "api_key: (hidden) (environment variable MCP_API_KEY): expected text of visible ASCII \
         characters without spaces",
    );
    // Other variables may hold any bytes.
    assert!(given().variable("PATH", bytes()).load().is_ok());
}

#[test]
fn a_rate_limit_that_is_set_alone_holds_on_this_machine_too() {
    let loopback = |given: Given| {
        let row = given.row("rate_limit_loopback");
        let directory = given.directory.as_ref().map(|it| format!("{}/", it.path().display()));
        (row.value, row.source.replace(&directory.unwrap_or_else(|| "-".into()), ""))
    };
    let of = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    let (all, own) = ("MCP_RATE_LIMIT", "MCP_RATE_LIMIT_LOOPBACK");
    let (from_all, from_own) =
        ("environment variable MCP_RATE_LIMIT", format!("environment variable {own}"));
    assert_eq!(loopback(given()), of("6000/minute", "default"));
    assert_eq!(loopback(given().variable(all, "5/minute")), of("5/minute", from_all));
    assert_eq!(loopback(given().variable(all, "off")), of("off", from_all));
    assert_eq!(loopback(given().variable(own, "9/day")), of("9/day", &from_own));
    let both = given().variable(all, "5/minute").variable(own, "6000/minute");
    assert_eq!(loopback(both), of("6000/minute", &from_own));
    let file = given().file("rate_limit = \"7/day\"");
    assert_eq!(loopback(file), of("7/day", "file mcp.toml"));
    let file = given().file("rate_limit_loopback = \"7/day\"").variable(all, "5/minute");
    assert_eq!(loopback(file), of("7/day", "file mcp.toml"));
}
