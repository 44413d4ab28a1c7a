//! When another system says to come back: `Retry-After` (RFC 9110, section 10.2.3) and GitHub's
//! `X-RateLimit-*`.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::{HeaderMap, RETRY_AFTER};
use mcp_core::Timestamp;

/// How long to wait where the other system does not say: GitHub asks for a minute at least.
const USUAL_WAIT: Duration = Duration::from_mins(1);

/// A rate limit is used up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Limited {
    /// How long it lasts; `None` where the other system leaves that open.
    pub(super) wait: Option<Duration>,
}

impl Limited {
    /// How long a caller is told to wait.
    pub(super) fn until(&self) -> Duration {
        self.wait.unwrap_or(USUAL_WAIT)
    }
}

/// Whether a refusal is that of a rate limit. A 429 always is. A 403 is where its headers or its
/// message say so.
pub(super) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    message: Option<&str>,
    now: Timestamp,
) -> Option<Limited> {
    let used_up = remaining(headers) == Some(0);
    let wait = retry_after(headers, now).or_else(|| {
        // With requests left, the reset is that of another limit.
        let counts = used_up || remaining(headers).is_none();
        reset(headers, now).filter(|_| counts)
    });
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Some(Limited { wait });
    }
    let says_so = message.is_some_and(|text| text.to_ascii_lowercase().contains("rate limit"));
    let limited = used_up || headers.contains_key(RETRY_AFTER) || says_so;
    limited.then_some(Limited { wait: wait.or(Some(USUAL_WAIT)) })
}

/// The longest wait that is passed on: what says more is a mistake.
const LONGEST: Duration = Duration::from_hours(24);

/// How long `Retry-After` says to wait: seconds, or a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(until(since, now))
}

/// How many requests are left, as GitHub has it.
pub(super) fn remaining(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-ratelimit-remaining")?.to_str().ok()?.trim().parse().ok()
}

/// How long until GitHub's limit starts anew: the header holds seconds since the Unix epoch.
fn reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let seconds = headers.get("x-ratelimit-reset")?.to_str().ok()?.trim().parse().ok()?;
    Some(until(Duration::from_secs(seconds), now))
}

/// From now until a moment since the Unix epoch; nothing where it has passed.
fn until(moment: Duration, now: Timestamp) -> Duration {
    let now = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or(0));
    moment.saturating_sub(now).min(LONGEST)
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
    fn a_refusal_is_a_rate_limit_where_it_says_so() {
        let reset = ("x-ratelimit-reset", "784111807");
        for (status, of, message, wait) in [
            (403, &[][..], "Resource not accessible", None),
            (403, &[("x-ratelimit-remaining", "12"), reset], "Forbidden", None),
            (403, &[("x-ratelimit-remaining", "0"), reset], "", Some(Some(30))),
            (403, &[("x-ratelimit-remaining", "0")], "", Some(Some(60))),
            (403, &[("retry-after", "9")], "", Some(Some(9))),
            (403, &[], "You have exceeded a secondary Rate Limit", Some(Some(60))),
            (429, &[("x-ratelimit-remaining", "0"), reset], "", Some(Some(30))),
            (429, &[reset], "", Some(Some(30))),
            (429, &[("x-ratelimit-remaining", "12"), reset], "", Some(None)),
            (429, &[("retry-after", "9"), reset], "", Some(Some(9))),
            (429, &[], "", Some(None)),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            let limited = read(status, &headers(of), Some(message), NOW);
            let expected = wait.map(|wait| Limited { wait: wait.map(Duration::from_secs) });
            assert_eq!(limited, expected, "{status} {of:?} {message}");
        }
    }
}
