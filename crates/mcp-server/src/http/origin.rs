//! The origin of the page for which a browser sent a request (RFC 6454, section 7).

use actix_web::{HttpRequest, http::header};

use super::authority::{self, Authority};

/// An origin that is not opaque (RFC 6454, section 4).
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    authority: Authority,
}

impl Origin {
    /// Returns `None` for `null` and malformed origins.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let mut authority = authority.parse::<Authority>().ok()?;
        authority.port = authority.port.or_else(|| default_port(&scheme));
        Some(Self { scheme, authority })
    }

    /// Returns whether a request for `wanted` goes to this origin's own server. A request does not name
    /// its scheme, and a proxy may change it, so an absent port is this scheme's default.
    fn is_at(&self, wanted: &Authority) -> bool {
        let port = wanted.port.or_else(|| default_port(&self.scheme));
        self.authority.host == wanted.host && self.authority.port == port
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Returns whether a request comes from a page of another origin that is not `listed` by name.
///
/// `*` in `listed` does not count here. Programs without a browser send no `Origin` and are not foreign.
/// `null` is foreign: any page can have it.
pub(crate) fn is_foreign(request: &HttpRequest, listed: &[String]) -> bool {
    let mut lines = request.headers().get_all(header::ORIGIN);
    let Some(first) = lines.next() else {
        return false;
    };
    if lines.next().is_some() {
        return true;
    }
    let Some(origin) = first.to_str().ok().and_then(Origin::parse) else {
        return true;
    };
    let own = authority::of_request(request.head())
        .is_ok_and(|wanted| wanted.iter().all(|it| origin.is_at(it)));
    !own && !listed.iter().any(|it| Origin::parse(it).is_some_and(|it| it == origin))
}

/// Returns whether a request comes from a page whose origin is `listed` by name.
pub(crate) fn is_listed(request: &HttpRequest, listed: &[String]) -> bool {
    let mut lines = request.headers().get_all(header::ORIGIN);
    let origin = lines.next().and_then(|line| line.to_str().ok()).and_then(Origin::parse);
    lines.next().is_none()
        && origin.is_some_and(|origin| {
            listed.iter().any(|it| Origin::parse(it).is_some_and(|it| it == origin))
        })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn foreign(host: &str, origin: &str, listed: &[&str]) -> bool {
        let request = TestRequest::post()
            .insert_header((header::HOST, host))
            .insert_header((header::ORIGIN, origin))
            .to_http_request();
        is_foreign(&request, &listed.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_program_sends_no_origin() {
        let request = TestRequest::post().insert_header((header::HOST, "h")).to_http_request();
        assert!(!is_foreign(&request, &[]));
    }

    #[test]
    fn a_page_of_the_server_itself() {
        for (host, origin) in [
            ("localhost:8000", "http://localhost:8000"),
            ("LOCALHOST:8000", "http://localhost:8000"),
            ("mcp.example", "https://mcp.example"),
            ("mcp.example:443", "https://mcp.example"),
            ("mcp.example", "http://mcp.example:80"),
            ("[::1]:8000", "http://[::1]:8000"),
        ] {
            assert!(!foreign(host, origin, &[]), "{host} {origin}");
        }
    }

    #[test]
    fn a_page_of_somebody_else() {
        for (host, origin) in [
            ("localhost:8000", "http://localhost:3000"),
            ("localhost:8000", "http://localhost"),
            ("localhost:8000", "https://evil.example"),
            ("localhost:8000", "http://localhost:8000.evil.example"),
            ("mcp.example", "https://mcp.example:8443"),
            ("mcp.example:80", "https://mcp.example"),
            ("localhost", "null"),
            ("localhost", ""),
            ("localhost", "localhost"),
        ] {
            assert!(foreign(host, origin, &["*"]), "{host} {origin}");
        }
    }

    #[test]
    fn a_listed_page_is_not_foreign() {
        let listed = ["*", "https://App.example", "http://b.example:3000"];
        assert!(!foreign("localhost:8000", "https://app.example", &listed));
        assert!(!foreign("localhost:8000", "https://app.example:443", &listed));
        assert!(!foreign("localhost:8000", "http://b.example:3000", &listed));
        assert!(foreign("localhost:8000", "http://app.example", &listed));
        assert!(foreign("localhost:8000", "http://b.example", &listed));
    }

    #[test]
    fn two_origins_are_foreign() {
        let request = TestRequest::post()
            .insert_header((header::HOST, "h"))
            .append_header((header::ORIGIN, "http://h"))
            .append_header((header::ORIGIN, "http://h"))
            .to_http_request();
        assert!(is_foreign(&request, &[]));
    }
}
