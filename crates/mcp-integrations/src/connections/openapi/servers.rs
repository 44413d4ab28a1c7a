//! The address of an API: its `servers`.

use reqwest::Url;
use serde_json::Value;

use crate::connections::settings::DocumentLocation;

/// Finds the addresses of operations.
pub(super) struct Servers<'a> {
    /// The address of the settings, in place of all of the document's.
    pub(super) base_url: Option<&'a Url>,
    /// The place of the document.
    pub(super) source: &'a DocumentLocation,
}

impl Servers<'_> {
    /// Returns the first address of the first list that is not empty, without query and fragment.
    ///
    /// # Errors
    /// Says why the document has no usable address.
    pub(super) fn base(&self, lists: [Option<&Value>; 3]) -> Result<Url, String> {
        let mut url = if let Some(url) = self.base_url {
            url.clone()
        } else {
            let first = lists.into_iter().flatten().find_map(|list| list.as_array()?.first());
            self.resolved(&first.map_or_else(|| Ok("/".into()), filled)?)?
        };
        url.set_query(None);
        url.set_fragment(None);
        Ok(url)
    }

    fn resolved(&self, text: &str) -> Result<Url, String> {
        let shown: String = text.chars().take(100).collect();
        let url = match (Url::parse(text), self.source) {
            (Ok(url), _) => url,
            (Err(_), DocumentLocation::Url(source)) => source
                .join(text)
                .map_err(|error| format!("servers: {shown:?} is not a URL: {error}"))?,
            (Err(_), DocumentLocation::File(_)) => {
                return Err(format!(
                    "servers: {shown:?} has no host: set baseUrl to the address of the API"
                ));
            }
        };
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(format!("servers: {shown:?} is not an http or https URL: set baseUrl"));
        }
        Ok(url)
    }
}

/// Returns a server's URL with the defaults of its variables.
fn filled(server: &Value) -> Result<String, String> {
    let template = server["url"].as_str().ok_or("servers: url is missing")?;
    let (mut url, mut rest) = (String::new(), template);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| {
            let shown: String = template.chars().take(100).collect();
            format!("servers: {shown:?} has a \"{{\" without a \"}}\"")
        })?;
        let variable = &server["variables"][name];
        let value = [&variable["default"], &variable["enum"][0]];
        let value = value.into_iter().find_map(plain).ok_or_else(|| {
            let name: String = name.chars().take(50).collect();
            format!("servers: the variable {name:?} has no default: set baseUrl")
        })?;
        url.push_str(before);
        url.push_str(&value);
        rest = after;
    }
    Ok(url + rest)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_nearest_server_is_used_and_base_url_before_all() {
        let file = DocumentLocation::File("api.json".into());
        let source = Url::parse("https://docs.example/v2/api.json?x").expect("a URL");
        let url = DocumentLocation::Url(source);
        let variables = json!([{"url": "https://{region}.a.example:{port}/{base}", "variables": {
            "region": {"default": "eu"}, "port": {"enum": ["8443", "443"]}, "base": {"default": 2}}}]);
        let (one, two) =
            (json!([{"url": "https://one.example/"}]), json!([{"url": "https://two.example"}]));
        let (below, empty) = (json!([{"url": "../v3#x"}]), json!([]));
        for (lists, source, expected) in [
            ([None, None, Some(&one)], &file, Ok("https://one.example/")),
            ([Some(&two), None, Some(&one)], &file, Ok("https://two.example/")),
            ([Some(&empty), Some(&two), Some(&one)], &file, Ok("https://two.example/")),
            ([None, None, Some(&variables)], &file, Ok("https://eu.a.example:8443/2")),
            ([None, None, Some(&below)], &url, Ok("https://docs.example/v3")),
            ([None, None, None], &url, Ok("https://docs.example/")),
            (
                [None, None, None],
                &file,
                Err("servers: \"/\" has no host: set baseUrl to the address of the API"),
            ),
        ] {
            let servers = Servers { base_url: None, source };
            let base = servers.base(lists);
            assert_eq!(base.as_ref().map(Url::as_str).map_err(|problem| &**problem), expected);
        }
        let base_url = Url::parse("http://127.0.0.1:80/x?y").expect("a URL");
        let servers = Servers { base_url: Some(&base_url), source: &file };
        assert_eq!(
            servers.base([Some(&two), None, None]).expect("a URL").as_str(),
            "http://127.0.0.1/x"
        );
    }

    #[test]
    fn a_server_that_cannot_be_used_has_a_reason() {
        let source = DocumentLocation::File("api.json".into());
        for (server, problem) in [
            (json!({}), "servers: url is missing"),
            (json!({"url": "https://{a"}), "servers: \"https://{a\" has a \"{\" without a \"}\""),
            (
                json!({"url": "https://{a}.x"}),
                "servers: the variable \"a\" has no default: set baseUrl",
            ),
            (
                json!({"url": "ftp://a.example"}),
                "servers: \"ftp://a.example\" is not an http or https URL: set baseUrl",
            ),
        ] {
            let servers = Servers { base_url: None, source: &source };
            let list = json!([server]);
            assert_eq!(servers.base([Some(&list), None, None]).expect_err("a problem"), problem);
        }
    }
}
