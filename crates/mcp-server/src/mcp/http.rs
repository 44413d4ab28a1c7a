//! The protocol over HTTP, at `/mcp`: what a request passes before rmcp sees it.
//!
//! The app's own guards come first, as for every route. Then, in this order: the method, who
//! asks and from where, whose session it is, which tools it wants, and the body within its limits.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::guard::fn_guard;
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, Data};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError, Scope};
use futures_util::StreamExt;
use mcp_core::{Caller, Registry};
use rmcp::model::Extensions;
use rmcp_actix_web::transport::StreamableHttpService;
use tokio::runtime::Handle;

use super::arguments::{self, RawArguments};
use super::handler::Handler;
use super::refusals::{explained, unreadable, wrong_revision};
use super::sessions::{HEADER_SESSION_ID, Sessions};
use super::{Face, ToolSet, tool_set};
use crate::config::Settings;
use crate::http::accept::Accepted;
use crate::http::auth::ApiKey;
use crate::http::caller::caller;
use crate::http::error::{ApiError, method_not_allowed_answer};
use crate::http::permission::{self, Door};
use crate::http::routes::BodyLimits;
use crate::http::{body, json_text};

/// The path.
pub(crate) const PATH: &str = "/mcp";

/// The way in over HTTP: made once, mounted in every worker's app.
#[derive(Clone)]
pub(crate) struct Mount {
    service: StreamableHttpService<Handler, Sessions>,
    gate: Gate,
}

/// What the gate needs to know.
#[derive(Clone)]
struct Gate {
    face: Arc<Face>,
    /// The sessions, where they are switched on.
    sessions: Option<Arc<Sessions>>,
    /// Where what belongs to a session runs: a worker that has no connection left ends before the
    /// server does.
    runtime: Handle,
}

impl Mount {
    pub(crate) fn new(face: &Arc<Face>, settings: &Settings) -> Self {
        let sessions = Arc::new(Sessions::new(Arc::clone(&face.listeners), face.stop.clone()));
        let lasting = settings.sessions;
        let for_handlers = Arc::clone(face);
        let service = StreamableHttpService::builder()
            .service_factory(Arc::new(move || Ok(Handler::new(Arc::clone(&for_handlers), lasting))))
            .session_manager(Arc::clone(&sessions))
            .stateful_mode(settings.sessions)
            .json_response(true)
            // The sessions say it themselves, to whom it is for.
            .disable_sse_retry()
            .max_request_body_bytes(settings.body_limit)
            // Host and Origin are the app's and the gate's to check.
            .allowed_hosts(Vec::new())
            .on_request_fn(|request, extensions| {
                let noted = request.extensions();
                if let Some(set) = noted.get::<ToolSet>() {
                    extensions.insert(set.clone());
                }
                if let Some(caller) = noted.get::<Caller>() {
                    extensions.insert(caller.clone());
                }
                if let Some(arguments) = noted.get::<RawArguments>() {
                    extensions.insert(arguments.clone());
                }
            })
            .build();
        let sessions = settings.sessions.then_some(sessions);
        Self {
            service,
            gate: Gate { face: Arc::clone(face), sessions, runtime: Handle::current() },
        }
    }

    /// The scope to mount. It is behind the routes below its path, which are others' business.
    pub(crate) fn scope(
        self,
    ) -> Scope<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody>,
            Error = Error,
            InitError = (),
        >,
    > {
        let gate = self.gate;
        self.service
            .scope_with_path(PATH)
            .guard(fn_guard(|context| context.head().uri.path().trim_end_matches('/') == PATH))
            .wrap(from_fn(move |request, next| pass(gate.clone(), request, next)))
    }
}

/// What the gate noted of a request; none where there was nothing to note, or it came otherwise.
pub(super) fn noted<T: Clone + Send + Sync + 'static>(extensions: &Extensions) -> Option<T> {
    let parts = extensions.get::<http::request::Parts>()?;
    parts.extensions.get::<Extensions>()?.get::<T>().cloned()
}

