//! The HTTP client that all upstreams share.

use std::sync::{Arc, OnceLock};

use mcp_core::{ActionError, ErrorCode};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use super::HttpSettings;
use crate::resolve::SystemResolver;

/// The maximum number of redirects per request.
const MAX_REDIRECTS: usize = 5;

/// The maximum number of idle connections per host.
const MAX_IDLE_CONNECTIONS: usize = 8;

const USER_AGENT: &str = concat!("mcp-server/", env!("CARGO_PKG_VERSION"));

/// The HTTP client of all upstreams, created at its first use: reading the system's certificates
/// takes a while. Clones share it.
///
/// reqwest itself reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` from the
/// environment.
#[derive(Clone)]
pub(crate) struct SharedClient(Arc<Lazy>);

struct Lazy {
    settings: HttpSettings,
    client: OnceLock<Result<Client, String>>,
}

impl SharedClient {
    pub(crate) fn new(settings: HttpSettings) -> Self {
        Self(Arc::new(Lazy { settings, client: OnceLock::new() }))
    }

    /// Returns the client.
    ///
    /// # Errors
    /// Returns `Unavailable` if the client cannot be built, as on a system without certificates.
    pub(crate) fn get(&self) -> Result<&Client, ActionError> {
        let client = self
            .0
            .client
            .get_or_init(|| build(&self.0.settings).map_err(|error| super::failure::chain(&error)));
        client.as_ref().map_err(|cause| {
            let message = "no HTTPS client can be created, so other systems cannot be called: install \
                           the package ca-certificates";
            ActionError::new(ErrorCode::Unavailable, message).caused_by(cause.as_str())
        })
    }
}

fn build(settings: &HttpSettings) -> reqwest::Result<Client> {
    // An embedding program may have installed a provider; that one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(USER_AGENT)
        .dns_resolver(SystemResolver)
        .connect_timeout(settings.connect_timeout)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .redirect(Policy::custom(within_the_host))
        // `retry` counts the attempts.
        .retry(reqwest::retry::never())
        .build()
}

/// Follows redirects within one origin: a token goes nowhere else, and not from `https` to `http`.
fn within_the_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > MAX_REDIRECTS {
        return attempt.error("too many redirects");
    }
    let same_host = attempt.previous().last().is_some_and(|from| same_origin(from, attempt.url()));
    if same_host { attempt.follow() } else { attempt.error("a redirect to another host") }
}

/// Compares scheme, host and port (RFC 6454, section 5).
fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::tests::namespace;

    use super::*;

    #[test]
    fn a_name_without_an_answer_takes_no_thread() {
        let test = "a_name_without_an_answer_takes_no_thread";
        if !namespace::enter(module_path!(), test, namespace::NAMES) {
            return;
        }
        namespace::serve_names();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let client = build(&HttpSettings::default()).expect("a client");
            for at in 0..8 {
                tokio::spawn(client.get(format!("http://stuck{at}.example/")).send());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            let other = tokio::task::spawn_blocking(|| "done");
            let other = tokio::time::timeout(Duration::from_secs(3), other).await;
            assert_eq!(other.expect("in time").expect("no panic"), "done");
        });
    }
}
