//! Settings: their sources, and errors about wrong values.

use std::fs;

use service_tests::{Command, TestServer};
use tempfile::TempDir;

/// A variable, an invalid value, and a part of the error message.
const WRONG: [(&str, &str, &str); 45] = [
    ("MCP_HOST", "nope.example", "an IP address or localhost"),
    ("MCP_HOST", "127.0.0.1:80", "an IP address or localhost"),
    ("MCP_PORT", "abc", "0 to 65535"),
    ("MCP_PORT", "65536", "0 to 65535"),
    ("MCP_PORT", "-1", "0 to 65535"),
    ("MCP_PORT", "80.0", "0 to 65535"),
    ("MCP_WORKERS", "257", "0 to 256"),
    ("MCP_DATABASE_POOL", "0", "1 to 64"),
    ("MCP_WRITE_QUEUE", "0", "1 to 65536"),
    ("MCP_GITHUB_API_URL", "ftp://api.github.com", "http or https"),
    ("MCP_GITHUB_API_URL", "api.github.com", "http or https"),
    ("MCP_FIGMA_API_URL", "https://x?y=z", "http or https"),
    ("MCP_CORS_ORIGINS", "example.com", "https://app.example.com"),
    ("MCP_CORS_ORIGINS", "https://a.example/path", "https://app.example.com"),
    ("MCP_CORS_ORIGINS", "*,https://a.example", "https://app.example.com"),
    ("MCP_ALLOWED_HOSTS", "http://a.example", "host names"),
    ("MCP_ALLOWED_HOSTS", "a.example:99999", "host names"),
    ("MCP_TRUSTED_PROXIES", "10.0.0.0/33", "10.0.0.0/8"),
    ("MCP_TRUSTED_PROXIES", "proxy.example", "10.0.0.0/8"),
    ("MCP_RATE_LIMIT", "100", "100/minute"),
    ("MCP_RATE_LIMIT", "0/minute", "100/minute"),
    ("MCP_RATE_LIMIT", "-5/minute", "100/minute"),
    ("MCP_RATE_LIMIT", "100/fortnight", "100/minute"),
    ("MCP_RATE_LIMIT", "99999999999/minute", "100/minute"),
    ("MCP_RATE_LIMIT", "many/minute", "100/minute"),
    ("MCP_LOG_RETENTION", "-1", "0 to 10000000"),
    ("MCP_LOG_RETENTION", "many", "0 to 10000000"),
    ("MCP_LOG_RETENTION", "10000001", "0 to 10000000"),
    ("MCP_LOG_LEVEL", "verbose", "debug"),
    ("RUST_LOG", "verbose", "debug"),
    ("MCP_BODY_LIMIT", "1", "2MiB"),
    ("MCP_BODY_LIMIT", "2GB", "2MiB"),
    ("MCP_BODY_LIMIT", "99999999999999999999", "2MiB"),
    ("MCP_HEADER_TIMEOUT", "0", "1 to 3600"),
    ("MCP_BODY_TIMEOUT", "5s", "1 to 3600"),
    ("MCP_KEEP_ALIVE", "3601", "1 to 3600"),
    ("MCP_MAX_CONNECTIONS", "0", "1 to 1000000"),
    ("MCP_MAX_REQUESTS", "0", "1 to 1000000"),
    ("DATABASE_URL", "mysql://localhost/x", "sqlite:///"),
    ("DATABASE_URL", "sqlite:///x.db?mode=ro", "SQLite"),
    ("DATABASE_URL", "  ", "sqlite:///"),
    ("MCP_RATE_LIMIT_LOOPBACK", "many", "100/minute"),
    ("MCP_TOOLS", "everything", "users, tasks, config"),
    ("MCP_CONFIG", "nowhere.toml", "nowhere.toml"),
    ("MCP_LOG_RETENTION", "1\n2", "0 to 10000000"),
];

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_wrong_setting_stops_the_start_with_one_line_that_names_it() {
    for (variable, value, expected) in WRONG {
        let folder = folder();
        let start = Command::new(["start"]).env("MCP_PORT", "0").env(variable, value);
        let output = start.folder(folder.path()).run();
        let line = output.refusal(2);
        let key = variable.strip_prefix("MCP_").unwrap_or(variable).to_lowercase();
        let names = line.to_lowercase().contains(&key) || line.contains(variable);
        assert!(names || variable == "RUST_LOG", "{variable}={value}: {line}");
        assert!(line.contains(expected), "{variable}={value}: {line}");
        let left = fs::read_dir(folder.path()).expect("the folder").count();
        assert_eq!(left, 0, "{variable}={value} left a file");
    }
}

