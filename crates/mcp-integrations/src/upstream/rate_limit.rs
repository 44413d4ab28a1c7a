//! The rate limit that a response reports as used up: `Retry-After` (RFC 9110, section 10.2.3) and
//! GitHub's `X-RateLimit-*`.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};
use mcp_core::Timestamp;

/// The wait if the upstream names none. GitHub demands at least a minute.
const DEFAULT_WAIT: Duration = Duration::from_mins(1);

/// A used-up rate limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Limited {
    /// The time until it ends.
    pub(super) wait: Duration,
    /// Whether `Retry-After` asks for a retry of this request.
    pub(super) retries: bool,
    /// The limited resource, if the upstream names one.
    pub(super) resource: Option<String>,
    /// Whether the limit is of the whole account, not of one resource.
    pub(super) is_of_account: bool,
}

/// Returns the rate limit that a response reports as used up.
///
/// A 429 always reports one; a 403 if its headers or its message do. Any other response reports one
/// if its headers say that no request remains: the next request would be rejected.
pub(super) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    message: Option<&str>,
    now: Timestamp,
) -> Option<Limited> {
    let left = remaining(headers);
    // If requests remain, the reset belongs to another limit.
    let reset = reset(headers, now).filter(|_| left.is_none_or(|left| left == 0));
    let resource = headers.get("x-ratelimit-resource").and_then(|name| name.to_str().ok());
    let resource = resource.map(|name| name.trim().to_ascii_lowercase());
    let limited = |wait, retries, is_of_account| Limited { wait, retries, resource, is_of_account };
    if !is_refusal(status) {
        let wait = reset.unwrap_or(DEFAULT_WAIT);
        return (left == Some(0) && !wait.is_zero()).then(|| limited(wait, false, false));
    }
    let message = message.unwrap_or_default().to_ascii_lowercase();
    // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    let is_of_account = message.contains("secondary rate limit") || message.contains("abuse");
    let says_so = is_of_account
        || message.contains("rate limit")
        || left == Some(0)
        || headers.contains_key(RETRY_AFTER);
    if status != StatusCode::TOO_MANY_REQUESTS && !says_so {
        return None;
    }
    if let Some(wait) = retry_after(headers, now) {
        return Some(limited(wait, true, is_of_account));
    }
    // A reset in the past does not tell when the limit ends.
    let wait = reset.filter(|wait| !wait.is_zero()).unwrap_or(DEFAULT_WAIT);
    Some(limited(wait, false, is_of_account))
}

/// Returns whether a status may be caused by a rate limit.
pub(super) fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS)
}

/// Returns the wait of `Retry-After`: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(until(since, now))
}

/// Returns the remaining requests of GitHub's limit.
pub(super) fn remaining(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-ratelimit-remaining")?.to_str().ok()?.trim().parse().ok()
}

/// Returns the time until GitHub's limit is reset. The header contains seconds since the Unix
/// epoch.
fn reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let seconds = headers.get("x-ratelimit-reset")?.to_str().ok()?.trim().parse().ok()?;
    Some(until(Duration::from_secs(seconds), now))
}

/// Returns the time from `now` to a time since the Unix epoch; zero if that is in the past.
fn until(moment: Duration, now: Timestamp) -> Duration {
    let now = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
    moment.saturating_sub(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1994-11-06T08:49:37Z, the example of RFC 9110, section 5.6.7.
    const NOW: Timestamp = Timestamp::from_micros(784_111_777_000_000);

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        of.iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for (text, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 5 ", Some(5)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sunday, 06-Nov-94 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let wait = retry_after(&headers(&[("retry-after", text)]), NOW);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_long_wait_is_told_as_it_is() {
        let days = retry_after(&headers(&[("retry-after", "396000")]), NOW);
        assert_eq!(days, Some(Duration::from_hours(110)));
    }

    #[test]
    fn a_response_says_which_limit_is_used_up_and_for_how_long() {
        let reset = ("x-ratelimit-reset", "784111807");
        let passed = ("x-ratelimit-reset", "784111777");
        let (none, some) = (("x-ratelimit-remaining", "0"), ("x-ratelimit-remaining", "12"));
        let secondary = "You have exceeded a secondary Rate Limit";
        let abuse = "You have triggered an abuse detection mechanism.";
        for (status, of, message, wait, retries, is_of_account) in [
            (403, &[][..], "Resource not accessible", None, false, false),
            (403, &[some, reset], "Forbidden", None, false, false),
            (403, &[none, reset], "", Some(30), false, false),
            (403, &[none], "", Some(60), false, false),
            (403, &[none, passed], "", Some(60), false, false),
            (403, &[("retry-after", "9")], "", Some(9), true, false),
            (403, &[("retry-after", "soon")], "", Some(60), false, false),
            (403, &[], "API rate limit exceeded", Some(60), false, false),
            (403, &[], secondary, Some(60), false, true),
            (403, &[some, reset], abuse, Some(60), false, true),
            (429, &[none, reset], "", Some(30), false, false),
            (429, &[reset], "", Some(30), false, false),
            (429, &[some, reset], "", Some(60), false, false),
            (429, &[("retry-after", "9"), reset], "", Some(9), true, false),
            (429, &[("retry-after", "0")], secondary, Some(0), true, true),
            (429, &[], "", Some(60), false, false),
            (200, &[none, reset], "", Some(30), false, false),
            (304, &[none, reset], "", Some(30), false, false),
            (404, &[none, reset], "", Some(30), false, false),
            (200, &[none], "", Some(60), false, false),
            (200, &[none, passed], "", None, false, false),
            (200, &[some, reset], "", None, false, false),
            (200, &[("retry-after", "9")], "rate limit", None, false, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let limited = read(status, &headers(of), Some(message), NOW);
            let expected = wait.map(|wait| Limited {
                wait: Duration::from_secs(wait),
                retries,
                resource: None,
                is_of_account,
            });
            assert_eq!(limited, expected, "{status} {of:?} {message}");
        }
        let search = [none, reset, ("x-ratelimit-resource", "Search")];
        let limited = read(StatusCode::OK, &headers(&search), None, NOW).expect("a limit");
        assert_eq!(limited.resource.as_deref(), Some("search"));
    }
}
