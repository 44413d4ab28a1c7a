//! The parameters of an operation outside its body.

use http::HeaderName;
use serde_json::{Map, Value, json};

use super::document::Document;
use super::schema::{Limits, Rewriter};
use super::style::{Style, Writing};
use super::text;

/// The place of a parameter in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

impl Place {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "path" => Self::Path,
            "query" => Self::Query,
            "header" => Self::Header,
            "cookie" => Self::Cookie,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

/// A parameter, as far as a request needs it.
#[derive(Debug)]
pub(super) struct Parameter {
    /// The name among the parameters of the definition.
    pub(super) key: Box<str>,
    /// The name in the request, if it is another.
    name: Option<Box<str>>,
    pub(super) place: Place,
    pub(super) writing: Writing,
    /// Whether a value in the path may have several segments.
    pub(super) has_segments: bool,
}

impl Parameter {
    /// Returns the name in the request.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.key)
    }
}

/// A parameter with its documentation.
pub(super) struct Described {
    pub(super) parameter: Parameter,
    pub(super) is_required: bool,
    value: Value,
}

/// The header fields that OpenAPI does not allow as parameters, or that belong to the connection.
const OTHER_HEADERS: [&str; 10] = [
    "accept",
    "content-type",
    "authorization",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
];

/// Reads the parameters of an operation. Those of its path come first, and its own replace them.
/// Parameters that `supplied` admits are left out.
///
/// # Errors
/// Says which parameter is wrong.
pub(super) fn read(
    document: &Document<'_>,
    lists: [Option<&Value>; 2],
    template: &str,
    supplied: &dyn Fn(Place, &str) -> bool,
) -> Result<Vec<Described>, String> {
    let mut found: Vec<(Place, String, Value)> = Vec::new();
    for (number, value) in lists.into_iter().flatten().flat_map(numbered) {
        let fault = |problem: String| format!("parameter {number}: {problem}");
        let value = document.resolved(value).map_err(fault)?;
        let name = value["name"].as_str().ok_or_else(|| fault("name is missing".into()))?;
        let place = value["in"].as_str().and_then(Place::named);
        let place = place.ok_or_else(|| {
            fault(format!("in must be path, query, header or cookie, as of {name:?}"))
        })?;
        if place == Place::Header && HeaderName::try_from(name).is_err() {
            return Err(fault(format!("{name:?} is not the name of a header field")));
        }
        let entry = (place, name.to_owned(), (*value).clone());
        match found.iter_mut().find(|(of, known, _)| *of == place && known == name) {
            Some(known) => *known = entry,
            None => found.push(entry),
        }
    }
    found.retain(|(place, name, _)| match place {
        Place::Path => template.contains(&format!("{{{name}}}")),
        Place::Header => !OTHER_HEADERS.contains(&&*name.to_ascii_lowercase()),
        _ => true,
    });
    for name in names_in(template) {
        if !found.iter().any(|(place, known, _)| *place == Place::Path && known == name) {
            let value = json!({"schema": {"type": "string"}});
            found.push((Place::Path, name.to_owned(), value));
        }
    }
    found.retain(|(place, name, _)| !supplied(*place, name));
    let mut described: Vec<Described> = Vec::new();
    for (place, name, value) in found {
        let is_taken = described.iter().any(|known| *known.parameter.key == *name);
        let key = if is_taken { format!("{}_{name}", place.name()) } else { name.clone() };
        let parameter = Parameter {
            name: is_taken.then(|| name.into()),
            key: key.into(),
            place,
            writing: writing(place, &value),
            has_segments: value["x-multi-segment"] == true,
        };
        let is_required = place == Place::Path || value["required"] == true;
        described.push(Described { parameter, is_required, value });
    }
    Ok(described)
}

fn numbered(list: &Value) -> impl Iterator<Item = (usize, &Value)> {
    list.as_array().into_iter().flatten().enumerate().map(|(index, value)| (index + 1, value))
}

/// Returns the names in a path: `id` of `/users/{id}`.
pub(super) fn names_in(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

fn writing(place: Place, value: &Value) -> Writing {
    let usual = match place {
        Place::Path | Place::Header => Style::Simple,
        Place::Query | Place::Cookie => Style::Form,
    };
    let named = value["style"].as_str().and_then(Style::named).filter(|style| match place {
        Place::Path => matches!(style, Style::Simple | Style::Label | Style::Matrix),
        Place::Query => !matches!(style, Style::Simple | Style::Label | Style::Matrix),
        Place::Header | Place::Cookie => *style == usual,
    });
    let style = if value["content"].is_object() { Style::Json } else { named.unwrap_or(usual) };
    let explode = value["explode"].as_bool().unwrap_or(style == Style::Form);
    Writing { style, explode, reserved: value["allowReserved"] == true }
}

impl Described {
    /// Returns the schema with the parameter's description.
    pub(super) fn schema(&self, document: &Document<'_>, limits: Limits) -> Value {
        let content = self.value["content"].as_object().and_then(|content| content.values().next());
        let schema = content.map_or(&self.value["schema"], |media| &media["schema"]);
        let mut schema = Rewriter::new(document, limits).schema(schema);
        let description = self.value["description"].as_str().unwrap_or_default();
        let description = text::line(description, limits.description);
        if let Some(object) = schema.as_object_mut() {
            if !description.is_empty() && limits.description > 0 {
                describe(object, description);
            }
            if self.value["deprecated"] == true {
                object.insert("deprecated".into(), true.into());
            }
        }
        schema
    }
}

/// Sets the description, behind the type.
fn describe(schema: &mut Map<String, Value>, description: String) {
    let mut described = Map::new();
    described.extend(schema.remove_entry("type"));
    described.insert("description".into(), description.into());
    schema.remove("description");
    described.append(schema);
    *schema = described;
}
