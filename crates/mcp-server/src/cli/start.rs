//! `mcp-server start`

use std::net::TcpListener;
use std::sync::Arc;

use super::signals::{Hangup, Hangups, stop_signal};
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

/// Starts the server's own log, which goes to stderr.
pub(super) fn start_log(settings: &Settings) {
    env_logger::Builder::new()
        // These modules log every worker, malformed request or message: any client could fill the log.
        // A filter that names a module turns it on again.
        .filter_module("actix_server", log::LevelFilter::Warn)
        .filter_module("actix_http", log::LevelFilter::Off)
        .filter_module("rmcp", log::LevelFilter::Off)
        .filter_module("rmcp_actix_web", log::LevelFilter::Off)
        .filter_module("tracing", log::LevelFilter::Off)
        .parse_filters(&settings.log_level)
        .init();
}

async fn serve(settings: Settings, machine: &Machine) -> Result<(), Failure> {
    // First, so that a signal during the start is not lost.
    let hangup = if settings.connections.is_some() { Hangup::Reloads } else { Hangup::Stops };
    let stop = stop_signal(hangup)
        .map_err(|error| Failure::new(REFUSED, format!("cannot handle signals: {error}")))?;
    let hangups = (hangup == Hangup::Reloads).then(Hangups::new).transpose();
    let hangups = hangups
        .map_err(|error| Failure::new(REFUSED, format!("cannot handle signals: {error}")))?;
    // Before the database, which a second server on the same port must not open.
    let address = settings.address();
    let listener = TcpListener::bind(address)
        .map_err(|error| Failure::new(REFUSED, format!("cannot listen on {address}: {error}")))?;
    let bound = listener.local_addr().unwrap_or(address);
    let service =
        Arc::new(Service::start(&settings, machine).map_err(|error| Failure::new(REFUSED, error))?);
    service.connect(&settings, machine).map_err(|error| Failure::new(REFUSED, error))?;
    if let Some(hangups) = hangups {
        let service = Arc::clone(&service);
        hangups.on_each(move || drop(service.reload_connections()));
    }
    let mcp = McpServer::new(Arc::clone(&service), &settings);
    log::info!("listening on http://{bound}");
    let served = http::serve(listener, &settings, mcp, stop).await;
    let closed = service.close().await;
    served.map_err(|error| Failure::new(REFUSED, format!("the server failed: {error}")))?;
    closed.map_err(|error| Failure::new(REFUSED, format!("closing the database: {error}")))?;
    log::info!("stopped");
    Ok(())
}
