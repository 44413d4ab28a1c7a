//! An MCP server with one tool, `echo`, that does as little else as possible: what a connection is
//! measured against.

use std::error::Error;
use std::io::{BufRead, Write};

use actix_web::http::header::ContentType;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};
use clap::Parser;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Echoes texts, over HTTP or standard streams.
#[derive(Parser)]
struct Arguments {
    /// The port of HTTP on 127.0.0.1; without it, the server uses its standard streams.
    #[arg(long)]
    port: Option<u16>,
    /// The number of tools. Each echoes.
    #[arg(long, default_value_t = 1)]
    tools: usize,
    /// Anything; it tells processes apart.
    #[arg(last = true)]
    mark: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let Some(port) = arguments.port else { return stdio(arguments.tools) };
    actix_web::rt::System::new().block_on(async move {
        let tools = arguments.tools;
        HttpServer::new(move || {
            App::new().route(
                "/mcp",
                web::post().to(move |body: Bytes| async move {
                    match answer(&body, tools) {
                        Some(text) => {
                            HttpResponse::Ok().content_type(ContentType::json()).body(text)
                        }
                        None => HttpResponse::Accepted().finish(),
                    }
                }),
            )
        })
        .workers(1)
        .bind(("127.0.0.1", port))?
        .run()
        .await
    })?;
    Ok(())
}

fn stdio(tools: usize) -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        if let Some(text) = answer(line?.as_bytes(), tools) {
            writeln!(output, "{text}")?;
            output.flush()?;
        }
    }
    Ok(())
}

/// Returns the response to a message; `None` for a notification.
fn answer(message: &[u8], tools: usize) -> Option<String> {
    let message: Value = serde_json::from_slice(message).ok()?;
    let id = message.get("id")?;
    let params = &message["params"];
    let result = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "echo", "version": "1"},
        }),
        "tools/list" => json!({ "tools": (0..tools).map(tool).collect::<Vec<_>>() }),
        "tools/call" => {
            json!({"content": [{"type": "text", "text": params["arguments"]["text"]}]})
        }
        "ping" => json!({}),
        method => {
            let error = json!({"code": -32601, "message": format!("unknown method {method:?}")});
            return Some(json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string());
        }
    };
    Some(json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
}

fn tool(number: usize) -> Value {
    let name = if number == 0 { "echo".to_owned() } else { format!("echo_{number}") };
    json!({
        "name": name,
        "description": "Returns a text as it is",
        "inputSchema": {
            "type": "object",
            "properties": {"text": {"type": "string", "description": "The text"}},
            "required": ["text"],
        },
        "annotations": {"readOnlyHint": true},
    })
}
