//! HTTP APIs that an OpenAPI document (3.0 or 3.1) describes: each operation becomes a tool.
//!
//! - [`load`] gets the text of a document, [`document`] finds values in it.
//! - [`operations`] reads the operations: [`servers`], [`parameters`], [`body`];
//!   [`describe`] makes their definitions, and [`schema`] rewrites schemas. [`security`] names credentials.
//! - [`request`] makes the request of a call: [`style`], [`encode`]; [`credentials`] completes it.
//!
//! Of a document, only definitions and compact operations are kept.

mod body;
mod credentials;
mod describe;
mod document;
mod encode;
mod load;
mod operations;
mod parameters;
mod request;
mod schema;
mod security;
mod servers;
mod style;
mod text;

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::Request;
use mcp_core::action::RemoteText;
use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, ErrorCode, Progress};
use reqwest::Url;

use super::definition::Definition;
use super::settings::{Additions, DocumentLocation};
use crate::upstream::{
    Account, Exchange, ResponseFuture, SharedClient, Transport, TransportError, Upstream, streamed,
};
use credentials::Credentials;
use document::Document;
pub(crate) use load::load;
use operations::{Operation, Operations};
use servers::Servers;

/// The needs of calls besides the document.
pub(crate) struct ApiSettings<'a> {
    /// The connection's name, for messages.
    pub(crate) name: &'a str,
    /// The address of the API, if it is not the document's.
    pub(crate) base_url: Option<&'a Url>,
    /// The additions to each request.
    pub(crate) additions: &'a Additions,
    /// The timeout of a call with all its attempts and waits.
    pub(crate) timeout: Duration,
    /// The maximum number of concurrent requests, at least 1.
    pub(crate) concurrency: usize,
    /// The HTTP client of all upstreams.
    pub(crate) client: SharedClient,
    /// The state of all upstreams.
    pub(crate) exchange: Arc<Exchange>,
}

/// An HTTP API that an OpenAPI document describes.
pub(crate) struct OpenApi {
    definitions: Vec<Definition>,
    operations: Vec<Operation>,
    /// The index of each definition by its name.
    indices: HashMap<Box<str>, usize>,
    /// The credentials that the API takes, if the settings supply none.
    missing: Option<String>,
    upstream: Upstream,
}

impl OpenApi {
    /// Reads a document, JSON or YAML. `source` is where it came from: relative URLs of servers start at a
    /// URL. An operation that cannot be used is logged and left out.
    ///
    /// This takes up to a second for a document of 13 MB, so call it on a thread that may block.
    ///
    /// # Errors
    /// Says in one line what is wrong with the document or the settings.
    pub(crate) fn read(
        text: &str,
        source: &DocumentLocation,
        settings: ApiSettings<'_>,
    ) -> Result<Self, String> {
        let ApiSettings { name, base_url, additions, timeout, concurrency, client, exchange } =
            settings;
        let credentials = Credentials::new(additions)?;
        let text = document::to_json(text)?;
        let document = Document::new(&text)?;
        let servers = Servers { base_url, source };
        let supplied = |place, name: &str| credentials.supplies(place, name);
        let Operations { mut definitions, mut calls, problems } =
            operations::read(&document, &servers, &supplied)?;
        for problem in problems {
            log::warn!("{name}: an operation is left out: {problem}");
        }
        let missing = security::missing(&document, &supplied);
        definitions.shrink_to_fit();
        calls.shrink_to_fit();
        let names = definitions.iter().map(|definition| definition.name.as_str().into());
        let indices = names.enumerate().map(|(index, name)| (name, index)).collect();
        let account = Account {
            name: name.into(),
            identity: credentials.identity(),
            secrets: credentials.secrets(),
            resources: &[],
            timeout,
            concurrency,
        };
        let upstream = Upstream::new(account, OverReqwest { credentials, client }, exchange);
        Ok(Self { definitions, operations: calls, indices, missing, upstream })
    }

    #[cfg(test)]
    fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// Takes the definitions, in the order of the document. Their names are unique.
    pub(crate) fn take_definitions(&mut self) -> Vec<Definition> {
        std::mem::take(&mut self.definitions)
    }

    /// Calls an operation. Reads are cached and tried again; any other request is sent once.
    ///
    /// # Errors
    /// Returns `UnknownAction` if the operation is unknown, `InvalidParams` if the parameters make no
    /// request, and otherwise the errors of [`Upstream::send`]. No message contains the additions.
    pub(crate) async fn call(
        &self,
        name: &str,
        params: &ParamsText,
        progress: &Progress,
    ) -> Result<RemoteText, ActionError> {
        let Some(index) = self.indices.get(name) else {
            let message = format!("{} has no operation {name:?}", self.upstream.name());
            return Err(ActionError::new(ErrorCode::UnknownAction, message));
        };
        let request = self.operations[*index].request(name, params)?;
        let sent = self.upstream.send(request, progress).await;
        let json = sent.map_err(|error| self.explained(error))?;
        Ok(RemoteText { text: json.text().to_owned(), has_more: json.has_more() })
    }

    /// Names the credentials of the API if the settings have none.
    fn explained(&self, mut error: ActionError) -> ActionError {
        if let Some(missing) = &self.missing
            && error.message.starts_with("Request failed (401)")
        {
            let hint = format!("; the connection's settings lack credentials: {missing}");
            error.message.push_str(&hint);
        }
        error
    }
}

/// Sends requests with the shared HTTP client.
struct OverReqwest {
    credentials: Credentials,
    client: SharedClient,
}

impl OverReqwest {
    fn complete(
        &self,
        request: Request<Bytes>,
    ) -> Result<(reqwest::Client, reqwest::Request), ActionError> {
        let request = self.credentials.complete(request)?;
        let request = request
            .try_into()
            .map_err(|error: reqwest::Error| ActionError::internal(error.without_url()))?;
        Ok((self.client.get()?.clone(), request))
    }
}

impl Transport for OverReqwest {
    fn send(&self, request: Request<Bytes>) -> ResponseFuture {
        match self.complete(request) {
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

#[cfg(test)]
mod tests;
