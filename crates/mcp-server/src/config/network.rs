//! Addresses, host names, networks and base URLs.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use reqwest::Url;

use super::types::shown;
use crate::authority::Authority;

/// Parses an address to listen on.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    // Not resolved by the system: `localhost` must never listen beyond this machine.
    let is_localhost = text.eq_ignore_ascii_case("localhost");
    if is_localhost { Some(Ipv4Addr::LOCALHOST.into()) } else { text.parse().ok() }
}

pub(super) const BASE_URL: &str = "an http or https URL without credentials, query and fragment";

/// Parses a base URL. The result ends in `/`, so that [`Url::join`] appends to it.
pub(super) fn base_url(text: &str) -> Option<Url> {
    // The URL parser drops tabs and line breaks.
    if text.contains(|letter: char| letter.is_whitespace() || "@?#\\".contains(letter)) {
        return None;
    }
    let mut url = Url::parse(text).ok().filter(Url::has_host)?;
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Parses the base URL of a WebDriver, which serves plain HTTP.
pub(super) fn webdriver_url(text: &str) -> Option<(Url, String)> {
    base_url(text.trim()).filter(|url| url.scheme() == "http").map(shown)
}

pub(super) fn host(text: &str) -> Option<Authority> {
    if text.ends_with(':') { None } else { text.parse().ok() }
}

/// Parses a network; an address is the network of that address.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let address = text.parse::<IpAddr>().ok().map(IpNet::from);
    Some(address.or_else(|| text.parse().ok())?.trunc())
}
