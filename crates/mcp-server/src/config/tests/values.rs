//! Each setting: what it accepts, from the environment and from a file, and what it refuses.

use crate::config::Rate;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::config::table;
use crate::config::{CorsOrigins, RateLimit, RateUnit, SETTINGS};

use super::cases::CASES;
use super::given;

/// A TOML string of any text.
fn quoted(text: &str) -> String {
    // JSON's escapes are TOML's, but for the one that JSON leaves as it is.
    serde_json::to_string(text).unwrap().replace('\u{7f}', "\\u007f")
}

#[test]
fn every_setting_has_a_case() {
    let keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
    assert_eq!(keys, CASES.iter().map(|case| case.key).collect::<Vec<_>>());
}

#[test]
fn the_environment_sets_each() {
    for case in CASES {
        for variable in table::find(case.key).unwrap().variables {
            for (text, shown) in case.good {
                let given = given().variable(variable, text);
                given.load().unwrap_or_else(|error| panic!("{error}"));
                let row = given.row(case.key);
                assert_eq!(
                    (row.value.as_str(), row.source),
                    (*shown, format!("environment variable {variable}"))
                );
            }
        }
    }
}

#[test]
fn a_file_sets_each() {
    for case in CASES {
        for (text, shown) in case.good {
            let given = given().file(&format!("{} = {}", case.key, quoted(text)));
            given.load().unwrap_or_else(|error| panic!("{error}"));
            let row = given.row(case.key);
            assert_eq!(
                (row.value.as_str(), row.source),
                (*shown, format!("file {}", given.path().display()))
            );
        }
    }
}

/// The shown value, in a file, sets the same value.
#[test]
fn what_is_shown_can_be_set() {
    for case in CASES.iter().filter(|case| !case.good[0].1.contains("hidden")) {
        for (_, shown) in case.good {
            let row = given().file(&format!("{} = {}", case.key, quoted(shown))).row(case.key);
            assert_eq!(row.value, *shown, "{}", case.key);
        }
    }
}

#[test]
fn a_wrong_value_in_the_environment_is_named() {
    for case in CASES {
        let setting = table::find(case.key).unwrap();
        for variable in setting.variables {
            for text in case.bad {
                let line = given().variable(variable, text).refusal();
                let ending =
                    format!("(environment variable {variable}): expected {}", (setting.expected)());
                assert!(line.starts_with(&format!("{}: ", case.key)), "{line}");
                assert!(line.ends_with(&ending), "{line}");
                if (setting.is_secret)() {
                    assert_eq!(line, format!("{}: (hidden) {ending}", case.key));
                } else if !text.contains('@') && !text.contains(char::is_control) {
                    assert_eq!(line, format!("{}: \"{text}\" {ending}", case.key));
                }
            }
        }
    }
}

#[test]
fn a_wrong_value_in_a_file_is_named() {
    for case in CASES {
        let setting = table::find(case.key).unwrap();
        let texts = case.bad.iter().map(|text| quoted(text));
        for toml in texts.chain(case.bad_toml.iter().map(|toml| (*toml).to_owned())) {
            let line = given().file(&format!("{} = {toml}", case.key)).refusal();
            let ending = format!(" (file mcp.toml): expected {}", (setting.expected)());
            assert!(line.starts_with(&format!("{}: ", case.key)), "{line}");
            assert!(line.ends_with(&ending), "{line}");
            assert!(!(setting.is_secret)() || line.contains(": (hidden) ("), "{line}");
        }
    }
}

#[test]
fn numbers_and_lists_of_a_file() {
    let settings = given()
        .file(
            "port = 9000\nbody_limit = 4096\ncors_origins = [\"https://a.example\", \"https://b.example\"]\n\
             allowed_hosts = [\"a.example\"]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]",
        )
        .load()
        .unwrap();
    assert_eq!((settings.port, settings.body_limit), (9000, 4096));
    let listed = ["https://a.example", "https://b.example"].map(str::to_owned).to_vec();
    assert_eq!(settings.cors_origins, CorsOrigins::Listed(listed));
    assert_eq!(settings.allowed_hosts, ["a.example".parse().unwrap()]);
    assert_eq!(settings.trusted_proxies, ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()));
}

#[test]
fn an_empty_list_of_origins_allows_none() {
    for empty in ["[]", "\"\""] {
        let settings = given().file(&format!("cors_origins = {empty}")).load().unwrap();
        assert_eq!(settings.cors_origins, CorsOrigins::Listed(Vec::new()));
    }
}

#[test]
fn a_rate_limit_says_itself() {
    for (text, message, duration) in [
        ("100/minute", "100 per 1 minute", 60),
        ("1 / SECOND", "1 per 1 second", 1),
        ("5/hour", "5 per 1 hour", 3600),
        ("7/day", "7 per 1 day", 86400),
    ] {
        let Some(RateLimit::Per(rate)) = RateLimit::parse(text) else { panic!("{text}") };
        assert_eq!(rate.to_string(), message);
        assert_eq!(rate.unit.duration(), Duration::from_secs(duration));
    }
    assert_eq!(RateLimit::parse("Off"), Some(RateLimit::Off));
    assert_eq!(RateLimit::Off.to_string(), "off");
}

#[test]
fn the_defaults() {
    let settings = given().load().unwrap();
    assert_eq!(settings.address().to_string(), "127.0.0.1:8000");
    assert_eq!(settings.workers, 0);
    assert_eq!(settings.database_url.as_str(), "sqlite:///./mcp_server.db");
    assert_eq!((settings.database_pool, settings.write_queue), (4, 1024));
    assert_eq!(settings.batch_budget, Duration::from_millis(250));
    assert!(settings.api_key.is_none());
    assert!(settings.github_token.is_none());
    assert!(settings.figma_token.is_none());
    assert!(settings.secrets().is_empty());
    assert_eq!(settings.github_api_url.as_str(), "https://api.github.com/");
    assert_eq!(settings.figma_api_url.as_str(), "https://api.figma.com/");
    assert_eq!(settings.cors_origins, CorsOrigins::Any);
    assert!(settings.allowed_hosts.is_empty());
    assert!(settings.trusted_proxies.is_empty());
    let hundred = NonZeroU32::new(100).unwrap();
    assert_eq!(
        settings.rate_limit,
        RateLimit::Per(Rate { count: hundred, unit: RateUnit::Minute })
    );
    let loopback = NonZeroU32::new(6000).unwrap();
    assert_eq!(
        settings.rate_limit_loopback,
        RateLimit::Per(Rate { count: loopback, unit: RateUnit::Minute })
    );
    assert_eq!(settings.log_retention, 1000);
    assert_eq!(settings.log_level, "info");
    assert_eq!(settings.body_limit, 2 << 20);
    assert_eq!(settings.header_timeout, Duration::from_secs(5));
    assert_eq!(settings.body_timeout, Duration::from_secs(30));
    assert_eq!(settings.keep_alive, Duration::from_secs(75));
    assert_eq!((settings.max_connections, settings.max_requests), (10_000, 512));
}

#[test]
fn loopback_is_this_machine_alone() {
    for (host, loopback) in [
        ("127.0.0.1", true),
        ("127.9.9.9", true),
        ("localhost", true),
        ("::1", true),
        ("::ffff:127.0.0.1", true),
        ("0.0.0.0", false),
        ("::", false),
        ("192.168.1.1", false),
    ] {
        let settings = given().variable("MCP_HOST", host).load().unwrap();
        assert_eq!(settings.is_loopback(), loopback, "{host}");
    }
}
