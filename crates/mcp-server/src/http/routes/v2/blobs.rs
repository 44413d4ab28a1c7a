//! `GET /api/v2/blobs/{id}`: the value of a handle, all of it or a range of its bytes (RFC 9110,
//! section 14).

use actix_web::http::StatusCode;
use actix_web::http::header::{
    self, ByteRangeSpec, ContentRange, ContentRangeSpec, EntityTag, Header as _, IfNoneMatch, Range,
};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use paperclip::actix::api_v2_operation;

use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::service::Service;

#[api_v2_operation(
    summary = "Get the value of a handle",
    description = "All of it, or with `Range` a range of its bytes.",
    operation_id = "v2_blob",
    tags("v2")
)]
pub(super) async fn blob(
    _: Caller,
    id: paperclip::actix::web::Path<String>,
    request: HttpRequest,
    service: Data<Service>,
) -> Result<HttpResponse, ApiError> {
    let found = service.lean().blobs().get(&id);
    let blob = found.map_err(|error| {
        let message = service.dispatcher().redactor().scrub(&error.message);
        ApiError::new(StatusCode::NOT_FOUND, message)
    })?;
    let length = blob.bytes.len() as u64;
    let tag = EntityTag::new_strong(id.into_inner());
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(blob.media_type.as_str())
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CACHE_CONTROL, "private"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // The content comes from other systems: it must not run as a page of this server.
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header(header::ETag(tag.clone()));
    if is_known(&request, &tag) {
        return Ok(answer.status(StatusCode::NOT_MODIFIED).finish());
    }
    let Some(range) = wanted(&request, &tag) else { return Ok(answer.body(blob.bytes.clone())) };
    let Some((first, last)) = range.to_satisfiable_range(length) else {
        let range = ContentRangeSpec::Bytes { range: None, instance_length: Some(length) };
        return Ok(answer
            .status(StatusCode::RANGE_NOT_SATISFIABLE)
            .insert_header(ContentRange(range))
            .content_type("application/json")
            .body(format!(r#"{{"detail":"The range is outside the {length} bytes"}}"#)));
    };
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let bytes = blob.bytes.get(at(first)..=at(last)).unwrap_or_default().to_vec();
    let range =
        ContentRangeSpec::Bytes { range: Some((first, last)), instance_length: Some(length) };
    Ok(answer.status(StatusCode::PARTIAL_CONTENT).insert_header(ContentRange(range)).body(bytes))
}

/// Returns whether the client has the value already (section 13.1.2).
fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Err(_) => false,
    }
}

/// Returns the requested range. Other units, several ranges and ranges of another version are ignored
/// (sections 13.1.5, 14.2).
fn wanted(request: &HttpRequest, tag: &EntityTag) -> Option<ByteRangeSpec> {
    if let Some(condition) = request.headers().get(header::IF_RANGE)
        && condition.to_str().ok() != Some(tag.to_string().as_str())
    {
        return None;
    }
    match Range::parse(request).ok()? {
        Range::Bytes(ranges) => match ranges.as_slice() {
            [range] => Some(range.clone()),
            _ => None,
        },
        Range::Unregistered(..) => None,
    }
}
