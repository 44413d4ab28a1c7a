//! The server with the fixtures of the Model Context Protocol's conformance suite, against which
//! `scripts/conformance` runs. It adds them through the public API, as any program that embeds the server
//! can.

mod prompts;
mod resources;
mod tools;

use std::net::TcpListener;
use std::sync::Arc;

use mcp_server::config::{Settings, Sources};
use mcp_server::http;
use mcp_server::mcp::McpServer;
use mcp_server::service::{Machine, Service};

const SETTINGS: [(&str, &str); 5] = [
    ("MCP_PORT", "0"),
    ("MCP_RATE_LIMIT", "off"),
    ("MCP_SESSIONS", "on"),
    ("MCP_TOOLS", "all"),
    ("DATABASE_URL", "sqlite::memory:"),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = SETTINGS.map(|(name, value)| (name.into(), value.into())).into();
    let settings = Settings::load(&Sources { environment, ..Sources::default() })?;
    actix_web::rt::System::new().block_on(async {
        let listener = TcpListener::bind(settings.address())?;
        let service = Service::start_with(&settings, &Machine::default(), tools::register)?;
        let service = Arc::new(service);
        let mcp = McpServer::new(Arc::clone(&service), &settings)
            .with_resources(resources::Fixtures)
            .with_prompt(prompts::Simple)
            .with_prompt(prompts::WithArguments)
            .with_prompt(prompts::WithResource)
            .with_prompt(prompts::WithImage);
        println!("listening on http://{}", listener.local_addr()?);
        http::serve(listener, &settings, mcp, std::future::pending()).await?;
        service.close().await?;
        Ok(())
    })
}
