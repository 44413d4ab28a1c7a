//! The meaning of a response's status.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use mcp_core::dispatch::Redactor;
use mcp_core::{ErrorCode, Timestamp};
use serde_json::Value;

use super::failure::Failure;
use super::json::with_whole_characters;
use super::rate_limit::{self, Limited};

/// The maximum size of an error response's body, in bytes.
pub(super) const MAX_ERROR_BODY: usize = 64 << 10;

/// The maximum length of an upstream's message in an error, in characters.
const MAX_MESSAGE: usize = 500;

/// A response with its whole body.
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The outcome of one attempt.
pub(super) enum Outcome {
    Success(Response),
    /// A temporary failure. `wait` is the time that the upstream asks for.
    Retry {
        failure: Failure,
        wait: Option<Duration>,
    },
    /// A permanent failure.
    Failure(Failure),
}

impl Response {
    /// Returns the rate limit that the response reports as used up.
    pub(super) fn limited(&self, redactor: &Redactor, now: Timestamp) -> Option<Limited> {
        let message = rate_limit::is_refusal(self.status).then(|| self.message(redactor)).flatten();
        rate_limit::read(self.status, &self.headers, message.as_deref(), now)
    }

    /// Returns the outcome of the attempt. `conditional` says whether the request was conditional,
    /// `limited` is the rate limit that the response reports as used up.
    pub(super) fn outcome(
        self,
        name: &str,
        conditional: bool,
        redactor: &Redactor,
        limited: Option<&Limited>,
        now: Timestamp,
    ) -> Outcome {
        let failed =
            |code| Failure::new(code, text(self.status, self.message(redactor).as_deref()));
        match self.status.as_u16() {
            // No request is for a range.
            206 => {
                let message = format!("{name} answered with only a part of the resource");
                Outcome::Failure(Failure::new(ErrorCode::UpstreamFailed, message).in_doubt())
            }
            200..=299 => Outcome::Success(self),
            304 if conditional => Outcome::Success(self),
            403 | 429 => match limited {
                Some(&Limited { wait, retries, .. }) => {
                    let failure = failed(ErrorCode::UpstreamRateLimited).until(wait);
                    if retries {
                        Outcome::Retry { failure, wait: Some(wait) }
                    } else {
                        Outcome::Failure(failure)
                    }
                }
                None => Outcome::Failure(failed(ErrorCode::UpstreamRefused)),
            },
            502..=504 => {
                let wait = rate_limit::retry_after(&self.headers, now);
                Outcome::Retry {
                    failure: failed(ErrorCode::UpstreamFailed).retry_after(wait).in_doubt(),
                    wait,
                }
            }
            400..=499 => Outcome::Failure(failed(ErrorCode::UpstreamRefused)),
            500.. => Outcome::Failure(failed(ErrorCode::UpstreamFailed).in_doubt()),
            status => {
                let message = format!("{name} answered with the unexpected status {status}");
                Outcome::Failure(Failure::new(ErrorCode::UpstreamFailed, message).in_doubt())
            }
        }
    }

    /// Returns the upstream's message without secrets.
    fn message(&self, redactor: &Redactor) -> Option<String> {
        message(&self.body).map(|text| redactor.scrub(&text))
    }
}

/// Returns `Request failed (404): Not Found`: the upstream's own message, or the status's name.
fn text(status: StatusCode, message: Option<&str>) -> String {
    let number = status.as_u16();
    match message.or(status.canonical_reason()) {
        Some(message) => {
            let message: String = message.chars().take(MAX_MESSAGE).collect();
            format!("Request failed ({number}): {message}")
        }
        None => format!("Request failed ({number})"),
    }
}

/// The members in which systems send the message of an error: GitHub's and Figma's, then OAuth's, RFC
/// 9457's and others'.
const MESSAGES: [&str; 6] = ["message", "err", "error_description", "detail", "title", "error"];

/// Returns the message of an error response: one of [`MESSAGES`], with GitHub's `errors`. Nothing else of
/// the body reaches a caller. Control characters become spaces.
fn message(body: &[u8]) -> Option<String> {
    let body = with_whole_characters(str::from_utf8(body).ok()?);
    let body: Value = serde_json::from_str(&body).ok()?;
    let message = MESSAGES.into_iter().find_map(|name| {
        let list = body[name].as_array().filter(|_| name == "detail");
        let list = list.map(|list| list.iter().filter_map(error_text).collect::<Vec<_>>());
        let list = list.map(|list| list.join("; ")).filter(|text| !text.is_empty());
        let text = || string(&body, name).or_else(|| string(&body[name], "message"));
        list.or_else(|| text().map(ToOwned::to_owned))
    });
    let errors = match &body["errors"] {
        Value::Array(errors) => errors.iter().filter_map(error_text).collect(),
        Value::String(error) => vec![error.trim().to_owned()],
        _ => Vec::new(),
    };
    let mut parts: Vec<String> = message.into_iter().collect();
    let is_new = |error: &String| !error.is_empty() && parts.first() != Some(error);
    let errors: Vec<String> = errors.into_iter().filter(is_new).collect();
    if !errors.is_empty() {
        parts.push(errors.join("; "));
    }
    let text = parts.join(": ");
    (!text.is_empty()).then(|| text.replace(char::is_control, " "))
}

