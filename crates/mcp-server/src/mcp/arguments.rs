//! The arguments of a tool as their client wrote them. rmcp reads them into JSON values, which hold
//! no integer beyond 64 bits; what is stored is kept byte for byte.

use mcp_core::json::RawObject;
use rmcp::model::JsonObject;
use rmcp::service::{RequestContext, RoleServer};
use serde_json::value::{RawValue, to_raw_value};

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

/// The method of a message; none where it has none, or more than one.
pub(super) fn method_of(message: &str) -> Option<String> {
    serde_json::from_str(only(message, "method")?.get()).ok()
}

/// Where the text of the arguments stands in a call's `_meta`, for transports that can note it nowhere
/// else.
const META: &str = "mcp-server/arguments";

/// A call with the text of its arguments in its `_meta`; `None` for every other message.
pub(super) fn noted_in_meta(message: &str) -> Option<String> {
    let is_call = message.contains("tools/call") && method_of(message)? == "tools/call";
    let arguments = RawArguments::of(message).filter(|_| is_call)?;
    let text = to_raw_value(arguments.0.get()).ok()?;
    let params = only(message, "params")?;
    let meta = only(params.get(), "_meta");
    let meta = with_member(meta.as_ref().map_or("{}", |meta| meta.get()), META, &text)?;
    let params = with_member(params.get(), "_meta", &meta)?;
    Some(with_member(message, "params", &params)?.get().to_owned())
}

/// The text of an object with a member in place of those of its name.
fn with_member(object: &str, name: &str, value: &RawValue) -> Option<Box<RawValue>> {
    let mut object = RawObject::parse(object).ok()?;
    object.members.retain(|(known, _)| known != name);
    object.members.push((name.into(), value));
    to_raw_value(&object).ok()
}

fn only(text: &str, name: &str) -> Option<Box<RawValue>> {
    let object = RawObject::parse(text).ok()?;
    let mut found = object.members.iter().filter(|(member, _)| member == name);
    let value = found.next()?.1;
    found.next().is_none().then(|| value.to_owned())
}

/// The text of a call's arguments, an object: as it came where that is known, otherwise as it was
/// read.
pub(super) fn text(context: &RequestContext<RoleServer>, read: &JsonObject) -> Box<RawValue> {
    let noted = super::http::noted::<RawArguments>(&context.extensions).map(|it| it.0);
    let in_meta = context.meta.get(META).and_then(|text| text.as_str());
    let came = noted.or_else(|| RawValue::from_string(in_meta?.to_owned()).ok());
    came.filter(|text| text.get().starts_with('{'))
        .unwrap_or_else(|| to_raw_value(read).expect("what was read as JSON is written as JSON"))
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
    #[test]
    fn a_call_carries_the_text_of_its_arguments() {
        let message = r#"{"id":1,"method":"tools/call","params":{"name":"x","arguments":{"a": 1.10},"_meta":{"p":1}}}"#;
        let noted: serde_json::Value =
            serde_json::from_str(&noted_in_meta(message).unwrap()).unwrap();
        let params = &noted["params"];
        assert_eq!(
            (&noted["id"], &params["name"], &params["_meta"]["p"]),
            (&1.into(), &"x".into(), &1.into())
        );
        assert_eq!(params["_meta"][META], r#"{"a": 1.10}"#);
        for other in [
            r#"{"id":1,"method":"tools/call","params":{"name":"x"}}"#,
            r#"{"id":1,"method":"tools/call","params":{"name":"x","arguments":{},"_meta":5}}"#,
            r#"{"id":1,"method":"x","params":{"name":"tools/call","arguments":{}}}"#,
            "not json: tools/call",
        ] {
            assert_eq!(noted_in_meta(other), None, "{other}");
        }
    }
}
