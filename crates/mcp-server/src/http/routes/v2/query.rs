//! `POST /api/v2/query`: calls one action and shapes its result.

use actix_web::HttpResponse;
use actix_web::web::Data;
use mcp_lean::LeanQuery;
use mcp_lean::format::Format;
use paperclip::actix::api_v2_operation;

use super::answer;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::routes::body::JsonBody;
use crate::service::Service;

#[api_v2_operation(
    summary = "Call an action and shape its result",
    description = "The result's summary or the requested fields, within a token limit, as JSON, CSV or TOON. Unknown parameters and fields are rejected.",
    operation_id = "v2_query",
    tags("v2")
)]
pub(super) async fn query(
    caller: Caller,
    JsonBody(text): JsonBody,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(&service, caller, LeanQuery::read(&text, Format::Json)).await)
}
