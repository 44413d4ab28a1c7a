//! What every request passes, made once from the settings and shared by all workers.

use secrecy::ExposeSecret;

use super::auth::ApiKey;
use super::caller::TrustedProxies;
use super::host::Hosts;
use super::in_hand::InHand;
use super::rate_limit::RateLimit;
use crate::config::{CorsOrigins, Settings};

/// The guards of a running server.
#[derive(Clone, Debug)]
pub struct Guards {
    /// Who may call.
    pub api_key: ApiKey,
    /// Whose pages a browser lets call.
    pub origins: CorsOrigins,
    /// Under which names the server answers.
    pub hosts: Hosts,
    /// How many requests are in hand at once.
    pub in_hand: InHand,
    /// Proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: TrustedProxies,
    /// How many requests a client may send.
    pub rate_limit: RateLimit,
}

impl Guards {
    /// The guards that the settings ask for.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let key = settings.api_key.as_ref().map(ExposeSecret::expose_secret);
        Self {
            api_key: ApiKey::new(key),
            origins: settings.cors_origins.clone(),
            hosts: Hosts::new(settings.is_loopback(), settings.allowed_hosts.clone()),
            in_hand: InHand::new(settings.max_requests),
            trusted_proxies: TrustedProxies(settings.trusted_proxies.clone().into()),
            rate_limit: RateLimit::new(
                settings.rate_limit,
                settings.rate_limit_loopback,
                settings.trusted_proxies.clone(),
            ),
        }
    }
}
