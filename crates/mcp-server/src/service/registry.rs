//! Registers every action of the server.

use std::sync::Arc;

use mcp_core::{Clock, Registry, RegistryBuilder, RegistryError, SystemClock, actions};
use mcp_integrations::browser::BrowserSettings;
use mcp_integrations::{HttpSettings, IntegrationSettings, Integrations};
use mcp_lean::Lean;
use mcp_lean::blobs::{BlobLimits, Blobs};

use super::Machine;
use crate::config::Settings;

/// Builds the registry with these settings, without a database: for lists and documents.
///
/// # Errors
/// Returns an error if two actions have the same name.
pub fn registry(settings: &Settings) -> Result<Registry, RegistryError> {
    registry_with(settings, |registry| registry)
}

/// Builds the registry with the actions that `add` adds.
///
/// # Errors
/// Returns an error if two actions have the same name.
pub fn registry_with(
    settings: &Settings,
    add: impl FnOnce(RegistryBuilder) -> RegistryBuilder,
) -> Result<Registry, RegistryError> {
    let clock = SystemClock::shared();
    // The seed is for handles, and no action runs here.
    let lean = lean(settings, 0);
    builder(integrations(settings, &Machine::default(), clock), &lean).with(add).build()
}

pub(super) fn builder(integrations: Integrations, lean: &Lean) -> RegistryBuilder {
    Registry::builder()
        .with(actions::register)
        .with(|registry| lean.register(registry))
        .with(|registry| integrations.register(registry))
}

pub(super) fn lean(settings: &Settings, seed: u64) -> Lean {
    let limits =
        BlobLimits { bytes: settings.blob_store, age: settings.blob_time, ..BlobLimits::default() };
    Lean::new(Arc::new(Blobs::new(limits, seed)))
}

pub(super) fn integrations(
    settings: &Settings,
    machine: &Machine,
    clock: Arc<dyn Clock>,
) -> Integrations {
    let systems = IntegrationSettings {
        github_token: settings.github_token.clone(),
        github_api_url: settings.github_api_url.clone(),
        figma_token: settings.figma_token.clone(),
        figma_api_url: settings.figma_api_url.clone(),
        browser: BrowserSettings {
            chromium: settings.chromium.clone(),
            webdriver_url: settings.webdriver_url.clone(),
            pool: settings.browser_pool,
            idle: settings.browser_idle,
            allowed_hosts: settings.browser_allowed_hosts.clone(),
            path: machine.search_path.clone(),
            directory: machine.temporary_folder.clone(),
        },
    };
    Integrations::new(systems).http(http_settings(settings)).clock(clock)
}

pub(super) fn http_settings(settings: &Settings) -> HttpSettings {
    HttpSettings {
        call_timeout: settings.upstream_timeout,
        body_limit: settings.upstream_body_limit,
        cache_bytes: settings.upstream_cache,
        cache_time: settings.upstream_cache_time,
        ..HttpSettings::default()
    }
}
