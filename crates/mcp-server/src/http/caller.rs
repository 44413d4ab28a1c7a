//! Identifies the caller of a request: limits that count for each caller use it.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::web::Data;
use ipnet::IpNet;
use mcp_core::Caller;

use super::client_address::{client_address, rate_key};

/// Proxies whose `X-Forwarded-For` is trusted. Part of the app's data; without it, none is.
#[derive(Clone, Debug)]
pub struct TrustedProxies(pub Arc<[IpNet]>);

/// Returns the caller of a request: the client's address, as the rate limit counts it. All clients
/// share one API key, so the key does not tell them apart.
#[must_use]
pub fn caller(request: &HttpRequest) -> Caller {
    let Some(peer) = request.peer_addr() else { return Caller::Local };
    let trusted = request.app_data::<Data<TrustedProxies>>();
    let trusted = trusted.map_or(&[][..], |trusted| &trusted.0);
    Caller::Address(rate_key(client_address(peer.ip(), request.headers(), trusted)))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

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
