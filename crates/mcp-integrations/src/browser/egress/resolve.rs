//! Port: from a host's name to its addresses.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

/// How long a look-up may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The addresses of a name, or why there are none.
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up. It is asked once for each connection.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of this name.
    fn resolve(&self, name: &str) -> Addresses;
}

/// As the machine looks names up.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Addresses {
        let name = name.to_owned();
        Box::pin(async move {
            let found = timeout(PATIENCE, tokio::net::lookup_host((name, 0))).await??;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}