async fn pass(
    gate: Gate,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match gate.admit(&mut request).await {
        Ok(body) => {
            let caller = gate.caller(&request);
            let mut work = pin!(next.call(request));
            let answer = poll_fn(|context| {
                let _entered = gate.sessions.is_some().then(|| gate.runtime.enter());
                work.as_mut().poll(context)
            });
            let mut answer = answer.await?.map_into_boxed_body();
            gate.remember(&answer, caller);
            let is_json_only = answer.request().extensions().get::<JsonOnly>().is_some();
            if is_json_only {
                answer = without_events(answer).await?;
            }
            Ok(explained(answer, &body))
        }
        Err(refusal) => Ok(request.into_response(refusal)),
    }
}

impl Gate {
    /// Lets a request through, with its body read; or says how it is refused.
    async fn admit(&self, request: &mut ServiceRequest) -> Result<Bytes, HttpResponse> {
        let refuse = |error: ApiError| error.error_response();
        let methods: &[Method] = match self.sessions {
            Some(_) => &[Method::GET, Method::POST, Method::DELETE],
            None => &[Method::POST],
        };
        if !methods.contains(request.method()) {
            return Err(method_not_allowed_answer(methods));
        }
        permission::admit(Door::Protocol, request.request()).map_err(refuse)?;
        self.check_session(request).await.map_err(refuse)?;
        let caller = self.caller_of(request.request());
        request.extensions_mut().insert(caller);
        check_accept(request).map_err(refuse)?;
        let registry = self.face.dispatcher().registry();
        if let Some(set) = wanted_tools(request.query_string(), registry).map_err(refuse)? {
            request.extensions_mut().insert(set);
        }
        if request.method() != Method::POST {
            return Ok(Bytes::new());
        }
        let body = json_text::without_bom(read(request).await.map_err(refuse)?);
        let text = str::from_utf8(&body).map_err(|_| unreadable(&body, "The body is not UTF-8"))?;
        json_text::check(text).map_err(|problem| unreadable(&body, &problem.to_string()))?;
        check_revision(request, text).map_err(refuse)?;
        if request.extensions().get::<JsonOnly>().is_some()
            && arguments::method_of(text).as_deref() == Some("subscriptions/listen")
        {
            let detail = "Accept must allow text/event-stream: subscriptions/listen is a stream";
            return Err(refuse(ApiError::new(StatusCode::NOT_ACCEPTABLE, detail)));
        }
        if let Some(arguments) = RawArguments::of(text) {
            request.extensions_mut().insert(arguments);
        }
        let again = futures_util::stream::once(std::future::ready(Ok(body.clone()))).boxed();
        request.set_payload(Payload::Stream { payload: again });
        Ok(body)
    }

    /// A session is its opener's alone: to everybody else it does not exist.
    async fn check_session(&self, request: &ServiceRequest) -> Result<(), ApiError> {
        let Some(sessions) = &self.sessions else { return Ok(()) };
        let Some(id) = request.headers().get(HEADER_SESSION_ID) else {
            return if sessions.is_full().await {
                let busy = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Too many sessions");
                Err(busy.retry_after(1))
            } else {
                Ok(())
            };
        };
        let owned = id.to_str().is_ok_and(|id| sessions.belongs_to(id, self.caller(request)));
        if owned {
            return Ok(());
        }
        Err(ApiError::new(StatusCode::NOT_FOUND, "There is no such session"))
    }

    /// The caller, for limits that count for each: the session, or else the client's address.
    fn caller_of(&self, request: &HttpRequest) -> Caller {
        let session = self.sessions.as_ref().and_then(|_| request.headers().get(HEADER_SESSION_ID));
        match session.and_then(|id| id.to_str().ok()) {
            Some(id) => Caller::Session(id.into()),
            None => caller(request),
        }
    }

    /// Who asks: the key's digest, or nobody where there are no keys.
    fn caller(&self, request: &ServiceRequest) -> Option<[u8; 32]> {
        self.sessions.as_ref()?;
        request.app_data::<Data<ApiKey>>()?.presented_digest(request.headers())
    }

