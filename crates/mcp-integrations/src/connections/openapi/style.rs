//! The styles in which parameters are written (OpenAPI 3.1, section 4.8.12.3).

use std::borrow::Cow;

use mcp_core::json::RawObject;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

/// All but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// As [`ENCODED`], without the reserved characters that cannot end a query or one of its parameters.
const RESERVED_KEPT: &AsciiSet = &ENCODED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'[')
    .remove(b']')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';');

/// A style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `a,b`
    Simple,
    /// `.a.b`
    Label,
    /// `;name=a,b`
    Matrix,
    /// `name=a&name=b`, or `name=a,b` if it is not exploded.
    Form,
    /// `name=a%20b`
    SpaceDelimited,
    /// `name=a%7Cb`
    PipeDelimited,
    /// `name[key]=a`
    DeepObject,
    /// JSON text: parameters with `content`.
    Json,
}

/// How a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Writing {
    pub(super) style: Style,
    pub(super) explode: bool,
    /// Whether reserved characters are sent as they are.
    pub(super) reserved: bool,
}

impl Style {
    /// Returns the style of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "simple" => Self::Simple,
            "label" => Self::Label,
            "matrix" => Self::Matrix,
            "form" => Self::Form,
            "spaceDelimited" => Self::SpaceDelimited,
            "pipeDelimited" => Self::PipeDelimited,
            "deepObject" => Self::DeepObject,
            _ => return None,
        })
    }
}

/// Returns a value that is neither a list nor an object as text; those as JSON.
pub(super) fn plain(value: &RawValue) -> Cow<'_, str> {
    let text = value.get();
    if text.starts_with('"')
        && let Ok(text) = serde_json::from_str::<String>(text)
    {
        return text.into();
    }
    text.into()
}

/// Encodes a text for a path or a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// The value of a parameter.
enum Given<'a> {
    One(Cow<'a, str>),
    List(Vec<&'a RawValue>),
    Object(RawObject<'a>),
}

impl<'a> Given<'a> {
    fn new(value: &'a RawValue) -> Self {
        let text = value.get();
        let list = || serde_json::from_str(text).map(Self::List);
        let object = || RawObject::parse(text).map(Self::Object);
        let parsed = match text.as_bytes().first() {
            Some(b'[') => list(),
            Some(b'{') => object(),
            _ => Ok(Self::One(plain(value))),
        };
        parsed.unwrap_or_else(|_| Self::One(text.into()))
    }
}

impl Writing {
    /// Returns a value for a path, a header or a cookie. `encode` encodes each part.
    pub(super) fn inline(
        self,
        name: &str,
        value: &RawValue,
        encode: impl Fn(&str) -> String,
    ) -> String {
        let (start, between) = match self.style {
            Style::Json => return encode(value.get()),
            Style::Label => (".", if self.explode { "." } else { "," }),
            Style::Matrix => (";", if self.explode { ";" } else { "," }),
            _ => ("", ","),
        };
        let is_matrix = self.style == Style::Matrix;
        let named = |text: String| {
            if is_matrix { format!("{}={text}", encode(name)) } else { text }
        };
        let parts: Vec<String> = match Given::new(value) {
            Given::One(text) => vec![named(encode(&text))],
            Given::List(items) => {
                let items = items.into_iter().map(|item| encode(&plain(item)));
                if self.explode { items.map(named).collect() } else { items.collect() }
            }
            Given::Object(object) => {
                let equals = if self.explode { "=" } else { "," };
                let member = |(name, value): (Cow<'_, str>, &RawValue)| {
                    format!("{}{equals}{}", encode(&name), encode(&plain(value)))
                };
                object.members.into_iter().map(member).collect()
            }
        };
        let text = parts.join(between);
        let text = if is_matrix && !text.contains('=') { named(text) } else { text };
        format!("{start}{text}")
    }

    /// Appends a value to a query or a form.
    pub(super) fn pairs(self, name: &str, value: &RawValue, to: &mut Pairs) {
        let set = if self.reserved { RESERVED_KEPT } else { ENCODED };
        let encode = |text: &str| utf8_percent_encode(text, set).to_string();
        let delimiter = match self.style {
            Style::Json => return to.push(&encoded(name), &encode(value.get())),
            Style::DeepObject => return deep(&encoded(name), value, &encode, to),
            Style::SpaceDelimited => "%20",
            Style::PipeDelimited => "%7C",
            _ => ",",
        };
        match Given::new(value) {
            Given::One(text) => to.push(&encoded(name), &encode(&text)),
            Given::List(items) if self.explode => {
                for item in items {
                    to.push(&encoded(name), &encode(&plain(item)));
                }
            }
            Given::List(items) if items.is_empty() => {}
            Given::List(items) => {
                let items: Vec<_> = items.into_iter().map(|item| encode(&plain(item))).collect();
                to.push(&encoded(name), &items.join(delimiter));
            }
            Given::Object(object) if self.explode => {
                for (member, value) in object.members {
                    to.push(&encoded(&member), &encode(&plain(value)));
                }
            }
            Given::Object(object) => {
                let members = object.members.iter();
                let parts = members.flat_map(|(name, value)| [encode(name), encode(&plain(value))]);
                let parts: Vec<_> = parts.collect();
                to.push(&encoded(name), &parts.join(delimiter));
            }
        }
    }
}

/// Writes members as `name[key]=a` and lists as `name[]=a`, as most servers read them.
fn deep(name: &str, value: &RawValue, encode: &impl Fn(&str) -> String, to: &mut Pairs) {
    match Given::new(value) {
        Given::One(text) => to.push(name, &encode(&text)),
        Given::List(items) => {
            for item in items {
                deep(&format!("{name}%5B%5D"), item, encode, to);
            }
        }
        Given::Object(object) => {
            for (member, value) in object.members {
                deep(&format!("{name}%5B{}%5D", encoded(&member)), value, encode, to);
            }
        }
    }
}

/// Encoded pairs of a query or a form.
#[derive(Default)]
pub(super) struct Pairs(pub(super) String);

impl Pairs {
    fn push(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(value);
    }
}

#[cfg(test)]
mod tests;
