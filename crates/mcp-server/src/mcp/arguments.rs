//! The arguments of a tool as their client wrote them. rmcp reads them into JSON values, which hold
//! no integer beyond 64 bits; what is stored is kept byte for byte.

use mcp_core::json::RawObject;
use rmcp::model::{Extensions, JsonObject};
use serde_json::value::RawValue;

/// The text of the arguments that stand in a message.
#[derive(Clone, Debug)]
pub(super) struct RawArguments(Box<RawValue>);

impl RawArguments {
    /// Those of a message; none where it has none, or more than one.
    pub(super) fn of(message: &str) -> Option<Self> {
        let params = only(message, "params")?;
        only(params.get(), "arguments").map(Self)
    }
}

fn only(text: &str, name: &str) -> Option<Box<RawValue>> {
    let object = RawObject::parse(text).ok()?;
    let mut found = object.members.iter().filter(|(member, _)| member == name);
    let value = found.next()?.1;
    found.next().is_none().then(|| value.to_owned())
}

/// The text of a call's arguments, an object: as it came where that is known, otherwise as it was
/// read.
pub(super) fn text(extensions: &Extensions, read: &JsonObject) -> Box<RawValue> {
    let came = super::http::noted::<RawArguments>(extensions);
    let came = came.map(|arguments| arguments.0).filter(|text| text.get().starts_with('{'));
    came.unwrap_or_else(|| {
        serde_json::value::to_raw_value(read).expect("what was read as JSON is written as JSON")
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_found_where_they_stand_once() {
        let message = r#"{"id":1,"params":{"name":"x","arguments":{"a": 1.10}},"method":"y"}"#;
        assert_eq!(RawArguments::of(message).unwrap().0.get(), r#"{"a": 1.10}"#);
        for none in ["[]", "{}", r#"{"params":{}}"#, r#"{"params":[1]}"#, "not json"] {
            assert!(RawArguments::of(none).is_none(), "{none}");
        }
        assert!(RawArguments::of(r#"{"params":{"arguments":{},"arguments":{"a":1}}}"#).is_none());
    }
}