    fn remember(&self, answer: &ServiceResponse<BoxBody>, caller: Option<[u8; 32]>) {
        let Some(sessions) = &self.sessions else { return };
        let opened = answer.headers().get(HEADER_SESSION_ID).and_then(|id| id.to_str().ok());
        if let Some(id) = opened {
            sessions.give(id, caller);
        }
    }
}

/// Rejects a header with a revision that this server does not serve. `initialize` negotiates the
/// revision, and rmcp checks the one that a message names itself.
fn check_revision(request: &ServiceRequest, message: &str) -> Result<(), ApiError> {
    let is_left_to_rmcp = message.contains("io.modelcontextprotocol/protocolVersion")
        || arguments::method_of(message).as_deref() == Some("initialize");
    match wrong_revision(request.headers()).filter(|_| !is_left_to_rmcp) {
        Some(detail) => Err(ApiError::new(StatusCode::BAD_REQUEST, detail)),
        None => Ok(()),
    }
}

async fn read(request: &mut ServiceRequest) -> Result<Bytes, ApiError> {
    let limits = *request
        .app_data::<Data<BodyLimits>>()
        .expect("the app is given its limits where it is built")
        .as_ref();
    let payload = request.extract::<web::Payload>().await.expect("every request has a payload");
    body::read(request.request(), payload, limits.size, limits.deadline).await
}

/// `?tools=`; other members of the query are nobody's.
fn wanted_tools(query: &str, registry: &Registry) -> Result<Option<ToolSet>, ApiError> {
    let pairs = reqwest::Url::parse(&format!("mcp://server/?{query}"))
        .map_err(|_| ApiError::new(StatusCode::BAD_REQUEST, "The query is malformed"))?;
    let Some((_, text)) = pairs.query_pairs().find(|(name, _)| name == "tools") else {
        return Ok(None);
    };
    tool_set::parse(&text, registry).map(Some).map_err(|expected| {
        ApiError::new(StatusCode::BAD_REQUEST, format!("tools must be {expected}"))
    })
}

/// Rejects clients that do not accept the media type of the response. rmcp does not read media ranges,
/// so it gets a header that names both types.
fn check_accept(request: &mut ServiceRequest) -> Result<(), ApiError> {
    let accepted = Accepted::of(request);
    let takes_json = accepted.takes("application", "json");
    let takes_events = accepted.takes("text", "event-stream");
    let refused = |detail| Err(ApiError::new(StatusCode::NOT_ACCEPTABLE, detail));
    if request.method() == Method::GET && !takes_events {
        return refused("Accept must list text/event-stream");
    }
    if request.method() == Method::POST && !takes_json {
        return refused("Accept must allow application/json, and text/event-stream for progress");
    }
    if request.method() == Method::POST && !takes_events {
        request.extensions_mut().insert(JsonOnly);
    }
    let both = header::HeaderValue::from_static("application/json, text/event-stream");
    request.headers_mut().insert(header::ACCEPT, both);
    Ok(())
}

/// Marks a request whose client does not accept event streams: it gets the response alone, as JSON.
#[derive(Clone, Copy)]
struct JsonOnly;

/// Replaces an event stream by the response at its end, as JSON.
async fn without_events(
    answer: ServiceResponse<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let form = answer.headers().get(header::CONTENT_TYPE);
    if form.is_none_or(|form| form != "text/event-stream") {
        return Ok(answer);
    }
    let (request, response) = answer.into_parts();
    let (mut head, body) = response.into_parts();
    let events = to_bytes(body).await.map_err(ErrorInternalServerError)?;
    let events = String::from_utf8_lossy(&events);
    let data = events.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
    let message = data.rev().find(|data| data.starts_with('{')).unwrap_or("{}").to_owned();
    let json = header::HeaderValue::from_static("application/json");
    head.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(ServiceResponse::new(request, head.set_body(BoxBody::new(message))))
}
