//! `/api/v2`: the lean API over HTTP.

mod batch;
mod blobs;
mod connections;
mod query;

use actix_web::HttpResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::web::Data;
use mcp_core::{ActionError, Context};
use mcp_lean::{LeanAnswer, LeanQuery, error_text, tokens};
use paperclip::actix::api_v2_operation;
use paperclip::actix::web::{self, ServiceConfig};
use serde_json::json;

use super::{Operation, help};
use crate::http::caller::Caller;
use crate::http::error::{ApiError, method_not_allowed};
use crate::service::Service;

/// The header with a response's number of tokens.
pub(super) const TOKENS: header::HeaderName = header::HeaderName::from_static("x-tokens");

/// The routes in the order of their paths.
const ROUTES: [&str; 8] = [
    "/api/v2/batch",
    "/api/v2/blobs/{id}",
    "/api/v2/connections",
    "/api/v2/connections/reload",
    "/api/v2/connections/{name}/approve",
    "/api/v2/help",
    "/api/v2/query",
    "/api/v2/status",
];

/// Mounts the routes.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    let get = || method_not_allowed(&[Method::GET, Method::HEAD]);
    let post = || method_not_allowed(&[Method::POST]);
    config
        .service(
            web::resource(ROUTES[0]).route(web::post().to(batch::batch)).default_service(post()),
        )
        .service(web::resource(ROUTES[5]).route(web::get().to(help::help)).default_service(get()))
        .service(
            web::resource(ROUTES[6]).route(web::post().to(query::query)).default_service(post()),
        )
        .service(web::resource(ROUTES[7]).route(web::get().to(status)).default_service(get()))
        .service(
            web::resource(ROUTES[2]).route(web::get().to(connections::list)).default_service(get()),
        )
        .service(
            web::resource(ROUTES[3])
                .route(web::post().to(connections::reload))
                .default_service(post()),
        )
        // Last: for a variable path the router runs a regular expression.
        .service(
            web::resource(ROUTES[4])
                .route(web::post().to(connections::approve))
                .default_service(post()),
        )
        .service(web::resource(ROUTES[1]).route(web::get().to(blobs::blob)).default_service(get()));
}

pub(super) const STATUS_OPERATION: Operation =
    Operation { id: "v2_status", response: "Status", errors: &[], is_open: false };

/// The facts of the routes for the OpenAPI document.
pub(super) const OPERATIONS: [Operation; 7] = [
    batch::OPERATION,
    blobs::OPERATION,
    connections::APPROVE_OPERATION,
    connections::LIST_OPERATION,
    connections::RELOAD_OPERATION,
    query::OPERATION,
    STATUS_OPERATION,
];

#[api_v2_operation(
    summary = "Show the routes and actions of v2",
    description = "The routes and actions of the lean API.",
    operation_id = "v2_status",
    tags("v2")
)]
pub(super) async fn status(_: Caller, service: Data<Service>) -> Result<HttpResponse, ApiError> {
    let registry = service.dispatcher().registry();
    let actions = registry.actions().iter();
    let actions: Vec<&str> = actions.map(|action| &*action.name).collect();
    Ok(HttpResponse::Ok().json(json!({
        "version": "v2",
        "status": "stable",
        "message": "The lean API: responses in few tokens",
        "routes": ROUTES,
        "actions": actions,
    })))
}

/// Runs a query.
async fn answer(
    service: &Service,
    caller: Caller,
    query: Result<LeanQuery, ActionError>,
) -> HttpResponse {
    let answered = match query {
        Ok(mut query) => {
            query.context = Context::of(caller.0);
            service.lean().query(service.dispatcher(), &query).await
        }
        Err(error) => Err(service.dispatcher().redactor().scrub_error(error)),
    };
    match answered {
        Ok(answer) => lean(answer),
        Err(error) => rejection(&error),
    }
}

fn lean(answer: LeanAnswer) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(answer.content_type())
        .insert_header((TOKENS, answer.tokens))
        .body(answer.text)
}

/// Returns the error of a query. It may have a signature, so its form differs from [`ApiError`]'s.
fn rejection(error: &ActionError) -> HttpResponse {
    let status =
        StatusCode::from_u16(error.code.row().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = error_text(error);
    let mut answer = HttpResponse::build(status);
    if let Some(wait) = error.retry_after {
        answer.insert_header((header::RETRY_AFTER, wait.as_secs().max(1)));
    }
    answer.content_type("application/json").insert_header((TOKENS, tokens::count(&text))).body(text)
}
