//! `GET /state`: the memory, whole or one kind of thing in it.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::memory::{Freshness, StoreRuns};
use mcp_core::snapshot::{self, Entity};
use paperclip::actix::web::Query;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::Deserialize;

use crate::http::answer::{envelope, success};
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
    let Some(name) = entity.filter(given) else { return full(&service).await };
    let Some(entity) = Entity::named(&name) else { return invalid_entity(&service, &name) };
    let status = status.filter(given);
    let data = service
        .store()
        .read_for(Freshness::WritesAndLogs, move |memory| {
            snapshot::of_entity(memory, entity, page, status)
        })
        .await??;
    success(&service, &data, "Filtered memory snapshot retrieved")
}

async fn full(service: &Service) -> Result<HttpResponse, ApiError> {
    let data = service.store().read_for(Freshness::WritesAndLogs, snapshot::full).await??;
    success(service, &data, "Memory snapshot retrieved")
}

fn invalid_entity(service: &Service, name: &str) -> Result<HttpResponse, ApiError> {
    let options = Entity::ALL.map(Entity::name).join(", ");
    let message = format!("Invalid entity '{name}'. Valid options: {options}");
    envelope(service, false, &serde_json::Map::new(), &message)
}