#[test]
fn the_line_says_the_value_and_where_it_came_from() {
    for (variable, value, _) in WRONG {
        if value.trim().is_empty() || value.contains('\n') {
            continue;
        }
        let folder = folder();
        let start = Command::new(["start"]).env("MCP_PORT", "0").env(variable, value);
        let output = start.folder(folder.path()).run();
        let line = output.refusal(2);
        assert!(line.contains(value), "{variable}={value}: {line}");
        assert!(line.contains(variable), "{variable}={value}: {line}");
    }
}

#[test]
fn a_wrong_secret_is_named_and_not_said() {
    for variable in ["MCP_API_KEY", "MCP_GITHUB_TOKEN", "MCP_FIGMA_TOKEN"] {
        let folder = folder();
        let start = Command::new(["start"]).env(variable, "hunter2 hunter2");
        let output = start.folder(folder.path()).run();
        let line = output.refusal(2);
        assert!(line.contains(variable) && !line.contains("hunter2"), "{line}");
    }
    let url = "postgres://user:hunter2@localhost/x";
    let output = Command::new(["start"]).env("DATABASE_URL", url).run();
    if output.exit == Some(2) {
        assert!(!output.refusal(2).contains("hunter2"), "{output:?}");
    } else {
        assert!(!output.stderr.contains("hunter2"), "{output:?}");
    }
}

#[test]
fn a_variable_that_is_no_text_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let folder = folder();
    let start = Command::new(["start"]).env("MCP_PORT", OsStr::from_bytes(b"\xff80"));
    let output = start.folder(folder.path()).run();
    assert!(output.refusal(2).contains("MCP_PORT"));
}

#[test]
fn a_variable_that_is_empty_is_not_set_and_those_of_others_do_not_matter() {
    let server = TestServer::with([
        ("MCP_API_KEY", ""),
        ("MCP_LOG_RETENTION", ""),
        ("MCP_CONFIG", ""),
        ("HOST", "nope"),
        ("PORT", "nope"),
        ("MCPX", "nope"),
    ])
    .start();
    assert_eq!(server.get("/api/v1/state").status, 200);
}

