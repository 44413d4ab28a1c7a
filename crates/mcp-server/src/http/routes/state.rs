//! `GET /state`: the stored memory, all of it or one entity.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_core::Reply;
use mcp_core::memory::Freshness;
use mcp_core::snapshot::{self, Entity};
use paperclip::actix::web::Query;
use paperclip::actix::{Apiv2Schema, api_v2_operation};
use serde::Deserialize;

use crate::http::answer::{envelope, reply};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::page;
use crate::service::Service;

const FILTERED: &str = "Filtered memory snapshot retrieved";

/// The query of `/state`. An empty value counts as absent.
#[derive(Deserialize, Apiv2Schema)]
pub(super) struct StateQuery {
    /// Only this entity.
    entity: Option<String>,
    /// The maximum number of rows of each list; a negative number means no limit.
    limit: Option<String>,
    /// Skips this many rows of each list (of the log, the newest); a negative number counts as 0.
    offset: Option<String>,
    /// Only tasks with this status. Without an entity, it requires `limit` or `offset`.
    status: Option<String>,
}

#[api_v2_operation(
    summary = "Show the memory",
    description = "Without an entity: everything except the log; `limit` and `offset` page users and tasks, and with one of them `status` filters the tasks. With an entity: its list, filtered and paged.",
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
    let (entity, status) = (entity.filter(given), status.filter(given));
    let is_cut = page.limit.is_some() || offset.is_some();
    let (answer, message) = match entity {
        None if is_cut => (snapshot::full(page, status), FILTERED),
        None => (snapshot::full(page, None), "Memory snapshot retrieved"),
        Some(name) => match Entity::named(&name) {
            None => return invalid_entity(&service, &name),
            Some(entity) => (snapshot::of_entity(entity, page, status), FILTERED),
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
