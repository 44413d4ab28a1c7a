//! The used-up rate limits of an account. Until one ends, its requests are rejected here.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::{ErrorCode, Timestamp};
use parking_lot::Mutex;

use super::failure::Failure;
use super::rate_limit::Limited;

/// The used-up rate limits of one account: at most one for each resource, and one for the whole
/// account.
pub(super) struct Quotas {
    /// The names of resources with a rate limit of their own.
    resources: &'static [&'static str],
    /// The end of each used-up limit; `None` is the limit of the whole account.
    used_up: Mutex<Vec<(Option<Arc<str>>, Timestamp)>>,
}

impl Quotas {
    pub(super) fn new(resources: &'static [&'static str]) -> Self {
        Self { resources, used_up: Mutex::default() }
    }

    /// Stores a used-up limit. It belongs to the resource that the response names, otherwise to the
    /// resource of the request. If no names of resources are known, a limit without a name is the
    /// account's.
    pub(super) fn remember(&self, resource: &Arc<str>, limited: &Limited, now: Timestamp) {
        let named = limited.resource.as_deref();
        let is_of_account = limited.is_of_account || (self.resources.is_empty() && named.is_none());
        let named = self.resources.iter().find(|known| Some(**known) == named);
        let named = || named.map_or_else(|| Arc::clone(resource), |known| (*known).into());
        let scope = (!is_of_account).then(named);
        let wait = i64::try_from(limited.wait.as_micros()).unwrap_or(i64::MAX);
        let end = Timestamp::from_micros(now.as_micros().saturating_add(wait));
        let mut used_up = self.used_up.lock();
        match used_up.iter_mut().find(|(of, _)| *of == scope) {
            Some((_, known)) => *known = end.max(*known),
            None => used_up.push((scope, end)),
        }
    }

    /// Rejects a request while its rate limit is used up.
    ///
    /// # Errors
    /// Returns `UpstreamRateLimited` with the time to wait.
    pub(super) fn check(&self, name: &str, resource: &str, now: Timestamp) -> Result<(), Failure> {
        let mut used_up = self.used_up.lock();
        used_up.retain(|(_, end)| *end > now);
        let limits = used_up.iter().filter(|(of, _)| of.as_deref().is_none_or(|of| of == resource));
        let longest = limits.max_by_key(|(_, end)| *end);
        let Some((of, end)) = longest else { return Ok(()) };
        let left = end.as_micros().saturating_sub(now.as_micros());
        let wait = Duration::from_micros(u64::try_from(left).unwrap_or(0));
        let of = of.as_ref().map_or_else(String::new, |of| format!(" for {of}"));
        let message = format!("{name}'s rate limit{of} is used up");
        Err(Failure::new(ErrorCode::UpstreamRateLimited, message).until(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn limited(seconds: u64, resource: Option<&str>, is_of_account: bool) -> Limited {
        let (wait, resource) = (Duration::from_secs(seconds), resource.map(ToOwned::to_owned));
        Limited { wait, retries: false, resource, is_of_account }
    }

    /// The seconds to wait for each resource.
    fn waits(quotas: &Quotas, now: i64) -> [Option<u64>; 2] {
        ["core", "search"].map(|resource| {
            let failure = quotas.check("GitHub", resource, at(now)).err()?;
            Some(failure.retry_after.expect("a wait").as_secs())
        })
    }

    #[test]
    fn a_limit_is_that_of_the_named_resource_until_its_end() {
        let quotas = Quotas::new(&["core", "search"]);
        quotas.remember(&"core".into(), &limited(30, Some("search"), false), at(0));
        assert_eq!(waits(&quotas, 0), [None, Some(30)]);
        // Of what the server does not know, the request's resource counts.
        quotas.remember(&"core".into(), &limited(10, Some("graphql"), false), at(0));
        assert_eq!(waits(&quotas, 9), [Some(1), Some(21)]);
        assert_eq!(waits(&quotas, 10), [None, Some(20)]);
        assert_eq!(waits(&quotas, 30), [None, None]);
        assert!(quotas.used_up.lock().is_empty());
    }

    #[test]
    fn a_limit_of_the_account_is_that_of_every_resource() {
        let quotas = Quotas::new(&["core", "search"]);
        quotas.remember(&"search".into(), &limited(60, Some("search"), true), at(0));
        quotas.remember(&"search".into(), &limited(90, None, false), at(0));
        assert_eq!(waits(&quotas, 1), [Some(59), Some(89)]);
    }

    #[test]
    fn a_limit_without_a_name_is_the_accounts_if_no_names_are_known() {
        let quotas = Quotas::new(&[]);
        quotas.remember(&"core".into(), &limited(30, Some("code"), false), at(0));
        assert_eq!(waits(&quotas, 0), [Some(30), None]);
        quotas.remember(&"core".into(), &limited(10, None, false), at(0));
        assert_eq!(waits(&quotas, 0), [Some(30), Some(10)]);
    }

    #[test]
    fn an_earlier_end_does_not_shorten_a_limit_and_nothing_overflows() {
        let quotas = Quotas::new(&["core"]);
        for seconds in [60, 5, u64::MAX, 1] {
            quotas.remember(&"core".into(), &limited(seconds, None, false), at(0));
        }
        assert_eq!(quotas.used_up.lock().len(), 1);
        assert!(quotas.check("GitHub", "core", at(1 << 40)).is_err());
    }

    #[test]
    fn a_refusal_names_the_limit_and_the_wait() {
        let quotas = Quotas::new(&["core", "search"]);
        quotas.remember(&"search".into(), &limited(90, None, false), at(0));
        let refusal = quotas.check("GitHub", "search", at(0)).expect_err("a refusal");
        assert_eq!(refusal.message, "GitHub's rate limit for search is used up; try again in 90 s");
        quotas.remember(&"core".into(), &limited(100, None, true), at(0));
        let refusal = quotas.check("GitHub", "core", at(0)).expect_err("a refusal");
        assert_eq!(refusal.message, "GitHub's rate limit is used up; try again in 100 s");
    }
}