/// Returns the text of one of GitHub's `errors`: its `message`, otherwise `Issue.title:
/// missing_field`, or of `FastAPI`'s `detail`: `body.name: field required`
/// (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>).
fn error_text(error: &Value) -> Option<String> {
    if let Some(text) = error.as_str().map(str::trim).or_else(|| string(error, "message")) {
        return Some(text.to_owned());
    }
    let parts = ["resource", "field"].into_iter().filter_map(|name| string(error, name));
    let path = error["loc"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let place = parts.chain(path).collect::<Vec<_>>().join(".");
    match (place.as_str(), string(error, "code").or_else(|| string(error, "msg"))) {
        ("", code) => code.map(ToOwned::to_owned),
        (place, None) => Some(place.to_owned()),
        (place, Some(code)) => Some(format!("{place}: {code}")),
    }
}

/// Returns an object's string that is not blank.
fn string<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
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
        let response = Response { status, headers, body: body.into() };
        let redactor = Redactor::new(["ghp_secret".to_owned()]);
        let now = Timestamp::from_micros(0);
        let limited = response.limited(&redactor, now);
        match response.outcome("GitHub", false, &redactor, limited.as_ref(), now) {
            Outcome::Success(_) => panic!("{status} is a success"),
            Outcome::Retry { failure, .. } => (failure, true),
            Outcome::Failure(failure) => (failure, false),
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
            (429, ErrorCode::UpstreamRateLimited, false),
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
            (r#"{"message":"a\u001b[31mb\nc"}"#, "a [31mb c"),
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
    fn githubs_errors_are_part_of_the_message() {
        for (errors, text) in [
            (
                r#"[{"resource":"Issue","field":"title","code":"missing_field"}]"#,
                ": Issue.title: missing_field",
            ),
            (
                r#"[{"field":"q","code":"invalid"},{"code":"custom"},{"resource":"Search"}]"#,
                ": q: invalid; custom; Search",
            ),
            (
                r#"[{"message":" Only the first 1000 ","resource":"Search","code":"x"},"Sorry"]"#,
                ": Only the first 1000; Sorry",
            ),
            (r#""No commit found""#, ": No commit found"),
            (r#"["Validation Failed",5,null,[],{"value":"x"},{"field":7}]"#, ""),
            ("[]", ""),
            (r#"{"a":1}"#, ""),
        ] {
            let body = format!(r#"{{"message":"Validation Failed","errors":{errors}}}"#);
            let (failure, _) = failure(422, &[], &body);
            let expected = format!("Request failed (422): Validation Failed{text}");
            assert_eq!(failure.message, expected, "{errors}");
        }
        let alone = failure(422, &[], r#"{"errors":[{"message":"Bad"}]}"#).0.message;
        assert_eq!(alone, "Request failed (422): Bad");
    }

    #[test]
    fn many_errors_are_bounded_and_without_the_token() {
        let error = r#"{"message":"ghp_secret is no repository"},"#.repeat(200);
        let body = format!(r#"{{"message":"Validation Failed","errors":[{error}null]}}"#);
        let message = failure(422, &[], &body).0.message;
        assert_eq!(message.chars().count(), "Request failed (422): ".len() + MAX_MESSAGE);
        assert!(!message.contains("ghp_") && message.contains("[redacted] is no"), "{message}");
    }

    #[test]
    fn the_token_is_in_no_message_not_even_a_part_at_its_end() {
        let body = format!(r#"{{"message":"{}ghp_secret"}}"#, "a".repeat(495));
        let (failure, _) = failure(401, &[], &body);
        assert!(!failure.message.contains("ghp_"), "{}", failure.message);
    }

    #[test]
    fn a_rate_limit_says_when_to_come_back() {
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        for (status, headers, body, seconds, again) in [
            (429, &[("retry-after", "7")][..], "{}", 7, true),
            (429, &[("retry-after", "0")], "{}", 1, true),
            (429, &[], "{}", 60, false),
            (403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "90")], "{}", 90, false),
            (403, &[], secondary, 60, false),
        ] {
            let (failure, is_again) = failure(status, headers, body);
            assert_eq!(failure.code, ErrorCode::UpstreamRateLimited, "{headers:?}");
            assert_eq!(is_again, again, "{headers:?}");
            assert_eq!(failure.retry_after, Some(Duration::from_secs(seconds)), "{headers:?}");
            let wait = format!("; try again in {seconds} s");
            assert!(failure.message.ends_with(&wait), "{}", failure.message);
        }
    }
}
