//! Reads messages before rmcp does: rejects malformed ones, and keeps the members that rmcp drops.

use mcp_core::Caller;
use mcp_core::json::{self, Problem};
use rmcp::model::{ErrorCode, ErrorData, Extensions, RequestId};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::ToolSet;

/// The facts about a request that its transport passes to the handler, in the request's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestInfo {
    pub(crate) caller: Caller,
    /// The tools that the client chose.
    pub(crate) tools: Option<ToolSet>,
    /// The arguments of a tool call as the client wrote them. rmcp reads them into values, which change
    /// large integers and the spelling of numbers.
    pub(crate) arguments: Option<Box<RawValue>>,
}

impl RequestInfo {
    /// Returns the facts that the transport stored.
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get().or_else(|| {
            let head = extensions.get::<http::request::Parts>()?;
            head.extensions.get::<Extensions>()?.get()
        })
    }
}

/// The members of a message that decide how a transport treats it.
#[derive(Default, Deserialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct CallParams<'a> {
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Reads the members. Those of a malformed message, which rmcp rejects, are absent.
    pub(crate) fn read(message: &'a str) -> Self {
        serde_json::from_str(message).unwrap_or_default()
    }

    pub(crate) fn is(&self, method: &str) -> bool {
        self.method.as_deref() == Some(method)
    }

    /// Returns the arguments of a tool call.
    pub(crate) fn arguments(&self) -> Option<Box<RawValue>> {
        let params = self.params.filter(|_| self.is("tools/call"))?;
        let params: CallParams<'_> = serde_json::from_str(params.get()).ok()?;
        params.arguments.map(ToOwned::to_owned)
    }
}

/// Returns the text of a message.
///
/// # Errors
/// Returns the error response if the message is not UTF-8, or has a [`Problem`].
pub(crate) fn text(message: &[u8]) -> Result<&str, Value> {
    let text = str::from_utf8(message).map_err(|_| unreadable(message, "message is not UTF-8"))?;
    match json::check(text) {
        Ok(()) => Ok(text),
        Err(Problem::Syntax(error)) => {
            Err(unreadable(message, &format!("message is not JSON: {error}")))
        }
        Err(problem) => Err(unreadable(message, &problem.to_string())),
    }
}

/// Returns the error response to a message that is not read: an invalid request if it has an id, a
/// parse error otherwise.
pub(crate) fn unreadable(message: &[u8], reason: &str) -> Value {
    let id = id(message);
    let code = if id.is_some() { ErrorCode::INVALID_REQUEST } else { ErrorCode::PARSE_ERROR };
    error(id.as_ref(), code, reason)
}

/// Returns the error response to JSON that is not a message.
pub(crate) fn invalid(message: &[u8]) -> Value {
    error(id(message).as_ref(), ErrorCode::INVALID_REQUEST, "not a JSON-RPC 2.0 message")
}

/// JSON-RPC 2.0, section 5: without a known id, the id is null.
fn error(id: Option<&RequestId>, code: ErrorCode, reason: &str) -> Value {
    let error = ErrorData::new(code, reason.to_owned(), None);
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}

fn id(message: &[u8]) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Message {
        id: RequestId,
    }
    // serde would read the struct from an array, too.
    let message = message.trim_ascii_start();
    let parsed: Option<Message> = serde_json::from_slice(message).ok();
    parsed.filter(|_| message.starts_with(b"{")).map(|message| message.id)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn arguments_keep_their_bytes() {
        let call =
            r#"{"id":1,"params":{"arguments":{"a": 1.10},"name":"x"},"method":"tools/call"}"#;
        assert_eq!(Envelope::read(call).arguments().unwrap().get(), r#"{"a": 1.10}"#);
        for none in [
            "[]",
            "not json",
            r#"{"method":"tools/call"}"#,
            r#"{"method":"tools/call","params":{}}"#,
            r#"{"method":"prompts/get","params":{"arguments":{}}}"#,
            r#"{"method":"tools/call","params":{"arguments":{},"arguments":{"a":1}}}"#,
        ] {
            assert!(Envelope::read(none).arguments().is_none(), "{none}");
        }
    }

    #[test]
    fn an_error_has_the_id_of_its_message() {
        for (message, code, id) in [
            (&br#"{"params":{"id":1,"x":"\ud800"},"id":3}"#[..], -32600, json!(3)),
            (br#"{"id":"a\"b","params":"\ud800"}"#, -32600, json!("a\"b")),
            (b"{\"id\":5,\"method\":\"p\xff\"}", -32600, json!(5)),
            (br#"{"id":1.5,"x":"\ud800"}"#, -32700, json!(null)),
            (br#"{"id":null,"x":"\ud800"}"#, -32700, json!(null)),
            (br#"[{"id":1,"x":"\ud800"}]"#, -32700, json!(null)),
            (br#"[1,"\ud800"]"#, -32700, json!(null)),
            (br#"{"id":1,"x":"#, -32700, json!(null)),
            (br#"{"id":1,"x":1e999}"#, -32600, json!(1)),
        ] {
            let error = text(message).unwrap_err();
            assert_eq!((&error["error"]["code"], &error["id"]), (&json!(code), &id), "{error}");
        }
        assert_eq!(invalid(br#"{"id":7}"#)["id"], 7);
    }
}
