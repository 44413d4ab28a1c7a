//! `mcp-server stdio`

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::signals::{Hangup, stop_signal};
use super::start::start_log;
use super::{Environment, Failure, REFUSED, SettingsArgs, config};
use crate::config::{Settings, flag_help};
use crate::mcp::{McpServer, stdio};
use crate::service::{Machine, Service};

/// The time that a pending read of stdin may delay the end of the process.
const LAST_READ: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(super) struct StdioArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    #[arg(long, value_name = "SET", help = flag_help("tools"))]
    tools: Option<String>,
}

pub(super) fn run(args: StdioArgs, environment: &Environment) -> Result<(), Failure> {
    let mut sources = environment.sources(args.settings);
    sources.flags.extend(args.tools.map(|tools| ("tools", tools)));
    let settings = config::load(&sources)?;
    start_log(&settings);
    sources.warnings().iter().for_each(|line| log::warn!("{line}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(REFUSED, format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(serve(&settings, &environment.machine()));
    // A blocking read of stdin ends with the next byte only.
    runtime.shutdown_timeout(LAST_READ);
    outcome
}

async fn serve(settings: &Settings, machine: &Machine) -> Result<(), Failure> {
    let stop = stop_signal(Hangup::Stops)
        .map_err(|error| Failure::new(REFUSED, format!("cannot handle signals: {error}")))?;
    let service =
        Arc::new(Service::start(settings, machine).map_err(|error| Failure::new(REFUSED, error))?);
    service.connect(settings, machine).map_err(|error| Failure::new(REFUSED, error))?;
    let mcp = McpServer::new(Arc::clone(&service), settings);
    let served = stdio::serve(settings, mcp, stop).await;
    let closed = service.close().await;
    served.map_err(|error| {
        Failure::new(REFUSED, format!("the connection to the client failed: {error}"))
    })?;
    closed.map_err(|error| Failure::new(REFUSED, format!("closing the database: {error}")))
}
