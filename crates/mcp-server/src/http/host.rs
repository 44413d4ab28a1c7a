//! Protects a server on loopback from DNS rebinding.
//!
//! A page at `evil.example` may let its name resolve to 127.0.0.1. The browser then treats the server as
//! the page's own origin, and CORS does not apply. `Host` is still `evil.example`.

use actix_web::{
    Error, ResponseError,
    body::{EitherBody, MessageBody},
    dev::{RequestHead, ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::Data,
};

use super::{
    authority::{self, Authority},
    error::ApiError,
    probe::is_probe,
};

/// The `Host` values that are served. Part of the app's data.
#[derive(Debug, Clone)]
pub(crate) struct Hosts {
    enforced: bool,
    allowed: Vec<Authority>,
}

impl Hosts {
    /// Creates the rule. On loopback, its names and `allowed` are served; elsewhere `allowed`, or all
    /// if it is empty. An allowed host with a port allows only that port.
    pub(crate) fn new(loopback_only: bool, allowed: Vec<Authority>) -> Self {
        Self { enforced: loopback_only || !allowed.is_empty(), allowed }
    }

    /// Returns whether a request is for a host that is served here.
    fn serve(&self, head: &RequestHead) -> bool {
        !self.enforced
            || authority::of_request(head)
                .is_ok_and(|wanted| wanted.iter().all(|wanted| self.serves(wanted)))
    }

    /// Returns whether a request is for a name that is known to be this server's: a loopback name, an
    /// allowed one, or an address, which no name server can change.
    pub(crate) fn knows(&self, head: &RequestHead) -> bool {
        let is_address = |wanted: &Authority| matches!(wanted.host, authority::Host::Address(_));
        authority::of_request(head).is_ok_and(|wanted| {
            wanted.iter().all(|wanted| is_address(wanted) || self.serves(wanted))
        })
    }

    fn serves(&self, wanted: &Authority) -> bool {
        wanted.host.is_loopback() || self.allowed.iter().any(|it| allows(it, wanted))
    }
}

/// Returns whether an allowed host includes another. A request without a port means its scheme's
/// default, and behind a proxy that may be either.
fn allows(allowed: &Authority, wanted: &Authority) -> bool {
    let port = match (allowed.port, wanted.port) {
        (None, _) => true,
        (Some(port), None) => port == 80 || port == 443,
        (Some(port), Some(wanted)) => port == wanted,
    };
    port && allowed.host == wanted.host
}

/// Middleware that answers 403 to a `Host` that is not served here.
pub(super) async fn check<B: MessageBody>(
    hosts: Data<Hosts>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let head = request.head();
    // An orchestrator probes by address, which no name server can turn to another.
    if hosts.serve(head) || (is_probe(&request) && hosts.knows(head)) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let detail = "This Host is not served here: use localhost, or list it in MCP_ALLOWED_HOSTS";
    let error = ApiError::new(StatusCode::FORBIDDEN, detail).error_response();
    Ok(request.into_response(error).map_into_right_body())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::{App, http::header, middleware::from_fn, test, web};

    use super::*;

    async fn status(hosts: &Hosts, request: test::TestRequest) -> u16 {
        let app = test::init_service(
            App::new()
                .app_data(Data::new(hosts.clone()))
                .wrap(from_fn(check))
                .route("/", web::get().to(async || "ok")),
        )
        .await;
        test::call_service(&app, request.to_request()).await.status().as_u16()
    }

    fn to(host: &str) -> test::TestRequest {
        test::TestRequest::get().uri("/").insert_header((header::HOST, host))
    }

    fn allowed(names: &[&str]) -> Vec<Authority> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[actix_web::test]
    async fn on_loopback_only_loopback_and_listed_names_are_served() {
        let hosts = Hosts::new(true, allowed(&["App.example", "b.example:8443", "c.example:443"]));
        for (host, wanted) in [
            ("localhost", 200),
            ("LOCALHOST.:8000", 200),
            ("mcp.localhost", 200),
            ("127.0.0.1:1", 200),
            ("127.200.0.1", 200),
            ("[::1]:8000", 200),
            ("app.example:9999", 200),
            ("b.example:8443", 200),
            ("b.example:8444", 403),
            ("b.example", 403),
            ("c.example", 200),
            ("evil.example", 403),
            ("192.168.0.1", 403),
            ("localhost.evil.example", 403),
            ("localhost@evil.example", 403),
            ("", 403),
        ] {
            assert_eq!(status(&hosts, to(host)).await, wanted, "{host}");
        }
    }

    #[actix_web::test]
    async fn a_missing_or_doubled_host_is_refused() {
        let hosts = Hosts::new(true, Vec::new());
        assert_eq!(status(&hosts, test::TestRequest::get().uri("/")).await, 403);
        let twice = to("localhost").append_header((header::HOST, "localhost"));
        assert_eq!(status(&hosts, twice).await, 403);
    }

    #[actix_web::test]
    async fn an_absolute_target_is_checked_too() {
        let hosts = Hosts::new(true, Vec::new());
        let absolute = |uri: &str| to("localhost").uri(uri);
        assert_eq!(status(&hosts, absolute("http://localhost/")).await, 200);
        assert_eq!(status(&hosts, absolute("http://evil.example/")).await, 403);
        assert_eq!(status(&hosts, absolute("http://localhost@evil.example/")).await, 403);
    }

    #[actix_web::test]
    async fn unknown_paths_are_guarded_as_well() {
        let hosts = Hosts::new(true, Vec::new());
        assert_eq!(status(&hosts, to("evil.example").uri("/nope")).await, 403);
        assert_eq!(status(&hosts, to("localhost").uri("/nope")).await, 404);
    }

    #[actix_web::test]
    async fn beyond_loopback_any_host_is_served_until_some_are_listed() {
        assert_eq!(status(&Hosts::new(false, Vec::new()), to("any.example")).await, 200);
        let hosts = Hosts::new(false, allowed(&["app.example"]));
        assert_eq!(status(&hosts, to("any.example")).await, 403);
        assert_eq!(status(&hosts, to("app.example")).await, 200);
    }
}
