//! The credentials that an API takes, for the error of a call without any.

use serde_json::Value;

use super::document::Document;
use super::parameters::Place;
use super::text;

/// The maximum number of credentials that are named.
const MAX_NAMED: usize = 5;

/// Returns what the settings can supply for the document's security schemes, such as `header X-Api-Key`;
/// `None` if there are no schemes, or if `supplied` admits one of them.
pub(super) fn missing(
    document: &Document<'_>,
    supplied: &dyn Fn(Place, &str) -> bool,
) -> Option<String> {
    let schemes = document.value("#/components/securitySchemes").ok()?;
    let mut missing: Vec<String> = Vec::new();
    for scheme in schemes.as_object()?.values() {
        let Ok(scheme) = document.resolved(scheme) else { continue };
        let Some((place, name, form)) = wanted(&scheme) else { continue };
        if supplied(place, name) {
            return None;
        }
        let line = text::line(&format!("{} {name}{form}", place.name()), 100);
        if missing.len() < MAX_NAMED && !missing.contains(&line) {
            missing.push(line);
        }
    }
    (!missing.is_empty()).then(|| missing.join(" or "))
}

/// Returns the place, the name and the form of a credential.
fn wanted(scheme: &Value) -> Option<(Place, &str, &'static str)> {
    let bearer = (Place::Header, "Authorization", ": Bearer TOKEN");
    match scheme["type"].as_str()? {
        "apiKey" => {
            let place = Place::named(scheme["in"].as_str()?)?;
            Some((place, scheme["name"].as_str()?, ""))
        }
        "http" if scheme["scheme"].as_str()?.eq_ignore_ascii_case("basic") => {
            Some((Place::Header, "Authorization", ": Basic BASE64"))
        }
        "http" | "oauth2" | "openIdConnect" => Some(bearer),
        _ => None,
    }
}
