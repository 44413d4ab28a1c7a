//! The media types that a client accepts (RFC 9110, section 12.5.1).

use actix_web::HttpMessage;
use actix_web::http::header::{Accept, Header as _, Quality};

/// The media types that `Accept` allows.
pub(crate) struct Accepted(Accept);

impl Accepted {
    /// Reads the header. If it is absent or malformed, every media type is allowed.
    pub(crate) fn of(request: &impl HttpMessage) -> Self {
        Self(Accept::parse(request).unwrap_or(Accept(Vec::new())))
    }

    /// Returns whether the client accepts `kind/subtype`. The most specific range that matches decides.
    pub(crate) fn takes(&self, kind: &str, subtype: &str) -> bool {
        let ranges = self.0.iter().filter_map(|range| {
            let specific = match (range.item.type_().as_str(), range.item.subtype().as_str()) {
                ("*", "*") => 0,
                (given, "*") if given == kind => 1,
                (given, of) if given == kind && of == subtype => 2,
                _ => return None,
            };
            Some((specific, range.quality))
        });
        let decides = ranges.max();
        self.0.is_empty() || decides.is_some_and(|(_, quality)| quality > Quality::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, json, events) in [
            ("", true, true),
            ("application/json", true, false),
            ("application/json, text/event-stream", true, true),
            ("text/event-stream", false, true),
            ("application/*", true, false),
            ("APPLICATION/JSON; charset=utf-8", true, false),
            ("*/*", true, true),
            ("text/html, application/xhtml+xml, */*;q=0.8", true, true),
            ("*/*;q=0.1, text/event-stream;q=0", true, false),
            ("application/json;q=0, */*", false, true),
            ("application/*;q=0, application/json;q=0.5", true, false),
            ("application/json;q=0.0", false, false),
            ("text/html", false, false),
            ("text/*", false, true),
            ("nonsense", true, true),
        ] {
            let request = TestRequest::default().insert_header(("Accept", accept)).to_request();
            let accepted = Accepted::of(&request);
            let found =
                (accepted.takes("application", "json"), accepted.takes("text", "event-stream"));
            assert_eq!(found, (json, events), "{accept}");
        }
        let accepted = Accepted::of(&TestRequest::default().to_request());
        assert!(accepted.takes("application", "json"), "no header");
    }
}
