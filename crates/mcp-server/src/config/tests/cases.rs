//! For each setting: what it accepts and what it refuses.

/// For each setting: accepted texts with what `mcp-server config` shows for them, refused texts,
/// and refused TOML.
pub(super) struct Case {
    pub(super) key: &'static str,
    pub(super) good: &'static [(&'static str, &'static str)],
    pub(super) bad: &'static [&'static str],
    pub(super) bad_toml: &'static [&'static str],
}

const fn case(
    key: &'static str,
    good: &'static [(&'static str, &'static str)],
    bad: &'static [&'static str],
    bad_toml: &'static [&'static str],
) -> Case {
    Case { key, good, bad, bad_toml }
}

const NOT_SECONDS: &[&str] = &["0", "3601", "-1", "1.5", "5s", "five", " "];
const NOT_NUMBERS: &[&str] = &["true", "1.0", "nan", "[]", "{}", "-1", "1979-05-27"];
const NOT_TEXT: &[&str] = &["1", "true", "[]", "{}", "1979-05-27"];

pub(super) const CASES: &[Case] = &[
    case(
        "host",
        &[
            ("0.0.0.0", "0.0.0.0"),
            ("::1", "::1"),
            (" 127.0.0.1 ", "127.0.0.1"),
            ("localhost", "127.0.0.1"),
            ("LocalHost", "127.0.0.1"),
        ],
        &["example.com", "127.0.0.1:80", "256.0.0.1", "0", "127.1", " "],
        NOT_TEXT,
    ),
    case(
        "port",
        &[("0", "0"), ("8080", "8080"), ("65535", "65535"), (" 80 ", "80")],
        &["65536", "-1", "abc", "+80", "80.0", "0x50", "8_000", "99999999999999999999999", " "],
        NOT_NUMBERS,
    ),
    case("workers", &[("0", "0"), ("256", "256")], &["257", "auto"], NOT_NUMBERS),
    case(
        "database_url",
        &[
            ("sqlite:////var/lib/mcp.db", "sqlite:////var/lib/mcp.db"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("/var/lib/mcp.db", "/var/lib/mcp.db"),
            ("12345", "12345"),
            ("postgres://mcp:hunter2@db/mcp", "postgres://mcp:(hidden)@db/mcp"),
        ],
        &[" ", "a\nb", "a\0b"],
        NOT_TEXT,
    ),
    case("database_pool", &[("1", "1"), ("64", "64")], &["0", "65", "four"], NOT_NUMBERS),
    case("write_queue", &[("1", "1"), ("65536", "65536")], &["0", "65537", "x"], NOT_NUMBERS),
    case(
        "api_key",
        &[("12345", "(hidden)"), ("true", "(hidden)"), ("[1]", "(hidden)"), ("a\"b", "(hidden)")],
        &["two words", "tab\t", "line\n", "schlüssel", " "],
        NOT_TEXT,
    ),
    case("github_token", &[("ghp_1", "(hidden)"), ("1e5", "(hidden)")], &["a b", "é"], NOT_TEXT),
    case(
        "github_api_url",
        &[
            ("https://ghe.example.com/api/v3", "https://ghe.example.com/api/v3/"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/"),
        ],
        &[
            "api.github.com",
            "ftp://api.github.com",
            "https://",
            "https://user:word@api.github.com",
            "https://api.github.com/?a=b",
            "https://api.github.com/#a",
            "https://api.git\thub.com",
            " ",
        ],
        NOT_TEXT,
    ),
    case("figma_token", &[("figd_1", "(hidden)"), ("0", "(hidden)")], &["a b", "\u{7f}"], NOT_TEXT),
    case(
        "figma_api_url",
        &[("http://localhost:1/", "http://localhost:1/")],
        &["figma", "file:///etc/passwd", "https://api.figma.com/?"],
        NOT_TEXT,
    ),
    case(
        "cors_origins",
        &[
            ("*", "*"),
            ("https://a.example.com", "https://a.example.com"),
            ("HTTPS://A.example.com:443", "https://a.example.com"),
            ("http://localhost:3000, https://b.example", "http://localhost:3000,https://b.example"),
            ("http://[::1]:3000,", "http://[::1]:3000"),
            ("vscode-webview://abc", "vscode-webview://abc"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ],
        &[
            "*,https://a.example",
            "https://*.example.com",
            "https://a.example/",
            "https://a.example/path",
            "https://a.example?q",
            "https://user@a.example",
            "https://a.example:99999",
            "a.example",
            "https://",
            "null",
            "https://a.exa\nmple",
        ],
        &["1", "true", "{}", "[1]", "[\"\"]", "[\"*\", \"https://a.example\"]"],
    ),
    case(
        "allowed_hosts",
        &[
            ("MCP.example.com", "mcp.example.com"),
            ("a.example:8443, [::1]:80,10.0.0.1", "a.example:8443,[::1]:80,10.0.0.1"),
        ],
        &["*", "https://a.example", "a.example/", "a.example:x", "a.example:", "::1", "a b", "é"],
        &["1", "true", "{}", "[1]", "[\"\"]"],
    ),
    case(
        "trusted_proxies",
        &[("127.0.0.1", "127.0.0.1/32"), ("10.1.2.3/8, fd00::/8,", "10.0.0.0/8,fd00::/8")],
        &["10.0.0.0/33", "localhost", "10.0.0", "*", "10.0.0.0/8/8"],
        &["1", "true", "{}", "[1]", "[\"\"]"],
    ),
    case(
        "rate_limit",
        &[
            ("200/minute", "200/minute"),
            ("1/second", "1/second"),
            ("4294967295/day", "4294967295/day"),
            (" 10 / Hour ", "10 / Hour"),
            ("OFF", "OFF"),
        ],
        &[
            "0/minute",
            "4294967296/day",
            "-1/day",
            "+1/day",
            "100",
            "100/",
            "/minute",
            "100/week",
            "100/minutes",
            "1.5/second",
            "100/minute/",
            "100 per minute",
            "on",
            " ",
        ],
        NOT_TEXT,
    ),
    case(
        "log_retention",
        &[("0", "0"), ("10000000", "10000000")],
        &["10000001", "all"],
        NOT_NUMBERS,
    ),
    case(
        "log_level",
        &[
            ("debug", "debug"),
            ("OFF", "OFF"),
            ("info,actix_web=debug", "info,actix_web=debug"),
            ("mcp_server", "mcp_server"),
            ("warn, mcp_core::x=trace/a.*b", "warn, mcp_core::x=trace/a.*b"),
        ],
        &[
            "verbose",
            "loud",
            "info,loud",
            "a=b",
            "a=",
            "=info",
            "a=info=b",
            "info/(",
            "a/b/c",
            "7",
            " ",
            ",",
        ],
        NOT_TEXT,
    ),
    case(
        "body_limit",
        &[
            ("1024", "1KiB"),
            ("1025", "1025"),
            ("512KiB", "512KiB"),
            ("2 mib", "2MiB"),
            ("1GiB", "1GiB"),
            ("1536KiB", "1536KiB"),
        ],
        &[
            "1023",
            "1073741825",
            "2GiB",
            "2MB",
            "2M",
            "1.5MiB",
            "MiB",
            "-1",
            "18446744073709551615GiB",
            " ",
        ],
        NOT_NUMBERS,
    ),
    case("header_timeout", &[("1", "1"), ("3600", "3600")], NOT_SECONDS, NOT_NUMBERS),
    case("body_timeout", &[("1", "1"), ("3600", "3600")], NOT_SECONDS, NOT_NUMBERS),
    case("keep_alive", &[("1", "1"), ("3600", "3600")], NOT_SECONDS, NOT_NUMBERS),
    case("max_connections", &[("1", "1"), ("1000000", "1000000")], &["0", "1000001"], NOT_NUMBERS),
    case("max_requests", &[("1", "1"), ("1000000", "1000000")], &["0", "1000001"], NOT_NUMBERS),
];
