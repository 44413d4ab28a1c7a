//! `/openapi.json`, `/docs` and `/redoc`, served from the binary.

use actix_web::http::{Method, header};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpResponse, Responder};
use aide::redoc::Redoc;
use aide::swagger::Swagger;
use mcp_core::Registry;

use crate::http::error::method_not_allowed;
use crate::openapi;

/// Allows the page's own content, and the server itself for calls.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; worker-src blob:; frame-ancestors 'none'";

/// The documents, generated once. Part of the app's data.
pub(crate) struct Documents {
    openapi: String,
    swagger: String,
    redoc: String,
}

impl Documents {
    pub(crate) fn new(registry: &Registry) -> Self {
        let title = "MCP Server";
        Self {
            openapi: openapi::document(registry).to_string(),
            swagger: Swagger::new("/openapi.json").with_title(title).html(),
            redoc: Redoc::new("/openapi.json").with_title(title).html(),
        }
    }
}

/// Mounts the routes of the documents. The documents do not describe them.
pub(crate) fn configure(config: &mut ServiceConfig) {
    let get = || method_not_allowed(&[Method::GET, Method::HEAD]);
    config
        .service(
            web::resource("/openapi.json")
                .route(web::get().to(openapi_json))
                .default_service(get()),
        )
        .service(web::resource("/docs").route(web::get().to(swagger)).default_service(get()))
        .service(web::resource("/redoc").route(web::get().to(redoc)).default_service(get()));
}

async fn openapi_json(documents: Data<Documents>) -> impl Responder {
    HttpResponse::Ok().content_type("application/json").body(documents.openapi.clone())
}

async fn swagger(documents: Data<Documents>) -> impl Responder {
    page(&documents.swagger)
}

async fn redoc(documents: Data<Documents>) -> impl Responder {
    page(&documents.redoc)
}

fn page(html: &str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(html.to_owned())
}
