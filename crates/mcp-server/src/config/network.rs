//! Origins, host names, networks and base URLs, as settings name them.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::Url;

/// An HTTP base URL, ending in `/`; nothing where it has credentials, a query or a fragment.
pub(super) fn base_url(text: &str) -> Option<Url> {
    // The parser would drop tabs and line breaks in silence.
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && !text.contains(['@', '?', '#', '\\'])
        && url.has_host();
    if !plain {
        return None;
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Some(url)
}

/// Origins as a browser spells them in its `Origin` header; `*` stands alone or not at all.
pub(super) fn origins(entries: &[&str]) -> Option<Vec<String>> {
    match entries {
        ["*"] => Some(vec!["*".into()]),
        entries => entries.iter().map(|entry| origin(entry)).collect(),
    }
}

fn origin(text: &str) -> Option<String> {
    let (_, authority) = text.split_once("://")?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter);
    // What is not ASCII is the parser's to turn into punycode.
    if authority.is_empty()
        || !authority.chars().all(|letter| is_plain(letter) || letter.is_alphabetic())
    {
        return None;
    }
    let url = Url::parse(text).ok().filter(Url::has_host)?;
    let origin = url.origin();
    if origin.is_tuple() {
        // Lower case, and without the scheme's own port.
        return Some(origin.ascii_serialization());
    }
    // A scheme of an editor's or an application's own, such as vscode-webview://.
    authority.is_ascii().then(|| text.to_ascii_lowercase())
}

/// Host names in lower case, as a request's `Host` header has them.
pub(super) fn hosts(entries: &[&str]) -> Option<Vec<String>> {
    entries.iter().map(|entry| host(entry)).collect()
}

fn host(text: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter);
    if text.is_empty() || !text.chars().all(is_plain) {
        return None;
    }
    let url = Url::parse(&format!("http://{text}")).ok()?;
    let whole = url.has_host() && !text.ends_with(':');
    whole.then(|| text.to_ascii_lowercase())
}

/// Networks; an address alone is the network of that one address.
pub(super) fn networks(entries: &[&str]) -> Option<Vec<String>> {
    entries
        .iter()
        .map(|entry| {
            let address = entry.parse::<IpAddr>().ok().map(IpNet::from);
            let network = address.or_else(|| entry.parse().ok())?;
            Some(network.trunc().to_string())
        })
        .collect()
}
