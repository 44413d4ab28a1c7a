//! The routes: what each path takes and answers. Everything else about a request is the guards'.

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
use paperclip::actix::web::{self, ServiceConfig};

use super::error::method_not_allowed;
use super::probe::{LIVE, READY};
pub use body::BodyLimits;
pub use docs::{Documents, configure as configure_documents};
pub use probes::Readiness;

/// Mounts every route that OpenAPI describes.
pub fn configure(config: &mut ServiceConfig<'_>) {
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
    for face in [Face::V1, Face::Legacy] {
        config
            .service(
                web::resource(&face.path("query"))
                    .route(web::post().to(query::query))
                    .default_service(post())
                    .wrap(legacy::Notice::on(face, "query")),
            )
            .service(
                web::resource(&face.path("state"))
                    .route(web::get().to(state::state))
                    .default_service(get())
                    .wrap(legacy::Notice::on(face, "state")),
            )
            .service(
                web::resource(&face.path("logs"))
                    .route(web::get().to(logs::logs))
                    .default_service(get())
                    .wrap(legacy::Notice::on(face, "logs")),
            )
            .service(
                web::resource(&face.path("reset"))
                    .route(web::post().to(reset::reset))
                    .default_service(post())
                    .wrap(legacy::Notice::on(face, "reset")),
            );
    }
    // Last, with a path that varies: the router runs a regular expression for it.
    v2::configure(config);
}

/// Two faces with the same four routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    V1,
    Legacy,
}

impl Face {
    fn path(self, route: &str) -> String {
        match self {
            Self::V1 => format!("/api/v1/{route}"),
            Self::Legacy => format!("/mcp/{route}"),
        }
    }
}