#[test]
fn an_unknown_variable_is_a_warning_that_names_the_nearest_setting() {
    const UNKNOWN: [(&str, &str); 4] = [
        ("MCP_TIMEOUT", "hunter2-60000"),
        ("MCP_TOOL_TIMEOUT", "hunter2-60000"),
        ("MCP_RATELIMIT", "hunter2"),
        ("MCP_API_KEYS", "hunter2"),
    ];
    let assert_warned = |stderr: &str| {
        for (variable, _) in UNKNOWN {
            let lines: Vec<_> = stderr.lines().filter(|line| line.contains(variable)).collect();
            let [line] = lines[..] else { panic!("{variable}: {stderr}") };
            assert!(line.contains("is not a setting: ignored; the nearest setting is MCP_"));
        }
        assert!(stderr.contains("the nearest setting is MCP_RATE_LIMIT"), "{stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    };
    let server = TestServer::with(UNKNOWN).start();
    assert_eq!(server.get("/api/v1/state").status, 200);
    assert_warned(&server.stop().stderr);
    let folder = folder();
    for command in ["stdio", "config"] {
        let run =
            UNKNOWN.iter().fold(Command::new([command]), |it, (key, value)| it.env(key, value));
        let output = run.folder(folder.path()).run();
        // stdio started, and ended because stdin is closed.
        let exit = i32::from(command == "stdio");
        assert_eq!(output.exit, Some(exit), "{output:?}");
        assert_warned(&output.stderr);
        assert!(!output.stdout.contains("hunter2"), "{output:?}");
    }
}

#[test]
fn a_wrong_configuration_file_is_refused_with_its_name() {
    for (text, expected) in [
        ("port = \"abc\"", "port"),
        ("port = 99999", "port"),
        ("prot = 80", "port"),
        ("[server]\nport = 80", "server.port"),
        ("rate_limit = 100", "rate_limit"),
        ("cors_origins = [1]", "cors_origins"),
        ("port = ", "line 1"),
        ("a = 1\n= 2", "line 2"),
        ("port = 1\nport = 2", "line 2"),
    ] {
        let folder = folder();
        fs::write(folder.path().join("mine.toml"), text).expect("a file");
        let start = Command::new(["start", "--config", "mine.toml"]).folder(folder.path());
        let output = start.run();
        let line = output.refusal(2);
        assert!(line.contains("mine.toml") && line.contains(expected), "{text}: {line}");
    }
    let folder = folder();
    let missing = Command::new(["--config", "missing.toml"]).folder(folder.path()).run();
    assert!(missing.refusal(2).contains("missing.toml"));
    let not_a_file = Command::new(["--config", "."]).folder(folder.path()).run();
    assert!(not_a_file.refusal(2).contains("config"));
}

#[test]
fn a_wrong_flag_is_refused_by_its_name() {
    for (flag, value) in [("--port", "abc"), ("--host", "nope"), ("--log-level", "verbose")] {
        let folder = folder();
        let output = Command::new(["start", flag, value]).folder(folder.path()).run();
        let line = output.refusal(2);
        assert!(line.contains(flag) && line.contains(value), "{line}");
    }
}

/// Returns the value and the origin that `mcp-server config` shows for a setting.
fn shown(config: &str, key: &str) -> (String, String) {
    let line = config.lines().find(|line| line.split(" = ").next().map(str::trim) == Some(key));
    let (_, rest) =
        line.unwrap_or_else(|| panic!("no {key}: {config}")).split_once(" = ").expect(key);
    let (value, source) = rest.split_once("  # ").expect("a source");
    (value.trim().to_owned(), source.trim().to_owned())
}

#[test]
fn config_shows_what_is_in_force_and_where_it_comes_from() {
    let folder = folder();
    let file = "port = 1111\nhost = \"127.0.0.2\"\nlog_retention = 7\nlog_level = \"warn\"\n";
    fs::write(folder.path().join("mine.toml"), file).expect("a file");
    let output = Command::new(["config", "--port", "3333"])
        .env("MCP_CONFIG", "mine.toml")
        .env("MCP_PORT", "2222")
        .env("MCP_LOG_RETENTION", "8")
        .folder(folder.path())
        .run();
    assert_eq!(output.exit, Some(0), "{output:?}");
    for (key, value, source) in [
        ("port", "3333", "flag --port"),
        ("log_retention", "8", "environment variable MCP_LOG_RETENTION"),
        ("host", "127.0.0.2", "file mine.toml"),
        ("log_level", "warn", "file mine.toml"),
        ("rate_limit", "100/minute", "default"),
    ] {
        assert_eq!(shown(&output.stdout, key), (value.into(), source.into()));
    }
    let flag = Command::new(["config", "--config", "mine.toml"]).env("MCP_CONFIG", "nowhere.toml");
    let output = flag.folder(folder.path()).run();
    assert_eq!(shown(&output.stdout, "port").0, "1111");
}

#[test]
fn the_first_of_two_names_in_the_environment_counts() {
    let both = Command::new(["config"]).env("MCP_LOG_LEVEL", "warn").env("RUST_LOG", "debug").run();
    assert_eq!(shown(&both.stdout, "log_level").0, "warn");
    let one = Command::new(["config"]).env("RUST_LOG", "debug").run();
    let wanted = ("debug".into(), "environment variable RUST_LOG".into());
    assert_eq!(shown(&one.stdout, "log_level"), wanted);
}

#[test]
fn config_hides_secrets() {
    let output = Command::new(["config"])
        .env("MCP_API_KEY", "hunter2-key")
        .env("MCP_GITHUB_TOKEN", "hunter2-github")
        .run();
    assert_eq!(output.exit, Some(0), "{output:?}");
    assert!(!output.stdout.contains("hunter2") && !output.stderr.contains("hunter2"), "{output:?}");
    assert_eq!(shown(&output.stdout, "api_key").0, "(hidden)");
    assert_eq!(shown(&output.stdout, "github_token").0, "(hidden)");
    assert_eq!(shown(&output.stdout, "figma_token").0, "(not set)");
}

#[test]
fn config_says_what_a_start_would_refuse_and_hides_the_password() {
    let config = |url: &str| Command::new(["config"]).env("DATABASE_URL", url).run();
    let postgres = config("postgres://user:hunter2@localhost/x");
    let exit = if cfg!(feature = "postgres") { 0 } else { 2 };
    assert_eq!(postgres.exit, Some(exit), "{postgres:?}");
    let output = postgres.stdout + &postgres.stderr;
    assert!(output.contains("user:(hidden)@localhost") && !output.contains("hunter2"), "{output}");
    for (url, part) in [
        ("mysql://x", "unsupported database mysql://"),
        ("sqlite:///a?b", "unsupported parameters"),
    ] {
        let refused = config(url);
        let refusal = refused.refusal(2);
        assert!(refusal.contains(part) && refusal.contains("DATABASE_URL"), "{refusal}");
    }
}

#[test]
fn every_setting_of_the_default_file_is_shown() {
    let file = service_tests::repository().join("config/default.toml");
    let file = fs::read_to_string(file).expect("the default settings");
    let output = Command::new(["config"]).run();
    let mut settings = 0;
    for line in file.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let key = line.split(" = ").next().expect("a key");
        assert_eq!(shown(&output.stdout, key).1, "default", "{key}");
        settings += 1;
    }
    assert_eq!(output.stdout.lines().count(), settings);
}

#[test]
fn flags_are_stronger_than_the_environment() {
    let server = TestServer::with([("MCP_PORT", "1")]).arguments(["--port", "0"]).start();
    assert_eq!(server.get("/live").status, 200);
}

#[test]
fn every_way_to_name_the_database_is_taken() {
    for url in ["sqlite:///here.db", "sqlite://here.db", "sqlite:here.db", "here.db", "./here.db"] {
        let server = TestServer::with([("DATABASE_URL", url)]).start();
        let _ = server.data("add_user", serde_json::json!({ "username": "a" }));
        assert!(server.folder().join("here.db").is_file(), "{url}");
    }
    for url in ["sqlite::memory:", "sqlite://:memory:", ":memory:", "sqlite:///:memory:"] {
        let server = TestServer::with([("DATABASE_URL", url)]).start();
        let _ = server.data("add_user", serde_json::json!({ "username": "a" }));
        assert_eq!(server.data("list_users", serde_json::json!({})), serde_json::json!(["a"]));
        assert_eq!(fs::read_dir(server.folder()).expect("the folder").count(), 0, "{url}");
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_said_in_one_line() {
    let folder = folder();
    fs::write(folder.path().join("text.db"), "this is a text, not a database ".repeat(100))
        .expect("a file");
    for url in ["sqlite:///nowhere/at/all.db", "sqlite:///text.db", "sqlite:///."] {
        let start = Command::new(["start"]).env("MCP_PORT", "0").env("DATABASE_URL", url);
        let start = start.env("MCP_LOG_LEVEL", "off");
        let output = start.folder(folder.path()).run();
        let line = output.refusal(1);
        assert!(!line.contains("panicked"), "{url}: {line}");
    }
}

#[test]
fn a_server_that_anybody_can_reach_without_a_key_warns_loudly() {
    // A documentation address (RFC 5737), on which nothing listens; the warning comes first.
    let start = || Command::new(["start", "--host", "192.0.2.1", "--port", "0"]);
    let folder = folder();
    let without = start().folder(folder.path()).run();
    assert_eq!(without.exit, Some(1), "{without:?}");
    assert!(
        without.stderr.contains("WARN") && without.stderr.contains("MCP_API_KEY"),
        "{without:?}"
    );
    let with = start().env("MCP_API_KEY", "k-12345").folder(folder.path()).run();
    assert!(!with.stderr.contains("WARN"), "{with:?}");
}
