//! The client of GitHub. It uses octocrab's raw routes: octocrab's models drop unknown fields.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_LENGTH, HeaderValue};
use http::request::Parts;
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
use super::pages::{IssueState, ListPage, ListParams, Order, PageNumber, PerPage};
use super::pages::{SearchPage, SearchParams, Sort};
use crate::JsonObject;
use crate::endpoint::Endpoint;
use crate::upstream::{
    Account, Exchange, ResponseFuture, SharedClient, Transport, TransportError, Upstream, streamed,
};

/// The resources with a rate limit of their own, as `X-RateLimit-Resource` names them.
const RESOURCES: &[&str] = &["core", "search"];

/// GitHub's REST API with the operator's account. Clones share it.
#[derive(Clone)]
pub(crate) struct Github {
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
        let account = Account::new("GitHub", token, RESOURCES, exchange.settings());
        let upstream = Upstream::new(account, transport, exchange);
        Self { base, upstream }
    }

    /// Gets a repository.
    ///
    /// # Errors
    /// As [`Repository::named`] and [`Upstream::get`].
    pub(super) async fn repository(
        &self,
        owner: Option<Owner>,
        repo: Option<RepoName>,
        progress: &Progress,
    ) -> Result<JsonObject, ActionError> {
        let repository = Repository::named(owner, repo, &self.base)?;
        Ok(self.get(&repository.path(), &(), progress).await?.0)
    }

    /// Lists `items` ("issues" or "pulls") of a repository.
    ///
    /// # Errors
    /// As [`Repository::named`] and [`Upstream::get`].
    pub(super) async fn list(
        &self,
        items: &str,
        params: ListParams,
        progress: &Progress,
    ) -> Result<ListPage, ActionError> {
        let ListParams { owner, repo, state, per_page, page } = params;
        let repository = Repository::named(owner, repo, &self.base)?;
        let path = [&repository.path()[..], &[items]].concat();
        let query = ListQuery { state, per_page, page };
        let (items, has_more) = self.get(&path, &query, progress).await?;
        Ok(ListPage { items, has_more })
    }

    /// Searches `items` ("issues" or "repositories").
    ///
    /// # Errors
    /// As [`Upstream::get`].
    pub(super) async fn search<S: Sort>(
        &self,
        items: &str,
        params: SearchParams<S>,
        progress: &Progress,
    ) -> Result<SearchPage, ActionError> {
        let SearchParams { query, sort, order, per_page, page } = params;
        let q = names::in_search(&query.0, &self.base);
        let query = SearchQuery { q, sort, order, per_page, page };
        let (mut results, has_more): (SearchPage, _) =
            self.get(&["search", items], &query, progress).await?;
        results.has_more = has_more;
        Ok(results)
    }

    /// Returns the response at this path, and whether another page follows.
    async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &impl Serialize,
        progress: &Progress,
    ) -> Result<(T, bool), ActionError> {
        let url = Endpoint::new(&self.base, path).query(query).into_url();
        let resource = if path.first() == Some(&"search") { "search" } else { "core" };
        let json = self.upstream.get(url, resource, progress).await?;
        Ok((json.read(self.upstream.name())?, json.has_more()))
    }
}

#[derive(Serialize)]
struct SearchQuery<S> {
    q: String,
    sort: Option<S>,
    order: Option<Order>,
    per_page: PerPage,
    page: PageNumber,
}

#[derive(Serialize)]
struct ListQuery {
    state: IssueState,
    per_page: PerPage,
    page: PageNumber,
}

/// Sends requests with octocrab over the shared HTTP client. octocrab adds GitHub's headers, and the
/// token to requests to the base's host only.
struct OverOctocrab {
    base: Url,
    token: Option<SecretString>,
    client: SharedClient,
}

impl OverOctocrab {
    /// Returns a new octocrab for each request: its queue belongs to the runtime that creates it, and is
    /// cheap.
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
    /// Sends a GET request: the actions only read.
    fn send(&self, request: Request<Bytes>) -> ResponseFuture {
        let (Parts { uri, mut headers, .. }, _) = request.into_parts();
        let octocrab = match self.octocrab() {
            Ok(octocrab) => octocrab,
            Err(error) => return ready(Err(TransportError::Request(error))).boxed(),
        };
        headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        async move {
            let response = octocrab._get_with_headers(uri, Some(headers)).await;
            response.map(streamed).map_err(|error| TransportError::from_error(&error))
        }
        .boxed()
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, ActionError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).map_err(|_| {
            let message = "MCP_GITHUB_TOKEN contains characters that no token has";
            ActionError::new(ErrorCode::NotConfigured, message)
        })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The shared HTTP client as octocrab's innermost service.
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
        // reqwest follows no redirect with a streamed body; a GET has none.
        let (mut head, _) = request.into_parts();
        head.headers.remove(CONTENT_LENGTH);
        async move {
            let request = Request::from_parts(head, "").try_into()?;
            // The URL contains the search text, which must not be logged.
            client.execute(request).await.map(Into::into).map_err(reqwest::Error::without_url)
        }
        .boxed()
    }
}
