//! The URL of an endpoint: a base, a path and a query.

use reqwest::Url;
use serde::Serialize;
use serde_json::Value;

/// A URL below the base URL of an API.
pub(crate) struct Endpoint(Url);

impl Endpoint {
    /// Appends segments to the path of the base. Each is encoded, so that it stays one segment.
    pub(crate) fn new(base: &Url, segments: &[&str]) -> Self {
        let mut url = base.clone();
        url.set_query(None);
        url.set_fragment(None);
        // The check of the settings has rejected a base that cannot have a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        Self(url)
    }

    /// Sets the fields of a flat object as the query. Omits null.
    pub(crate) fn query(mut self, parameters: &impl Serialize) -> Self {
        let parameters = serde_json::to_value(parameters).unwrap_or_default();
        for (name, value) in parameters.as_object().into_iter().flatten() {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            self.0.query_pairs_mut().append_pair(name, &text);
        }
        self
    }

    pub(crate) fn into_url(self) -> Url {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_path_goes_below_the_base_whether_or_not_that_ends_in_a_slash() {
        for (base, address) in [
            ("https://a.b", "https://a.b/repos/o/r%20s%3F"),
            ("https://a.b/api/v3", "https://a.b/api/v3/repos/o/r%20s%3F"),
            ("https://a.b/api/v3/?x#y", "https://a.b/api/v3/repos/o/r%20s%3F"),
        ] {
            let base = Url::parse(base).expect("a URL");
            let url = Endpoint::new(&base, &["repos", "o", "r s?"]).into_url();
            assert_eq!(url.as_str(), address);
        }
    }

    #[test]
    fn whatever_a_segment_holds_the_address_can_be_sent() {
        let base = Url::parse("https://a.b").expect("a URL");
        for c in ('\u{20}'..='\u{7e}').chain("ü日😀\u{a0}\u{202e}".chars()) {
            let url = Endpoint::new(&base, &["r", &format!("a{c}b")]).into_url();
            assert!(url.as_str().parse::<http::Uri>().is_ok(), "{url}");
            assert_eq!(url.path_segments().map(Iterator::count), Some(2), "{url}");
            assert!(url.query().is_none() && url.fragment().is_none(), "{url}");
        }
    }

    #[test]
    fn the_query_is_encoded_and_null_is_left_out() {
        let base = Url::parse("https://a.b").expect("a URL");
        let query = json!({"q": "a b&c=d#e+f", "sort": null, "page": 2});
        let url = Endpoint::new(&base, &["s"]).query(&query).into_url();
        assert_eq!(url.as_str(), "https://a.b/s?q=a+b%26c%3Dd%23e%2Bf&page=2");
        let url = Endpoint::new(&base, &["s"]).query(&()).into_url();
        assert_eq!(url.as_str(), "https://a.b/s");
    }
}
