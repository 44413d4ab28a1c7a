//! Extractors of a request's caller, one for each kind of protected route. Each is the first argument of
//! its handlers: an unknown path is 404 and a wrong method 405 before a key is required.
//!
//! A web page of another origin (RFC 6454) may use v1 and v2: `MCP_CORS_ORIGINS` decides what its browser
//! lets it read. The reset and the Model Context Protocol require more.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use ipnet::IpNet;
use paperclip::actix::OperationModifier;
use paperclip::v2::schema::Apiv2Schema;

use super::auth::ApiKey;
use super::client_address::{client_address, rate_key};
use super::error::ApiError;
use super::host::Hosts;
use super::origin;
use crate::config::CorsOrigins;

/// Proxies whose `X-Forwarded-For` is trusted. Part of the app's data; without it, none is.
#[derive(Clone, Debug)]
pub(crate) struct TrustedProxies(pub(crate) Arc<[IpNet]>);

/// A caller of v1, v2 or the metrics: it has the API key, or none is configured.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) mcp_core::Caller);

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key: &ApiKey = data(request);
        ready(key.check(request.headers()).map(|_| Self(caller(request))))
    }
}

impl Apiv2Schema for Caller {}
impl OperationModifier for Caller {}

/// A caller who resets the memory or manages connections. A page of another origin must be listed by
/// name or send a configured key.
#[derive(Clone, Debug)]
pub(crate) struct OperatorCaller;

impl FromRequest for OperatorCaller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key: &ApiKey = data(request);
        ready(key.check(request.headers()).and_then(|has_key| {
            if has_key || !origin::is_foreign(request, listed(request)) {
                return Ok(Self);
            }
            let detail = "A page of another origin may not do this: list its origin in \
                          MCP_CORS_ORIGINS or send the API key";
            Err(ApiError::new(StatusCode::FORBIDDEN, detail))
        }))
    }
}

impl Apiv2Schema for OperatorCaller {}
impl OperationModifier for OperatorCaller {}

/// A caller of the Model Context Protocol. A page of another origin must be listed by name and, where a
/// key is configured, send it too.
#[derive(Clone, Debug)]
pub(crate) struct ProtocolCaller;

impl FromRequest for ProtocolCaller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let listed = listed(request);
        // A page under a name that is not the server's own is of another origin, even if the browser
        // thinks otherwise: the name may have been made to resolve to this address.
        let is_rebound = request.headers().contains_key(header::ORIGIN)
            && !data::<Hosts>(request).knows(request.head())
            && !origin::is_listed(request, listed);
        if is_rebound || origin::is_foreign(request, listed) {
            let detail = "A page of another origin may not call this: list its origin in \
                          MCP_CORS_ORIGINS";
            return ready(Err(ApiError::new(StatusCode::FORBIDDEN, detail)));
        }
        let key: &ApiKey = data(request);
        ready(key.check(request.headers()).map(|_| Self))
    }
}

/// Returns the caller of a request: the client's address, as the rate limit counts it. All clients
/// share one API key, so the key does not tell them apart.
pub(crate) fn caller(request: &HttpRequest) -> mcp_core::Caller {
    let Some(peer) = request.peer_addr() else { return mcp_core::Caller::Local };
    let trusted = request.app_data::<Data<TrustedProxies>>();
    let trusted = trusted.map_or(&[][..], |trusted| &trusted.0);
    let client = client_address(peer.ip(), request.headers(), trusted);
    mcp_core::Caller::Address(rate_key(client))
}

fn listed(request: &HttpRequest) -> &[String] {
    data::<CorsOrigins>(request).listed()
}

/// Returns the app's data of a type.
fn data<T: 'static>(request: &HttpRequest) -> &T {
    request.app_data::<Data<T>>().expect("the server adds it when it builds the app")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::test::TestRequest;
    use actix_web::web::Data;
    use mcp_core::Caller;

    use std::sync::Arc;

    use super::{TrustedProxies, caller};

    #[test]
    fn a_caller_is_the_client_behind_trusted_proxies() {
        let address = |text: &str| Caller::Address(text.parse().unwrap());
        for (peer, forwarded, trusted, wanted) in [
            ("192.0.2.1:1000", None, None, address("192.0.2.1")),
            ("192.0.2.1:1000", Some("192.0.2.9"), None, address("192.0.2.1")),
            ("192.0.2.1:1000", Some("192.0.2.9"), Some("192.0.2.1/32"), address("192.0.2.9")),
            ("[2001:db8:1:2::3]:1000", None, None, address("2001:db8:1:2::")),
        ] {
            let mut request = TestRequest::default().peer_addr(peer.parse().unwrap());
            if let Some(forwarded) = forwarded {
                request = request.append_header(("X-Forwarded-For", forwarded));
            }
            if let Some(trusted) = trusted {
                let trusted = Arc::new([trusted.parse().unwrap()]);
                request = request.app_data(Data::new(TrustedProxies(trusted)));
            }
            assert_eq!(caller(&request.to_http_request()), wanted, "{peer} {forwarded:?}");
        }
        assert_eq!(caller(&TestRequest::default().to_http_request()), Caller::Local);
    }
}
