//! The proxy in this process through which every connection of a browser goes.
//!
//! Each browser has a listener of its own, so that a rejected connection is known to be its own,
//! and so that its connections end with it.
//!
//! Invariant: the proxy serves only the user of its browser. `MCP_BROWSER_ALLOWED_HOSTS` can open
//! hosts that other users of the machine cannot reach.

mod addresses;
mod forward;
mod gate;
mod metered;
mod peer;
mod routes;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use forward::{Connection, ProxyState};
use gate::Gate;
pub(super) use gate::{ConnectError, Rules, Target};
use metered::Meter;
pub(super) use peer::ProxyClient;

/// The maximum number of open connections per browser. More wait.
const MAX_CONNECTIONS: usize = 256;

/// The proxy of one browser. Dropping it ends every connection.
pub(super) struct Egress {
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    address: SocketAddr,
    /// A change ends every connection, also new ones.
    over: watch::Sender<()>,
}

impl Egress {
    /// Starts a proxy at an address of this machine that the browser can reach.
    pub(super) async fn start(
        rules: Arc<Rules>,
        own: IpAddr,
        client: ProxyClient,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((own, 0)).await?;
        let address = listener.local_addr()?;
        let gate = Arc::new(Gate::new(rules));
        let (sender, over) = watch::channel(());
        let meter = Arc::<Meter>::default();
        let shared = ProxyState { gate: Arc::clone(&gate), meter: Arc::clone(&meter), over };
        tokio::spawn(accept(listener, client, shared));
        Ok(Self { gate, meter, address, over: sender })
    }

    /// Returns the proxy's address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of bytes that the browser received.
    pub(super) fn received(&self) -> u64 {
        self.meter.received()
    }

    /// Ends every connection, and rejects new ones.
    pub(super) fn cut(&self) {
        self.over.send_replace(());
    }

    /// Returns the error of the last connection to this target.
    pub(super) fn error(&self, target: &Target) -> Option<ConnectError> {
        self.gate.error(target)
    }
}

async fn accept(listener: TcpListener, client: ProxyClient, shared: ProxyState) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut over = shared.over.clone();
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let stream: TcpStream = tokio::select! {
            changed = over.changed() => match changed {
                // Connections from now on notice the change, and end.
                Ok(()) => continue,
                Err(_) => return,
            },
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Wait for a free file descriptor.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                stream
            }
        };
        let connection = Connection { shared: shared.clone(), permit: Arc::new(permit) };
        tokio::spawn(async move {
            match client.owns(&stream).await {
                Ok(true) => connection.serve(stream).await,
                Ok(false) => log::debug!("browser: closed another user's connection to the proxy"),
                Err(error) => {
                    log::error!("browser: cannot identify a client of the proxy: {error}");
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
