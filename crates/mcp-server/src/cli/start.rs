//! `mcp-server start`

use std::net::TcpListener;
use std::sync::Arc;

use super::signals::order_to_stop;
use super::{Failure, REFUSED, config};
use crate::config::{Settings, Sources};
use crate::http;
use crate::mcp::McpServer;
use crate::service::{Machine, Service};

pub(super) fn run(sources: &Sources, machine: &Machine) -> Result<(), Failure> {
    let settings = config::load(sources)?;
    start_log(&settings);
    sources.warnings().iter().for_each(|line| log::warn!("{line}"));
    if settings.api_key.is_none() && !settings.is_loopback() {
        log::warn!(
            "ANYBODY WHO CAN REACH {} CAN READ AND CHANGE EVERYTHING: set MCP_API_KEY, or listen \
             on 127.0.0.1",
            settings.address()
        );
    }
    actix_web::rt::System::new().block_on(serve(settings, machine))
}

/// The server's own log goes to stderr.
pub(super) fn start_log(settings: &Settings) {
    env_logger::Builder::new()
        // The first tells of every worker, the second, as an error, of every request that is no
        // HTTP, the others of every message and what is in it: a stranger could fill the log. A
        // filter of their own names can ask for all of them.
        .filter_module("actix_server", log::LevelFilter::Warn)
        .filter_module("actix_http", log::LevelFilter::Off)
        .filter_module("rmcp", log::LevelFilter::Off)
        .filter_module("rmcp_actix_web", log::LevelFilter::Off)
        .filter_module("tracing", log::LevelFilter::Off)
        .parse_filters(&settings.log_level)
        .init();
}

async fn serve(settings: Settings, machine: &Machine) -> Result<(), Failure> {
    // First of all: an order to stop that comes during the start is not lost.
    let stop = order_to_stop()
        .map_err(|error| Failure::new(REFUSED, format!("cannot handle signals: {error}")))?;
    // Before the database: a second server on the same port must not touch it.
    let address = settings.address();
    let listener = TcpListener::bind(address)
        .map_err(|error| Failure::new(REFUSED, format!("cannot listen on {address}: {error}")))?;
    let bound = listener.local_addr().unwrap_or(address);
    let service =
        Arc::new(Service::start(&settings, machine).map_err(|error| Failure::new(REFUSED, error))?);
    let mcp = McpServer::new(Arc::clone(&service), &settings);
    log::info!("listening on http://{bound}");
    let served = http::serve(listener, &settings, mcp, stop).await;
    let closed = service.close().await;
    served.map_err(|error| Failure::new(REFUSED, format!("the server failed: {error}")))?;
    closed.map_err(|error| Failure::new(REFUSED, format!("closing the database: {error}")))?;
    log::info!("stopped");
    Ok(())
}
