//! `/api/v2`: what there is of it.

use actix_web::HttpResponse;
use paperclip::actix::api_v2_operation;
use serde_json::json;

use crate::http::auth::Caller;
use crate::http::error::ApiError;

#[api_v2_operation(
    summary = "Say what v2 offers",
    description = "v2 is to come: this route is all of it. Use v1.",
    operation_id = "v2_status",
    tags("v2")
)]
pub(super) async fn status(_: Caller) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(json!({
        "version": "v2",
        "status": "not_implemented",
        "message": "v2 offers no actions yet; use /api/v1",
        "routes": ["/api/v2/help", "/api/v2/status"],
        "actions": [],
    })))
}
