//! The protocol over stdio: one client, which started this process and ends it by closing stdin.

pub(super) mod gate;

use std::future::Future;
use std::io;
use std::sync::Arc;

use rmcp::service::{RoleServer, serve_server_with_ct};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::io::stdio_pipes;

use super::Face;
use super::handler::Handler;
use crate::config::Settings;
use crate::service::Service;

/// How many bytes wait between the gate and rmcp.
const BUFFERED: usize = 64 * 1024;

/// Serves stdin and stdout until the client closes them, or `stop` is ready.
///
/// # Errors
/// When the client speaks something else.
pub(crate) async fn serve(
    settings: &Settings,
    service: Arc<Service>,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let face = Arc::new(Face::new(service, settings));
    let end = face.stop.clone();
    let (reader, writer) = stdio_pipes();
    let (checked, lines) = tokio::io::duplex(BUFFERED);
    let transport = AsyncRwTransport::<RoleServer, _, _>::new(checked, writer)
        // The gate has measured it, or has written it itself.
        .with_max_line_length(usize::MAX);
    let gate = async {
        if let Err(error) = gate::pass(reader, lines, settings.body_limit).await {
            log::warn!("stdin ends: {error}");
        }
        // It has let go of rmcp's side, by which that ends.
        std::future::pending::<()>().await;
    };
    let served = async {
        let running = serve_server_with_ct(Handler::new(face, true), transport, end.clone()).await;
        let running = running.map_err(io::Error::other)?;
        running.waiting().await.map(|_| ()).map_err(io::Error::other)
    };
    tokio::select! {
        served = served => served,
        () = gate => Ok(()),
        () = stop => {
            end.cancel();
            Ok(())
        }
    }
}
