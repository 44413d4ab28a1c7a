//! The way out: every connection of a browser goes through a proxy in this process.
//!
//! Each browser has a listener of its own, so that what was refused is known to be its own, and so
//! that its connections end with it. The listener takes connections from the browser's machine
//! alone. It needs no secret: it opens nothing that a program on that machine could not open.

mod addresses;
mod forward;
mod gate;
mod metered;
mod resolve;

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
pub use resolve::{Addresses, Resolve, SystemResolver};

/// How many connections of one browser are open at once; more wait.
const CONNECTIONS: usize = 256;

/// The proxy of one browser. Dropping it ends every connection.
pub(super) struct Egress {
    gate: Arc<Gate>,
    meter: Arc<Meter>,
    address: SocketAddr,
    /// A change ends every connection, and those to come at once.
    over: watch::Sender<()>,
}

impl Egress {
    /// A proxy that listens where the browser can reach it: `own` is an address of this machine,
    /// `browser` the address of the machine with the browser.
    pub(super) async fn start(rules: Arc<Rules>, own: IpAddr, browser: IpAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((own, 0)).await?;
        let address = listener.local_addr()?;
        let gate = Arc::new(Gate::new(rules));
        let (sender, over) = watch::channel(());
        let meter = Arc::<Meter>::default();
        let shared = Shared { gate: Arc::clone(&gate), meter: Arc::clone(&meter), over };
        tokio::spawn(accept(listener, browser, shared));
        Ok(Self { gate, meter, address, over: sender })
    }

    /// Where the browser finds it.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many bytes the browser received.
    pub(super) fn received(&self) -> u64 {
        self.meter.received()
    }

    /// Ends every connection, and refuses new ones.
    pub(super) fn cut(&self) {
        self.over.send_replace(());
    }

    /// Why the last connection to this target was not made.
    pub(super) fn fault(&self, target: &Target) -> Option<Fault> {
        self.gate.fault(target)
    }
}

async fn accept(listener: TcpListener, browser: IpAddr, shared: Shared) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut over = shared.over.clone();
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let stream: TcpStream = tokio::select! {
            changed = over.changed() => match changed {
                // Connections that come now see the change, and end.
                Ok(()) => continue,
                Err(_) => return,
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if peer.ip() == browser => stream,
                Ok(_) => continue,
                // No file descriptor is left: wait for one.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let connection = Connection { shared: shared.clone(), place: Arc::new(place) };
        tokio::spawn(connection.serve(stream));
    }
}
