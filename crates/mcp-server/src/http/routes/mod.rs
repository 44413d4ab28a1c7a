//! The routes: the parameters and the response of each path.

mod body;
mod docs;
mod help;
mod legacy;
mod logs;
pub(super) mod mcp;
mod metrics;
mod probes;
mod query;
mod reset;
mod root;
mod state;
mod v2;

use actix_web::http::Method;
use actix_web::middleware::{Condition, from_fn};
use paperclip::actix::web::{self, ServiceConfig};

use super::error::method_not_allowed;
use super::probe::{LIVE, READY};
pub(crate) use body::BodyLimits;
pub(crate) use docs::{Documents, configure as configure_documents};
pub(crate) use probes::Readiness;

/// Mounts every route that OpenAPI describes.
pub(crate) fn configure(config: &mut ServiceConfig<'_>) {
    let get = || method_not_allowed(&[Method::GET, Method::HEAD]);
    let post = || method_not_allowed(&[Method::POST]);
    config
        .service(web::resource("/").route(web::get().to(root::health)).default_service(get()))
        .service(web::resource(LIVE).route(web::get().to(probes::live)).default_service(get()))
        .service(web::resource("/llms.txt").route(web::get().to(help::llms)).default_service(get()))
        .service(
            web::resource("/metrics").route(web::get().to(metrics::metrics)).default_service(get()),
        )
        .service(web::resource(READY).route(web::get().to(probes::ready)).default_service(get()));
    for prefix in ["/api/v1", "/mcp"] {
        let notice = || Condition::new(prefix == "/mcp", from_fn(legacy::mark_deprecated));
        config
            .service(
                web::resource(&format!("{prefix}/query"))
                    .route(web::post().to(query::query))
                    .default_service(post())
                    .wrap(notice()),
            )
            .service(
                web::resource(&format!("{prefix}/state"))
                    .route(web::get().to(state::state))
                    .default_service(get())
                    .wrap(notice()),
            )
            .service(
                web::resource(&format!("{prefix}/logs"))
                    .route(web::get().to(logs::logs))
                    .default_service(get())
                    .wrap(notice()),
            )
            .service(
                web::resource(&format!("{prefix}/reset"))
                    .route(web::post().to(reset::reset))
                    .default_service(post())
                    .wrap(notice()),
            );
    }
    // Last: for a variable path the router runs a regular expression.
    v2::configure(config);
}
