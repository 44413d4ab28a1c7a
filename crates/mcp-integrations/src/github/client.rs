//! GitHub, asked through octocrab's raw routes: its models would drop what they do not know.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Request, Response, Uri};
use mcp_core::{ActionError, ErrorCode, Progress};
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower_service::Service;

use super::names::{self, Owner, RepoName, Repository};
use crate::endpoint::Endpoint;
use crate::upstream::{Exchange, Fault, Sent, SharedClient, Transport, Upstream, streamed};

/// The rate limits that GitHub counts separately, as `X-RateLimit-Resource` names them.
const RESOURCES: &[&str] = &["core", "search"];

/// GitHub, as its actions see it.
#[derive(Clone)]
pub struct Github {
    base: Url,
    upstream: Upstream,
}

impl Github {
    pub(crate) fn new(
        base: Url,
        token: Option<&SecretString>,
        client: SharedClient,
        exchange: Arc<Exchange>,
    ) -> Self {
        let transport = OverOctocrab { base: base.clone(), token: token.cloned(), client };
        let upstream = Upstream::new("GitHub", token, transport, RESOURCES, exchange);
        Self { base, upstream }
    }

    /// Returns the repository that `owner` and `repo` name.
    pub(super) fn repository(
        &self,
        owner: Option<Owner>,
        repo: Option<RepoName>,
    ) -> Result<Repository, ActionError> {
        Repository::named(owner, repo, &self.base)
    }

    /// Returns a search query with addresses as qualifiers.
    pub(super) fn in_search(&self, query: &str) -> String {
        names::in_search(query, &self.base)
    }

    /// What GitHub answers at this path.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
        progress: &Progress,
    ) -> Result<T, ActionError> {
        Ok(self.page(path, query, progress).await?.0)
    }

    /// A page of what GitHub answers at this path, and whether another page follows.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
        progress: &Progress,
    ) -> Result<(T, bool), ActionError> {
        let url = Endpoint::new(&self.base, path).query(query).into_url();
        let resource = if path.first() == Some(&"search") { "search" } else { "core" };
        let json = self.upstream.get(url, resource, progress).await?;
        Ok((json.read(self.upstream.name())?, json.goes_on()))
    }
}

/// octocrab adds GitHub's headers and the token, the latter only on the way to the base's host;
/// what it sends goes over the one HTTP client.
struct OverOctocrab {
    base: Url,
    token: Option<SecretString>,
    client: SharedClient,
}

impl OverOctocrab {
    /// A fresh one for each request: its queue lives in the runtime that it is made in, and costs
    /// next to nothing.
    fn octocrab(&self) -> Result<Octocrab, ActionError> {
        let base: Uri = self.base.as_str().parse().map_err(ActionError::internal)?;
        let token = self.token.as_ref().map(bearer).transpose()?;
        let octocrab = OctocrabBuilder::new_empty()
            .with_service(SharedService(self.client.get()?.clone()))
            .with_layer(&AuthHeaderLayer::new(token, base.clone(), base))
            .with_auth(AuthState::None)
            .build();
        Ok(octocrab.unwrap_or_else(|never: Infallible| match never {}))
    }
}

impl Transport for OverOctocrab {
    fn send(&self, uri: Uri, mut headers: HeaderMap) -> Sent {
        let octocrab = match self.octocrab() {
            Ok(octocrab) => octocrab,
            Err(error) => return ready(Err(Fault::Request(error))).boxed(),
        };
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        async move {
            let answer = octocrab._get_with_headers(uri, Some(headers)).await;
            answer.map(streamed).map_err(|error| Fault::from_error(&error))
        }
        .boxed()
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, ActionError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
            let message = "MCP_GITHUB_TOKEN holds characters that no token has";
            ActionError::new(ErrorCode::NotConfigured, message)
        })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The one HTTP client as octocrab's innermost service.
struct SharedService(reqwest::Client);

impl Service<Request<OctoBody>> for SharedService {
    type Response = Response<reqwest::Body>;
    type Error = reqwest::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<OctoBody>) -> Self::Future {
        let client = self.0.clone();
        // A GET has no body; a body that streams could not follow a redirect.
        let (mut head, _) = request.into_parts();
        head.headers.remove(CONTENT_LENGTH);
        async move {
            let request = Request::from_parts(head, "").try_into()?;
            // An address holds what somebody looks for: it does not go into the log.
            client.execute(request).await.map(Into::into).map_err(reqwest::Error::without_url)
        }
        .boxed()
    }
}
