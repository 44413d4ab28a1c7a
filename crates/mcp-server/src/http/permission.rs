//! Who may do what: one table for every face.

use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;

use super::auth::{ApiKey, Caller};
use super::error::ApiError;
use super::host::Hosts;
use super::origin;
use crate::config::CorsOrigins;

/// A way to the memory. Each asks for the key, where one is configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Calls, state and log of v1 and of the legacy paths.
    V1,
    /// The reset of both.
    Reset,
    /// The Model Context Protocol.
    Protocol,
}

/// What is asked of a web page of another origin (RFC 6454), beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// Nothing: what it may read is the browser's business (`MCP_CORS_ORIGINS`).
    Nothing,
    /// A configured key that is right, or that its origin is listed by name.
    KeyOrListed,
    /// That its origin is listed by name, whatever the key.
    Listed,
}

/// What each way asks of a page of another origin.
pub const PERMISSIONS: [(Door, Foreign); 3] = [
    (Door::V1, Foreign::Nothing),
    (Door::Reset, Foreign::KeyOrListed),
    (Door::Protocol, Foreign::Listed),
];

impl Door {
    /// What it asks of a page of another origin.
    #[must_use]
    pub fn asks_of_foreign(self) -> Foreign {
        let row = PERMISSIONS.iter().find(|(door, _)| *door == self);
        row.expect("every way has a row").1
    }
}

/// Lets a request in, or says why not.
///
/// Invariant: the app's data holds key, origins and hosts.
///
/// # Errors
/// 401 without a key, 403 with a wrong one, and 403 from a page that may not.
pub fn admit(door: Door, request: &HttpRequest) -> Result<(), ApiError> {
    match door.asks_of_foreign() {
        Foreign::Nothing => Caller::of(request).map(|_| ()),
        Foreign::KeyOrListed => {
            Caller::of(request)?;
            let key: &ApiKey = held(request);
            if !key.is_right(request.headers()) && origin::is_foreign(request, listed(request)) {
                let detail = "A page of another origin may not reset the memory: list its origin in \
                              MCP_CORS_ORIGINS or send the API key";
                return Err(ApiError::new(StatusCode::FORBIDDEN, detail));
            }
            Ok(())
        }
        Foreign::Listed => {
            check_listed(request)?;
            Caller::of(request).map(|_| ())
        }
    }
}

/// A browser says whose page asks. Of those that are not listed by name only the server's own may,
/// under a name that is known to be its own: any other may be made to resolve to its address.
fn check_listed(request: &HttpRequest) -> Result<(), ApiError> {
    let listed = listed(request);
    let is_rebound = request.headers().contains_key(header::ORIGIN)
        && !held::<Hosts>(request).knows(request.head())
        && !origin::is_listed(request, listed);
    if is_rebound || origin::is_foreign(request, listed) {
        let detail = "A page of another origin may not call this: list its origin in \
                      MCP_CORS_ORIGINS";
        return Err(ApiError::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(())
}

fn listed(request: &HttpRequest) -> &[String] {
    held::<CorsOrigins>(request).listed()
}

fn held<T: 'static>(request: &HttpRequest) -> &T {
    request.app_data::<Data<T>>().expect("the app is given it where it is built")
}
