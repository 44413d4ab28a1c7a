//! HTTP requests to a running server.

use std::fmt::Display;
use std::time::Duration;

use clap::Args;
use reqwest::header::HeaderValue;
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Environment, Failure, NO_CONNECTION, REFUSED, USAGE, print};
use crate::authority::Authority;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_mins(5);
const DEFAULT_BASE_URL: &str = "http://127.0.0.1:8000";

#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// URL of the server [env: `MCP_BASE_URL`] [default: <http://127.0.0.1:8000>]
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,
    /// API key of the server; other users of this machine can see it, unlike `MCP_API_KEY`
    #[arg(long, value_name = "KEY")]
    pub(super) api_key: Option<String>,
}

/// A request to a server.
pub(super) struct Request {
    url: Url,
    key: Option<HeaderValue>,
}

impl Request {
    pub(super) fn new(
        args: &ServerArgs,
        environment: &Environment,
        path: &str,
    ) -> Result<Self, Failure> {
        let base = args.base_url.clone().or_else(|| environment.text("MCP_BASE_URL"));
        let url = url(base.as_deref().unwrap_or(DEFAULT_BASE_URL), path)?;
        let key = args.api_key.clone().or_else(|| environment.text("MCP_API_KEY"));
        let key = key.map(|key| HeaderValue::from_str(&key)).transpose().map_err(|_| {
            let line = "the API key must be text of visible ASCII characters without spaces";
            Failure::new(USAGE, line)
        })?;
        Ok(Self { url, key })
    }

    /// Adds a query parameter, if it has a value.
    pub(super) fn query(mut self, name: &str, value: Option<impl Display>) -> Self {
        if let Some(value) = value {
            self.url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        self
    }

    /// Sends the request and prints the response.
    pub(super) fn send(self, method: Method, body: Option<String>) -> Result<(), Failure> {
        print(&self.fetch(method, body)?)
    }

    /// Sends the request and returns the response.
    pub(super) fn fetch(self, method: Method, body: Option<String>) -> Result<String, Failure> {
        let origin = self.url.origin().ascii_serialization();
        let sent = actix_web::rt::System::new().block_on(self.exchange(method, body));
        let (status, text) = sent.map_err(|error| {
            let error = error.without_url();
            let causes =
                std::iter::successors(Some(&error as &dyn std::error::Error), |it| it.source());
            let cause = causes.last().map(ToString::to_string).unwrap_or_default();
            Failure::new(NO_CONNECTION, format!("cannot connect to {origin}: {cause}"))
        })?;
        if !status.is_success() {
            return Err(refusal(status, &text));
        }
        if serde_json::from_str::<&RawValue>(&text).is_err() {
            let line = format!("{origin} is not an mcp-server: its response is no JSON");
            return Err(Failure::new(NO_CONNECTION, line));
        }
        Ok(text)
    }

    async fn exchange(
        self,
        method: Method,
        body: Option<String>,
    ) -> Result<(StatusCode, String), reqwest::Error> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT);
        // A proxy would resolve loopback names to itself, and it would see the key.
        if is_loopback(&self.url) {
            client = client.no_proxy();
        }
        let mut request = client.build()?.request(method, self.url);
        if let Some(key) = self.key {
            request = request.header("X-API-Key", key);
        }
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        let response: Response = request.send().await?;
        Ok((response.status(), response.text().await?))
    }
}

fn url(base: &str, path: &str) -> Result<Url, Failure> {
    let wrong = |fault: &dyn Display| {
        let line = format!("--base-url {base:?}: {fault}; expected http://host:port");
        Failure::new(USAGE, line)
    };
    let url: Url =
        format!("{}/{path}", base.trim_end_matches('/')).parse().map_err(|error| wrong(&error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&"not an http or https URL"));
    }
    // The path would be part of the query.
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(&"has a query or a fragment"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let authority = url.host_str().and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| authority.host.is_loopback())
}

/// Returns the message of an error response.
fn refusal(status: StatusCode, text: &str) -> Failure {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let message = body["detail"].as_str().or(body["error"].as_str());
    let line = message.map_or_else(|| status.to_string(), ToOwned::to_owned);
    Failure::new(REFUSED, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_machine_is_told_from_what_is_not() {
        for (url, wanted) in [
            ("http://127.0.0.1:8000", true),
            ("http://127.9.9.9", true),
            ("http://127.1", true),
            ("http://[::1]:8000", true),
            ("http://LocalHost.:8000", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://localhost@example.com", false),
            ("http://10.0.0.1", false),
            ("http://[fe80::1]", false),
        ] {
            assert_eq!(is_loopback(&url.parse().expect("a URL")), wanted, "{url}");
        }
    }
}
