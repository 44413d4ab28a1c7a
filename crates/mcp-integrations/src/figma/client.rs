//! The client of Figma, over reqwest.

use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::Request;
use http::header::{ACCEPT, HeaderName, HeaderValue};
use mcp_core::{ActionError, ErrorCode, Progress};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::JsonObject;
use crate::endpoint::Endpoint;
use crate::upstream::{
    Account, Exchange, ResponseFuture, SharedClient, Transport, TransportError, Upstream, streamed,
};

/// The header of a personal access token:
/// <https://developers.figma.com/docs/rest-api/authentication/>.
const TOKEN: HeaderName = HeaderName::from_static("x-figma-token");

/// The resources with a rate limit of their own:
/// <https://developers.figma.com/docs/rest-api/rate-limits/>. Files and nodes are tier 1, components and
/// styles tier 3.
const TIERS: &[&str] = &["tier 1", "tier 3"];

/// Figma's REST API with the operator's account. Clones share it.
#[derive(Clone)]
pub(crate) struct Figma {
    base: Url,
    has_token: bool,
    upstream: Upstream,
}

impl Figma {
    pub(crate) fn new(
        base: Url,
        token: Option<&SecretString>,
        client: SharedClient,
        exchange: Arc<Exchange>,
    ) -> Self {
        let transport = OverReqwest { token: token.cloned(), client };
        let account = Account::new("Figma", token, TIERS, exchange.settings());
        let upstream = Upstream::new(account, transport, exchange);
        Self { base, has_token: token.is_some(), upstream }
    }

    /// Checks that there is a token: Figma rejects every request without one.
    ///
    /// # Errors
    /// Returns `NotConfigured` if `MCP_FIGMA_TOKEN` is not set.
    pub(super) fn available(&self) -> Result<(), ActionError> {
        if self.has_token {
            Ok(())
        } else {
            let message = "MCP_FIGMA_TOKEN is required for Figma actions";
            Err(ActionError::new(ErrorCode::NotConfigured, message))
        }
    }

    /// Gets a file, or a part of it: `["nodes"]`, `["components"]` or `["styles"]`.
    ///
    /// # Errors
    /// As [`Upstream::get`].
    pub(super) async fn get(
        &self,
        file: &str,
        part: &[&str],
        query: &impl Serialize,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        let path = [&["v1", "files", file], part].concat();
        let url = Endpoint::new(&self.base, &path).query(query).into_url();
        let tier = if matches!(part, [] | ["nodes"]) { "tier 1" } else { "tier 3" };
        self.upstream.get(url, tier, progress).await?.read(self.upstream.name())
    }
}

struct OverReqwest {
    token: Option<SecretString>,
    client: SharedClient,
}

impl OverReqwest {
    fn request(&self, mut request: Request<Bytes>) -> Result<reqwest::Request, ActionError> {
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(token.expose_secret()).map_err(|_| {
                let message = "MCP_FIGMA_TOKEN contains characters that no token has";
                ActionError::new(ErrorCode::NotConfigured, message)
            })?;
            value.set_sensitive(true);
            headers.insert(TOKEN, value);
        }
        request.try_into().map_err(|error: reqwest::Error| ActionError::internal(error))
    }
}

impl Transport for OverReqwest {
    fn send(&self, request: Request<Bytes>) -> ResponseFuture {
        let ready_to_send =
            self.client.get().and_then(|client| Ok((client.clone(), self.request(request)?)));
        match ready_to_send {
            Err(error) => ready(Err(TransportError::Request(error))).boxed(),
            Ok((client, request)) => async move {
                let response = client.execute(request).await;
                response
                    .map(|response| streamed(response.into()))
                    .map_err(|error| TransportError::from_error(&error.without_url()))
            }
            .boxed(),
        }
    }
}
