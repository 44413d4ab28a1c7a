//! One segment of a URL's path that cannot become two, nor leave its place.

use mcp_core::action::params::not_given;
use schemars::{Schema, json_schema};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

/// What stands in no segment: it would end the segment, the path, or be decoded into what does.
/// A URL parser reads `\` as `/` (WHATWG URL Standard, "path state").
const REFUSED: &[char] = &['/', '\\', '%', '?', '#'];

/// The longest segment, in characters.
const LONGEST: usize = 255;

/// What a segment is, in a refusal's words.
const EXPECTED: &str = "at most 255 characters without / \\ .. % ? # and control characters";

/// Reads a segment. The empty text counts as not given.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(not_given());
    }
    let stays = text != "."
        && !text.contains("..")
        && !text.contains(|c: char| c.is_control() || REFUSED.contains(&c))
        && text.chars().count() <= LONGEST;
    if stays {
        Ok(text)
    } else {
        Err(D::Error::invalid_value(Unexpected::Other("a text"), &EXPECTED))
    }
}

/// The schema of a segment.
pub(crate) fn schema() -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST,
        // Without the control characters, which not every dialect of patterns can name.
        "pattern": r"^[^/\\%?#]+$",
    })
}

/// A named type of path segment: `Deserialize` and `JsonSchema` as above.
macro_rules! path_segment {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text, safe as one segment of a path.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::path_segment::read(deserializer).map(Self)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::path_segment::schema()
            }
        }
    };
}
pub(crate) use path_segment;
