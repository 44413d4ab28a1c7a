//! What the status of an answer means.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use mcp_core::dispatch::Redactor;
use mcp_core::{ErrorCode, Timestamp, json};

use super::failure::Failure;
use super::rate_limit;

/// The largest body of a refusal that is looked into for its message, in bytes.
pub(super) const LARGEST_REFUSAL: usize = 64 << 10;

/// The shortest wait that a caller is told: less than a second is written as none.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);

/// The longest message of another system that a caller is told, in characters.
const LONGEST_MESSAGE: usize = 500;

/// A whole answer.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What follows from one try.
pub(super) enum Meaning {
    /// It is the answer.
    Answer(Reply),
    /// It failed in a way that passes. `wait` is how long the other system says that it takes.
    Again { failure: Failure, wait: Option<Duration> },
    /// It failed, and would again.
    Final(Failure),
}

impl Reply {
    /// What the answer to a request means; `conditional` where the request said what is kept.
    ///
    /// GitHub refuses with 403 or 429 where a rate limit is used up:
    /// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
    pub(super) fn meaning(
        self,
        name: &str,
        conditional: bool,
        redactor: &Redactor,
        now: Timestamp,
    ) -> Meaning {
        let message = || message(&self.body).map(|text| redactor.scrub(&text));
        let failed = |code, message: Option<String>| {
            Failure::new(code, text(self.status, message.as_deref()))
        };
        match self.status.as_u16() {
            // Nobody asked for a part.
            206 => {
                let message = format!("{name} answered with a part of what was asked for");
                Meaning::Final(Failure::new(ErrorCode::UpstreamFailed, message))
            }
            200..=299 => Meaning::Answer(self),
            304 if conditional => Meaning::Answer(self),
            403 | 429 => {
                let message = message();
                match rate_limit::read(self.status, &self.headers, message.as_deref(), now) {
                    Some(limited) => Meaning::Again {
                        failure: failed(ErrorCode::UpstreamRateLimited, message)
                            .retry_after(Some(limited.until().max(SHORTEST_WAIT))),
                        wait: limited.wait,
                    },
                    None => Meaning::Final(failed(ErrorCode::UpstreamRefused, message)),
                }
            }
            502..=504 => {
                let wait = rate_limit::retry_after(&self.headers, now);
                let failure = failed(ErrorCode::UpstreamFailed, message()).retry_after(wait);
                Meaning::Again { failure, wait }
            }
            400..=499 => Meaning::Final(failed(ErrorCode::UpstreamRefused, message())),
            500.. => Meaning::Final(failed(ErrorCode::UpstreamFailed, message())),
            status => {
                let message = format!("{name} answered with the unexpected status {status}");
                Meaning::Final(Failure::new(ErrorCode::UpstreamFailed, message))
            }
        }
    }
}

/// `Request failed (404): Not Found`: the other system's own message, or what the status is called.
fn text(status: StatusCode, message: Option<&str>) -> String {
    let number = status.as_u16();
    match message.or(status.canonical_reason()) {
        Some(message) => {
            let message: String = message.chars().take(LONGEST_MESSAGE).collect();
            format!("Request failed ({number}): {message}")
        }
        None => format!("Request failed ({number})"),
    }
}

/// The message of a refusal: GitHub's `message`; Figma's `message` or `err`. Nothing else of the
/// body is ever told.
fn message(body: &[u8]) -> Option<String> {
    let body = json::value(str::from_utf8(body).ok()?).ok()?;
    let said = |name| body.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty());
    ["message", "err"].into_iter().find_map(said).map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, headers: &[(&'static str, &str)], body: &str) -> (Failure, bool) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect();
        let status = StatusCode::from_u16(status).expect("a status");
        let reply = Reply { status, headers, body: body.into() };
        let redactor = Redactor::new(["ghp_secret".to_owned()]);
        match reply.meaning("GitHub", false, &redactor, Timestamp::from_micros(0)) {
            Meaning::Answer(_) => panic!("{status} is no answer"),
            Meaning::Again { failure, .. } => (failure, true),
            Meaning::Final(failure) => (failure, false),
        }
    }

    #[test]
    fn each_status_has_its_error_and_only_what_passes_is_tried_again() {
        for (status, code, again) in [
            (400, ErrorCode::UpstreamRefused, false),
            (401, ErrorCode::UpstreamRefused, false),
            (403, ErrorCode::UpstreamRefused, false),
            (404, ErrorCode::UpstreamRefused, false),
            (422, ErrorCode::UpstreamRefused, false),
            (429, ErrorCode::UpstreamRateLimited, true),
            (500, ErrorCode::UpstreamFailed, false),
            (502, ErrorCode::UpstreamFailed, true),
            (503, ErrorCode::UpstreamFailed, true),
            (504, ErrorCode::UpstreamFailed, true),
            (206, ErrorCode::UpstreamFailed, false),
            (302, ErrorCode::UpstreamFailed, false),
            (304, ErrorCode::UpstreamFailed, false),
        ] {
            let (failure, is_again) = failure(status, &[], "{}");
            assert_eq!((failure.code, is_again), (code, again), "{status}");
        }
    }

    #[test]
    fn only_the_message_is_told_and_never_all_of_a_long_one() {
        let long = format!(r#"{{"message":"{}"}}"#, "ü".repeat(501));
        for (body, text) in [
            (r#"{"message":"Bad credentials","secret":"x"}"#, "Bad credentials"),
            (r#"{"status":403,"err":"Invalid token"}"#, "Invalid token"),
            (r#"{"message":{"a":1}}"#, "Not Found"),
            (r#"{"message":""}"#, "Not Found"),
            (r#"{"message":" ","err":"Invalid token"}"#, "Invalid token"),
            (r#"{"message":"half \ud83d of it"}"#, "half \u{fffd} of it"),
            ("<html>Unicorn!</html>", "Not Found"),
            ("", "Not Found"),
            (&long, &"ü".repeat(500)),
        ] {
            let (failure, _) = failure(404, &[], body);
            assert_eq!(failure.message, format!("Request failed (404): {text}"), "{body}");
        }
        assert_eq!(failure(499, &[], "").0.message, "Request failed (499)");
    }

    #[test]
    fn the_token_is_in_no_message_not_even_a_part_at_its_end() {
        let body = format!(r#"{{"message":"{}ghp_secret"}}"#, "a".repeat(495));
        let (failure, _) = failure(401, &[], &body);
        assert!(!failure.message.contains("ghp_"), "{}", failure.message);
    }

    #[test]
    fn a_rate_limit_says_when_to_come_back() {
        for (status, headers, body, seconds) in [
            (429, &[("retry-after", "7")][..], "{}", 7),
            (429, &[], "{}", 60),
            (429, &[("retry-after", "0")], "{}", 1),
            (403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "90")], "{}", 90),
            (403, &[], r#"{"message":"You have exceeded a secondary rate limit."}"#, 60),
        ] {
            let (failure, again) = failure(status, headers, body);
            assert_eq!(failure.code, ErrorCode::UpstreamRateLimited, "{headers:?}");
            assert!(again);
            assert_eq!(failure.retry_after, Some(Duration::from_secs(seconds)), "{headers:?}");
        }
    }
}
