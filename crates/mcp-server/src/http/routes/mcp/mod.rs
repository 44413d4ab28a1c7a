//! `/mcp`: the Model Context Protocol over HTTP.
//!
//! [`gate`] checks a request, with [`accept`]; rmcp-actix-web passes it to rmcp; [`errors`] explains
//! rmcp's rejections.

mod accept;
mod errors;
mod gate;

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard::fn_guard;
use actix_web::middleware::from_fn;
use actix_web::{Error, HttpMessage as _, Scope};
use rmcp_actix_web::transport::StreamableHttpService;
use tokio::runtime::Handle;

use crate::config::Settings;
use crate::mcp::message::RequestInfo;
use crate::mcp::sessions::Sessions;
use crate::mcp::{Handler, McpServer};
use gate::Gate;

const PATH: &str = "/mcp";

/// The route, created once and mounted in every worker's app.
#[derive(Clone)]
pub(crate) struct McpRoute {
    service: StreamableHttpService<Handler, Sessions>,
    gate: Gate,
}

impl McpRoute {
    pub(crate) fn new(mcp: &Arc<McpServer>, settings: &Settings) -> Self {
        let sessions = Arc::new(Sessions::new(Arc::clone(&mcp.listeners), mcp.stop.clone()));
        let is_lasting = settings.sessions;
        let for_handlers = Arc::clone(mcp);
        let new_handler = move || Ok(Handler::new(Arc::clone(&for_handlers), is_lasting));
        let service = StreamableHttpService::builder()
            .service_factory(Arc::new(new_handler))
            .session_manager(Arc::clone(&sessions))
            .stateful_mode(settings.sessions)
            .json_response(true)
            // The sessions send it, to the revisions that have it.
            .disable_sse_retry()
            .max_request_body_bytes(settings.body_limit)
            // The app checks Host, and the gate Origin.
            .allowed_hosts(Vec::new())
            .on_request_fn(|request, extensions| {
                if let Some(info) = request.extensions_mut().remove::<RequestInfo>() {
                    extensions.insert(info);
                }
            })
            .build();
        let sessions = settings.sessions.then_some(sessions);
        let gate = Gate { mcp: Arc::clone(mcp), sessions, runtime: Handle::current() };
        Self { service, gate }
    }

    /// Returns the scope to mount after the legacy routes, whose paths begin with the same word.
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
            .wrap(from_fn(move |request, next| gate::pass(gate.clone(), request, next)))
    }
}
