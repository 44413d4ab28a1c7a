//! The freshness of a response (RFC 9111, for a private cache: one account).

use std::time::{Duration, SystemTime};

use http::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName, VARY};
use mcp_core::Timestamp;

/// The time during which a response is fresh.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    /// The time of the request, minus the response's age.
    from: Timestamp,
    lifetime: Duration,
}

impl Freshness {
    /// Returns the freshness of the response to a request that was sent at `requested`. `before` is
    /// the freshness of the stored response that this one confirms: its lifetime stays unless the
    /// headers set a new one (section 3.2).
    ///
    /// A response without such headers is not fresh at all: this cache uses no heuristics.
    pub(super) fn new(headers: &HeaderMap, requested: Timestamp, before: Option<Self>) -> Self {
        let age = seconds(text(headers, &AGE)).unwrap_or_default();
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let lifetime = match before {
            Some(before) if !has_lifetime(headers) => before.lifetime,
            _ => lifetime(headers),
        };
        Self { from: Timestamp::from_micros(requested.as_micros().saturating_sub(age)), lifetime }
    }

    /// Returns whether the response is fresh at a time. After the clock was set back, it is not.
    pub(super) fn holds_at(self, now: Timestamp) -> bool {
        let age = now.as_micros().saturating_sub(self.from.as_micros());
        u64::try_from(age).is_ok_and(|age| Duration::from_micros(age) < self.lifetime)
    }

    /// Returns whether the response was made after a time.
    pub(super) fn is_after(self, time: Timestamp) -> bool {
        self.from > time
    }

    /// Returns whether the response is fresh at any time.
    pub(super) fn is_some(self) -> bool {
        !self.lifetime.is_zero()
    }
}

/// Returns whether a response may be stored (section 5.2.2.5).
pub(super) fn may_be_stored(headers: &HeaderMap) -> bool {
    !directives(headers).any(|(name, _)| name == "no-store")
}

fn has_lifetime(headers: &HeaderMap) -> bool {
    headers.contains_key(CACHE_CONTROL) || headers.contains_key(EXPIRES)
}

fn lifetime(headers: &HeaderMap) -> Duration {
    let always_asks =
        directives(headers).any(|(name, _)| name == "no-cache") || varies_by_all(headers);
    if always_asks {
        return Duration::ZERO;
    }
    // Section 4.2.1: `max-age` takes precedence over `Expires`. Of several, the shortest applies;
    // an invalid one makes the response stale.
    let max_age = directives(headers)
        .filter(|(name, _)| name == "max-age")
        .map(|(_, value)| seconds(value).unwrap_or_default())
        .min();
    max_age.or_else(|| expires(headers)).unwrap_or_default()
}

/// Returns whether the response matches no other request (RFC 9110, section 12.5.5).
fn varies_by_all(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(VARY).iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|name| name.trim() == "*")
}

/// Returns the time from `Date` to `Expires` (section 5.3).
fn expires(headers: &HeaderMap) -> Option<Duration> {
    let date = |name| httpdate::parse_http_date(text(headers, name)?).ok();
    let (sent, expires): (SystemTime, SystemTime) = (date(&DATE)?, date(&EXPIRES)?);
    expires.duration_since(sent).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Parses a number of seconds, which may be quoted (section 5.2).
fn seconds(text: Option<&str>) -> Option<Duration> {
    Some(Duration::from_secs(text?.trim().trim_matches('"').parse().ok()?))
}

/// Returns the directives of `Cache-Control` with their names in lower case. A comma in quotes does
/// not separate directives.
fn directives(headers: &HeaderMap) -> impl Iterator<Item = (String, Option<&str>)> {
    headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| {
        let mut quoted = false;
        line.split(move |c: char| {
            quoted ^= c == '"';
            c == ',' && !quoted
        })
        .map(|directive| {
            let (name, value) = match directive.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (directive, None),
            };
            (name.trim().to_ascii_lowercase(), value)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(*name, value.parse().expect("a value"));
        }
        headers
    }

    /// Returns for how many seconds a response with these headers is fresh.
    fn fresh_for(freshness: Freshness) -> usize {
        let at = |second: i64| Timestamp::from_micros(ASKED.as_micros() + second * 1_000_000);
        (0..10_000).take_while(|second| freshness.holds_at(at(*second))).count()
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_it_says() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (of, seconds) in [
            (&[][..], 0),
            (&[("cache-control", "private, max-age=60, s-maxage=90")], 60),
            (&[("cache-control", "Max-Age=\"60\"")], 60),
            (&[("cache-control", "max-age=60"), ("age", "20")], 40),
            (&[("cache-control", "max-age=60, max-age=30")], 30),
            (&[("cache-control", "public"), ("cache-control", "max-age=60")], 60),
            (&[("cache-control", "max-age=soon")], 0),
            (&[("cache-control", "no-cache, max-age=60")], 0),
            (&[("cache-control", "private=\"a, no-cache\", max-age=60")], 60),
            (&[("cache-control", "max-age=60"), ("vary", "*")], 0),
            (&[("cache-control", "max-age=60"), ("vary", "Accept, *")], 0),
            (&[("cache-control", "max-age=60"), ("vary", "Accept, Authorization")], 60),
            (&[date, ("expires", "Sun, 06 Nov 1994 08:50:07 GMT")], 30),
            (&[date, ("expires", "0")], 0),
            (
                &[
                    date,
                    ("expires", "Sun, 06 Nov 1994 08:50:07 GMT"),
                    ("cache-control", "max-age=5"),
                ],
                5,
            ),
        ] {
            assert_eq!(fresh_for(Freshness::new(&headers(of), ASKED, None)), seconds, "{of:?}");
        }
    }

    #[test]
    fn a_confirmation_keeps_what_it_does_not_say_anew() {
        let kept = Freshness::new(&headers(&[("cache-control", "max-age=60")]), ASKED, None);
        let confirmed = |of| fresh_for(Freshness::new(&headers(of), ASKED, Some(kept)));
        assert_eq!(confirmed(&[]), 60);
        assert_eq!(confirmed(&[("cache-control", "max-age=5")]), 5);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_fresh() {
        let kept = Freshness::new(&headers(&[("cache-control", "max-age=60")]), ASKED, None);
        assert!(!kept.holds_at(Timestamp::from_micros(0)));
    }

    #[test]
    fn what_must_not_be_stored_is_not_kept() {
        assert!(!may_be_stored(&headers(&[("cache-control", "private, No-Store")])));
        assert!(may_be_stored(&headers(&[("cache-control", "private=\"no-store\"")])));
        assert!(may_be_stored(&HeaderMap::new()));
    }
}
