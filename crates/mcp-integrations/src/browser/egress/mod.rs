//! The way out: every connection of a browser goes through a proxy in this process.
//!
//! Each browser has a listener of its own, so that what was refused is known to be its own, and so
//! that its connections end with it.
//!
//! Invariant: the proxy serves its browser's user alone. `MCP_BROWSER_ALLOWED_HOSTS` can open hosts
//! that other users of the machine cannot reach.

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

use forward::{Connection, Shared};
use gate::Gate;
pub(super) use gate::{Fault, Rules, Target};
use metered::Meter;
pub(super) use peer::Client;

/// How many connections of one browser are open at once; more wait.
const CONNECTIONS: usize = 256;

/// The proxy of one browser. Dropping it ends every connection.
pub(super) struct Egress {
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    address: SocketAddr,
    _over: watch::Sender<()>,
}

impl Egress {
    /// Starts a proxy at an address of this machine that its client, the browser, can reach.
    pub(super) async fn start(rules: Arc<Rules>, own: IpAddr, client: Client) -> io::Result<Self> {
        let listener = TcpListener::bind((own, 0)).await?;
        let address = listener.local_addr()?;
        let gate = Arc::new(Gate::new(rules));
        let (sender, over) = watch::channel(());
        let meter = Arc::<Meter>::default();
        let shared = Shared { gate: Arc::clone(&gate), meter: Arc::clone(&meter), over };
        tokio::spawn(accept(listener, client, shared));
        Ok(Self { gate, meter, address, _over: sender })
    }

    /// Where the browser finds it.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether no connection is open, so that nothing more comes.
    pub(super) fn is_quiet(&self) -> bool {
        self.meter.open() == 0
    }

    /// Why the last connection to this target was not made.
    pub(super) fn fault(&self, target: &Target) -> Option<Fault> {
        self.gate.fault(target)
    }
}

async fn accept(listener: TcpListener, client: Client, shared: Shared) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut over = shared.over.clone();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let stream: TcpStream = tokio::select! {
            _ = over.changed() => return,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // No file descriptor is left: wait for one.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                stream
            }
        };
        let connection = Connection { shared: shared.clone(), place: Arc::new(place) };
        tokio::spawn(async move {
            match client.owns(&stream).await {
                Ok(true) => connection.serve(stream).await,
                Ok(false) => log::debug!("browser: closed another user's connection to the proxy"),
                Err(error) => {
                    log::error!("browser: cannot read who connects to the proxy: {error}");
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
