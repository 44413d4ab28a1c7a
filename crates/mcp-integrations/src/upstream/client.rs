//! The one HTTP client.

use std::sync::{Arc, OnceLock};

use mcp_core::{ActionError, ErrorCode};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

use super::HttpSettings;
use crate::resolve::SystemResolver;

/// How many redirects are followed in a row.
const REDIRECTS: usize = 5;

/// How many idle connections are kept for each host.
const IDLE_CONNECTIONS: usize = 8;

/// What other systems know the server as.
const USER_AGENT: &str = concat!("mcp-server/", env!("CARGO_PKG_VERSION"));

/// The HTTP client of all other systems, made when it is first needed: reading the system's
/// certificates takes a while, and a server that never asks needs none.
///
/// It takes `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` from the environment itself.
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

    /// The client.
    ///
    /// # Errors
    /// When the system has no certificates to check other systems by.
    pub(crate) fn get(&self) -> Result<&Client, ActionError> {
        let client = self
            .0
            .client
            .get_or_init(|| build(&self.0.settings).map_err(|error| super::failure::chain(&error)));
        client.as_ref().map_err(|cause| {
            let message = "Other systems cannot be asked: no HTTPS client can be made. Is the \
                           package ca-certificates installed?";
            ActionError::new(ErrorCode::Unavailable, message).caused_by(cause.as_str())
        })
    }
}

fn build(settings: &HttpSettings) -> reqwest::Result<Client> {
    // An embedding program may have chosen another provider before: that one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(USER_AGENT)
        .dns_resolver(SystemResolver)
        .connect_timeout(settings.connect_timeout)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .redirect(Policy::custom(within_the_host))
        // Tries are counted in one place, and not here.
        .retry(reqwest::retry::never())
        .build()
}

/// Follows redirects within a host: a token goes nowhere else, and not from `https` to `http`.
fn within_the_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        return attempt.error("too many redirects");
    }
    let same_host = attempt.previous().last().is_some_and(|from| same_origin(from, attempt.url()));
    if same_host { attempt.follow() } else { attempt.error("a redirect to another host") }
}

/// RFC 6454, section 5: the same scheme, host and port.
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
