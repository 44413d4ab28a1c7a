//! `GET /state`: the memory, whole or one kind of thing in it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::Reply;
use mcp_core::memory::Freshness;
use mcp_core::snapshot::{self, Entity};
use paperclip::actix::web::Query;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::Deserialize;

use crate::http::answer::{envelope, reply};
use crate::http::auth::Caller;
use crate::http::error::ApiError;
use crate::http::page::page;
use crate::service::Service;

/// The query of `/state`. An empty value counts as left out.
#[derive(Deserialize, Apiv2Schema)]
pub(super) struct StateQuery {
    /// Only this kind of thing.
    entity: Option<String>,
    /// At most this many.
    limit: Option<String>,
    /// After leaving out this many (of the log: the newest).
    offset: Option<String>,
    /// Only tasks with this status.
    status: Option<String>,
}

#[api_v2_operation(
    summary = "Show the memory",
    description = "Without an entity: everything. With one: that kind of thing, filtered and paged.",
    operation_id = "state",
    tags("v1")
)]
pub(super) async fn state(
    _: Caller,
    query: Query<StateQuery>,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let StateQuery { entity, limit, offset, status } = query.into_inner();
    let page = page(limit.as_deref(), offset.as_deref())?;
    let scrub = |text: String| service.dispatcher().redactor().scrub(&text);
    let (entity, status) = (entity.map(scrub), status.map(scrub));
    let given = |text: &String| !text.is_empty();
    let (answer, message) = match entity.filter(given) {
        None => (snapshot::full(), "Memory snapshot retrieved"),
        Some(name) => match Entity::named(&name) {
            None => return invalid_entity(&service, &name),
            Some(entity) => (
                snapshot::of_entity(entity, page, status.filter(given)),
                "Filtered memory snapshot retrieved",
            ),
        },
    };
    let state = Reply::read(Freshness::WritesAndLogs, answer, service.store()).await?;
    Ok(reply(service, state, |_| message.to_owned()))
}

fn invalid_entity(service: &Service, name: &str) -> Result<HttpResponse, ApiError> {
    let options = Entity::ALL.map(Entity::name).join(", ");
    let message = format!("Invalid entity '{name}'. Valid options: {options}");
    envelope(service, false, &serde_json::Map::new(), &message)
}
