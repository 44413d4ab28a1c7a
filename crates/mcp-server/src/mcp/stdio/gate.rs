//! What a line passes before rmcp sees it: its length, its nesting, that it is a message, and that a
//! request comes first. A call gets the text of its arguments noted.
//!
//! rmcp passes over what it does not take, and its client waits for ever. Here the line gives way to a
//! request of the same id that is refused in words.

use std::io;

use mcp_core::json::{self, Problem};
use rmcp::model::{ClientJsonRpcMessage, RequestId};
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

use crate::mcp::arguments;
use crate::mcp::id::{self, IdScan};

/// The method of a request that stands for a refused line; `params.message` says why.
pub(in crate::mcp) const REFUSED: &str = "mcp-server/refused";

/// Hands lines on from a client to rmcp, until the client closes its side.
pub(super) async fn pass(
    client: impl AsyncRead + Unpin,
    mut server: impl AsyncWrite + Unpin,
    most: usize,
) -> io::Result<()> {
    let mut lines = BufReader::new(client);
    // What comes before the first request tells nobody anything, and would end rmcp.
    let mut has_begun = false;
    while let Some(line) = next(&mut lines, most).await? {
        let (text, id) = match line {
            Line::Whole(text) => {
                let id = id::of(&text);
                match problem(&text, id.is_some()) {
                    Some(problem) => (refused(id.as_ref(), &problem), id),
                    None => (Some(with_arguments(text)), id),
                }
            }
            Line::TooLong(id) => {
                let message = format!("The message has more than {most} bytes (MCP_BODY_LIMIT)");
                (refused(id.as_ref(), &message), id)
            }
        };
        has_begun |= id.is_some();
        if let Some(text) = text.filter(|_| has_begun) {
            server.write_all(&text).await?;
            server.flush().await?;
        }
    }
    Ok(())
}

enum Line {
    /// With its end.
    Whole(Vec<u8>),
    /// Only the id is left of it.
    TooLong(Option<RequestId>),
}

/// The next line; none behind the last whole one.
async fn next(
    lines: &mut BufReader<impl AsyncRead + Unpin>,
    most: usize,
) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut scan: Option<IdScan> = None;
    loop {
        let read = lines.fill_buf().await?;
        if read.is_empty() {
            return Ok(None);
        }
        let end = read.iter().position(|byte| *byte == b'\n');
        let part = &read[..end.map_or(read.len(), |at| at + 1)];
        if let Some(scan) = &mut scan {
            scan.see(part);
        } else {
            line.extend_from_slice(part);
            if line.len() > most {
                scan.insert(IdScan::default()).see(&std::mem::take(&mut line));
            }
        }
        let taken = part.len();
        lines.consume(taken);
        if end.is_some() {
            return Ok(Some(scan.map_or(Line::Whole(line), |scan| Line::TooLong(scan.id()))));
        }
    }
}

/// A line that calls a tool, with the text of its arguments.
fn with_arguments(line: Vec<u8>) -> Vec<u8> {
    let noted = str::from_utf8(&line).ok().and_then(|text| {
        arguments::noted_in_meta(text.strip_prefix('\u{feff}').unwrap_or(text).trim())
    });
    noted.map_or(line, |text| format!("{text}\n").into_bytes())
}

/// Why a line is refused. What has no id is rmcp's to pass over, where it can be read at all.
fn problem(line: &[u8], has_id: bool) -> Option<String> {
    let Ok(text) = str::from_utf8(line) else {
        return Some("The message is not UTF-8".into());
    };
    // rmcp passes over it as well.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match json::check(text) {
        Ok(()) | Err(Problem::Syntax(_)) => {}
        Err(problem) => return Some(problem.to_string()),
    }
    if !has_id || serde_json::from_str::<ClientJsonRpcMessage>(text).is_ok() {
        return None;
    }
    Some(match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => "The message is none of JSON-RPC 2.0".into(),
        Err(error) => format!("The message is not JSON: {error}"),
    })
}

/// The request that stands for a line; none where nobody waits for an answer.
fn refused(id: Option<&RequestId>, message: &str) -> Option<Vec<u8>> {
    log::warn!("a message on stdin is refused: {message}");
    let request = json!({
        "jsonrpc": "2.0",
        "id": id?,
        "method": REFUSED,
        "params": { "message": message },
    });
    Some(format!("{request}\n").into_bytes())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    async fn passed(lines: &str) -> Vec<String> {
        let mut out = Vec::new();
        pass(lines.as_bytes(), &mut out, 200).await.unwrap();
        String::from_utf8(out).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    #[tokio::test]
    async fn what_is_refused_gives_way_to_a_request_that_says_why() {
        let (long, deep) = ("x".repeat(300), format!("{}{}", "[".repeat(60), "]".repeat(60)));
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let lines = [
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
            ping.to_owned(),
            format!(r#"{{"params":{{"id":7,"x":"\"{long}"}},"id":"a\"b"}}"#),
            format!(r#"{{"params":"{long}","method":"notifications/x"}}"#),
            "not json".to_owned(),
            format!(r#"{{"jsonrpc":"2.0","id":-3,"method":"x","params":{{"a":{deep}}}}}"#),
            ping.to_owned(),
            "without an end".to_owned(),
        ];
        let found = passed(&lines.join("\n")).await;
        assert_eq!(found.len(), 5, "{found:#?}");
        assert_eq!((found[0].as_str(), found[4].as_str()), (ping, ping));
        assert!(found[1].contains(r#""id":"a\"b""#) && found[1].contains("more than 200 bytes"));
        assert_eq!(found[2], "not json");
        assert!(found[3].contains(&deep), "it is within the bound");
    }

    #[tokio::test]
    async fn what_is_no_message_is_refused_with_its_id() {
        for (line, message) in [
            (&br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}"#[..], "none of JSON-RPC"),
            (br#"{"jsonrpc":"2.0","id":5,"method":5}"#, "none of JSON-RPC"),
            (br#"{"id":5,"method":"ping"}"#, "none of JSON-RPC"),
            (br#"{"jsonrpc":"2.0","id":5,"method":"ping","params":{"x":"#, "not JSON: EOF"),
            (b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"p\xff\"}", "not UTF-8"),
        ] {
            let mut out = Vec::new();
            pass([line, b"\n"].concat().as_slice(), &mut out, 1000).await.unwrap();
            let out: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!((&out["id"], &out["method"]), (&json!(5), &json!(REFUSED)), "{out}");
            assert!(out["params"]["message"].as_str().unwrap().contains(message), "{out}");
        }
        for line in [
            r#"{"jsonrpc":"2.0","id":5,"method":"x/unknown","params":{"a":1}}"#,
            "\u{feff}{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}",
            r#"{"jsonrpc":"2.0","id":5,"result":{"x":1}}"#,
            r#"{"jsonrpc":"2.0","id":5,"error":{"code":1,"message":"x"}}"#,
        ] {
            assert_eq!(passed(&format!("{line}\n")).await, [line]);
        }
    }

    #[tokio::test]
    async fn what_is_nested_too_deep_is_refused() {
        let deep = format!("{}{}", "[".repeat(140), "]".repeat(140));
        let mut out = Vec::new();
        let line = format!("{{\"id\":5,\"params\":{deep}}}\n");
        pass(line.as_bytes(), &mut out, 1000).await.unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.contains("\"id\":5") && out.contains("nested deeper"), "{out}");
    }
}
