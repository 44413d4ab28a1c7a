//! What every request passes, made once from the settings and shared by all workers.

use secrecy::ExposeSecret;

use super::auth::ApiKey;
use super::authority::Authority;
use super::host::Hosts;
use super::in_hand::InHand;
use super::rate::{Rate, Unit};
use super::rate_limit::RateLimit;
use crate::config::{self, CorsOrigins, RateUnit, Settings};

/// The guards of a running server.
#[derive(Clone, Debug)]
pub struct Guards {
    /// Who may call.
    pub api_key: ApiKey,
    /// Origins that are trusted by name. The wildcard trusts nobody.
    pub listed_origins: Vec<String>,
    /// Origins that a browser may call from: the same, or `*`.
    pub cors_origins: Vec<String>,
    /// Under which names the server answers.
    pub hosts: Hosts,
    /// How many requests are in hand at once.
    pub in_hand: InHand,
    /// How many requests a client may send.
    pub rate_limit: RateLimit,
}

impl Guards {
    /// The guards that the settings ask for.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let listed_origins = match &settings.cors_origins {
            CorsOrigins::Any => Vec::new(),
            CorsOrigins::Listed(origins) => origins.clone(),
        };
        let cors_origins = match &settings.cors_origins {
            CorsOrigins::Any => vec!["*".into()],
            CorsOrigins::Listed(origins) => origins.clone(),
        };
        let allowed: Vec<Authority> = settings
            .allowed_hosts
            .iter()
            .filter_map(|host| host.parse().ok())
            .collect();
        let key = settings.api_key.as_ref().map(ExposeSecret::expose_secret);
        Self {
            api_key: ApiKey::new(key),
            listed_origins,
            cors_origins,
            hosts: Hosts::new(settings.is_loopback(), allowed),
            in_hand: InHand::new(settings.max_requests),
            rate_limit: RateLimit::new(rate(settings.rate_limit), settings.trusted_proxies.clone()),
        }
    }

    /// Guards that let everything pass: for looking at the routes without serving them.
    #[must_use]
    pub fn open() -> Self {
        Self {
            api_key: ApiKey::new(None),
            listed_origins: Vec::new(),
            cors_origins: vec!["*".into()],
            hosts: Hosts::new(false, Vec::new()),
            in_hand: InHand::new(1),
            rate_limit: RateLimit::new(None, Vec::new()),
        }
    }
}

fn rate(setting: config::RateLimit) -> Option<Rate> {
    match setting {
        config::RateLimit::Off => None,
        config::RateLimit::Per { count, unit } => {
            let unit = match unit {
                RateUnit::Second => Unit::Second,
                RateUnit::Minute => Unit::Minute,
                RateUnit::Hour => Unit::Hour,
                RateUnit::Day => Unit::Day,
            };
            Some(Rate { count, unit })
        }
    }
}
