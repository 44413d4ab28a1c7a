//! The account with which an upstream is called.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::HttpSettings;

/// An account of an upstream, and the limits of its requests.
pub(crate) struct Account {
    /// The system's name in messages.
    pub(crate) name: Arc<str>,
    /// Distinguishes accounts of the same name in the cache.
    pub(crate) identity: SecretString,
    /// The secrets that must not be in messages, nor in results of any media type.
    pub(crate) secrets: Vec<SecretString>,
    /// The names of resources with a rate limit of their own, as far as they are known.
    pub(crate) resources: &'static [&'static str],
    /// The timeout of a call with all its attempts and waits.
    pub(crate) timeout: Duration,
    /// The maximum number of concurrent requests, at least 1.
    pub(crate) concurrency: usize,
}

impl Account {
    /// Creates an account with the limits of the settings.
    pub(crate) fn new(
        name: &str,
        token: Option<&SecretString>,
        resources: &'static [&'static str],
        settings: &HttpSettings,
    ) -> Self {
        Self {
            name: name.into(),
            identity: token.cloned().unwrap_or_default(),
            secrets: token.into_iter().cloned().collect(),
            resources,
            timeout: settings.call_timeout,
            concurrency: settings.concurrency,
        }
    }
}
