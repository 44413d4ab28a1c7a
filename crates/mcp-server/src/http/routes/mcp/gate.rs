//! Checks a request before rmcp gets it: the method, the permission, the session, `Accept`, `?tools=`,
//! and the body within its limits.

use std::future::{Future as _, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, Data};
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::StreamExt as _;
use mcp_core::{Caller, Registry};
use tokio::runtime::Handle;

use super::accept;
use super::errors::{bad_request, explain, revision_problem};
use crate::http::auth::ApiKey;
use crate::http::body;
use crate::http::caller::{ProtocolCaller, caller};
use crate::http::error::{ApiError, method_not_allowed_answer};
use crate::http::routes::BodyLimits;
use crate::mcp::message::{self, Envelope, RequestInfo};
use crate::mcp::sessions::{HEADER_SESSION_ID, Owner, Sessions};
use crate::mcp::{McpServer, ToolSet, tool_set};

/// The state that the checks need.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) mcp: Arc<McpServer>,
    /// The sessions, where they are switched on.
    pub(super) sessions: Option<Arc<Sessions>>,
    /// The main thread's runtime, on which sessions run: a worker without connections ends before the
    /// server does.
    pub(super) runtime: Handle,
}

/// Passes an accepted request to rmcp and completes its response.
pub(super) async fn pass(
    gate: Gate,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let body = match gate.admit(&mut request).await {
        Ok(body) => body,
        Err(rejection) => return Ok(request.error_response(rejection)),
    };
    let owner = gate.owner(&request);
    let mut work = pin!(next.call(request));
    let response = poll_fn(|context| {
        let _entered = gate.sessions.is_some().then(|| gate.runtime.enter());
        work.as_mut().poll(context)
    });
    let response = response.await?.map_into_boxed_body();
    gate.note_owner(&response, owner);
    Ok(explain(accept::without_events(response).await?, &body))
}

impl Gate {
    /// Reads the body of an accepted request, or returns the rejection.
    async fn admit(&self, request: &mut ServiceRequest) -> Result<Bytes, Error> {
        let methods: &[Method] = match self.sessions {
            Some(_) => &[Method::GET, Method::POST, Method::DELETE],
            None => &[Method::POST],
        };
        if !methods.contains(request.method()) {
            return Err(rejection(method_not_allowed_answer(methods)));
        }
        request.extract::<ProtocolCaller>().await?;
        self.check_session(request).await?;
        accept::check(request)?;
        let registry = self.mcp.service().dispatcher().registry();
        let tools = tools(request.query_string(), &registry)?;
        let mut info = RequestInfo { caller: self.caller(request), tools, arguments: None };
        let mut body = Bytes::new();
        if request.method() == Method::POST {
            check_type(request)?;
            body = body::without_bom(read(request).await?);
            let text = message::text(&body).map_err(|error| rejection(bad_request(&error)))?;
            let envelope = Envelope::read(text);
            check_revision(request, text, &envelope)?;
            if envelope.is("subscriptions/listen") {
                accept::check_stream(request)?;
            }
            info.arguments = envelope.arguments();
            let payload = futures_util::stream::once(ready(Ok(body.clone()))).boxed();
            request.set_payload(Payload::Stream { payload });
        }
        request.extensions_mut().insert(info);
        Ok(body)
    }

    /// A session belongs to the client that opened it: for others it does not exist.
    async fn check_session(&self, request: &ServiceRequest) -> Result<(), ApiError> {
        let Some(sessions) = &self.sessions else { return Ok(()) };
        let Some(id) = request.headers().get(HEADER_SESSION_ID) else {
            return if sessions.is_full().await {
                let busy = "too many sessions: try again later";
                Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, busy).retry_after(1))
            } else {
                Ok(())
            };
        };
        if id.to_str().is_ok_and(|id| sessions.belongs_to(id, self.owner(request))) {
            return Ok(());
        }
        Err(ApiError::new(StatusCode::NOT_FOUND, "unknown session: send initialize again"))
    }

    /// Returns the caller whose calls are limited together: the session, or else the address.
    fn caller(&self, request: &ServiceRequest) -> Caller {
        let session = self.sessions.as_ref().and_then(|_| request.headers().get(HEADER_SESSION_ID));
        match session.and_then(|id| id.to_str().ok()) {
            Some(id) => Caller::Session(id.into()),
            None => caller(request.request()),
        }
    }

    /// Returns the owner of the session that this request would open.
    fn owner(&self, request: &ServiceRequest) -> Owner {
        self.sessions.as_ref()?;
        request.app_data::<Data<ApiKey>>()?.presented_digest(request.headers())
    }

    /// Notes the owner of a session that this response opens.
    fn note_owner(&self, response: &ServiceResponse<BoxBody>, owner: Owner) {
        let Some(sessions) = &self.sessions else { return };
        if let Some(id) = response.headers().get(HEADER_SESSION_ID).and_then(|id| id.to_str().ok())
        {
            sessions.set_owner(id, owner);
        }
    }
}

fn rejection(response: HttpResponse) -> Error {
    InternalError::from_response("rejected", response).into()
}

/// Rejects a header with a revision that this server does not implement. `initialize` negotiates the
/// revision, and rmcp checks the one that a message names itself.
fn check_revision(
    request: &ServiceRequest,
    message: &str,
    envelope: &Envelope<'_>,
) -> Result<(), ApiError> {
    let is_left_to_rmcp =
        envelope.is("initialize") || message.contains("io.modelcontextprotocol/protocolVersion");
    match revision_problem(request.headers()).filter(|_| !is_left_to_rmcp) {
        Some(detail) => Err(ApiError::new(StatusCode::BAD_REQUEST, detail)),
        None => Ok(()),
    }
}

fn check_type(request: &ServiceRequest) -> Result<(), ApiError> {
    if request.content_type().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "Content-Type must be application/json";
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

async fn read(request: &mut ServiceRequest) -> Result<Bytes, ApiError> {
    let limits = *request
        .app_data::<Data<BodyLimits>>()
        .expect("the app is given its limits where it is built")
        .as_ref();
    let payload = request.extract::<web::Payload>().await.expect("every request has a payload");
    body::read(request.request(), payload, limits.size, limits.deadline).await
}

/// Reads `?tools=`. Other members of the query are ignored.
fn tools(query: &str, registry: &Registry) -> Result<Option<ToolSet>, ApiError> {
    let url = reqwest::Url::parse(&format!("mcp://server/?{query}"))
        .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "the query is malformed"))?;
    let Some((_, text)) = url.query_pairs().find(|(name, _)| name == "tools") else {
        return Ok(None);
    };
    tool_set::parse(&text, registry).map(Some).map_err(|expected| {
        ApiError::new(StatusCode::BAD_REQUEST, format!("tools must be {expected}"))
    })
}
