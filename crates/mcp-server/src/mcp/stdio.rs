//! The stdio transport: one client, which starts this process and ends it by closing stdin.

mod reader;

use std::future::{Future, pending};
use std::io;
use std::sync::Arc;

use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::service::{RoleServer, serve_server_with_ct};
use rmcp::transport::Transport;
use rmcp::transport::io::{StdioWriter, stdio_pipes};
use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{Mutex, mpsc};

use super::{Handler, McpServer};
use crate::config::Settings;

/// Serves stdin and stdout until the client closes them or `stop` completes.
///
/// # Errors
/// Returns an error if the client does not begin as the protocol says.
pub(crate) async fn serve(
    settings: &Settings,
    mcp: McpServer,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let end = mcp.stop.clone();
    let (input, output) = stdio_pipes();
    let output = Output::new(output);
    let (sender, messages) = mpsc::channel(1);
    let transport = Stdio { messages, output: output.clone() };
    let reading = async {
        if let Err(error) = reader::read(input, settings.body_limit, &output, sender).await {
            log::warn!("stdin ends: {error}");
        }
        // The sender is dropped: rmcp completes the calls in flight and ends.
        pending::<()>().await;
    };
    let serving = Box::pin(async {
        let handler = Handler::new(Arc::new(mcp), true);
        let running = serve_server_with_ct(handler, transport, end.clone()).await;
        running.map_err(io::Error::other)?.waiting().await.map_err(io::Error::other)
    });
    tokio::select! {
        served = serving => served.map(|_| ()),
        () = reading => Ok(()),
        () = stop => {
            end.cancel();
            Ok(())
        }
    }
}

/// Writes messages, one a line.
struct Output<W>(Arc<Mutex<W>>);

impl<W> Clone for Output<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: AsyncWrite + Unpin> Output<W> {
    fn new(writer: W) -> Self {
        Self(Arc::new(Mutex::new(writer)))
    }

    async fn write(&self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let mut writer = self.0.lock().await;
        writer.write_all(&line).await?;
        writer.flush().await
    }
}

/// Connects rmcp with the reader and with stdout.
struct Stdio {
    messages: mpsc::Receiver<ClientJsonRpcMessage>,
    output: Output<StdioWriter>,
}

impl Transport<RoleServer> for Stdio {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let output = self.output.clone();
        async move { output.write(&message).await }
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        self.messages.recv().await
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}
