//! Decides where a connection may go, and makes it.
//!
//! Invariant: a name is looked up once, every address of it is checked, and the connection goes to
//! an address that was checked. What the name resolves to later is of no importance.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::addresses::{is_public, translated};
use super::routes::is_near;
use crate::browser::AllowedHost;
use crate::resolve::Resolve;

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(5);
/// How many addresses of a name are tried.
const TRIES: usize = 4;
/// How many faults of a browser are remembered.
const REMEMBERED: usize = 1024;

/// Why a connection was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum Fault {
    /// It may not be made.
    Forbidden,
    /// The name has no address.
    Unresolved,
    /// None of the addresses answered.
    Unreachable,
}

/// A host and a port, spelt as the WHATWG URL Standard serializes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::browser) struct Target {
    pub(in crate::browser) host: String,
    pub(in crate::browser) port: u16,
}

impl Target {
    /// The target of an address with a host.
    pub(in crate::browser) fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }

    /// From a host in any spelling: the URL parser knows them all.
    pub(super) fn new(host: &str, port: u16) -> Option<Self> {
        let url = Url::parse(&format!("http://{host}/")).ok()?;
        Some(Self { host: url.host_str()?.to_owned(), port })
    }

    /// The host without the dot at the end of a fully qualified name.
    fn name(&self) -> &str {
        self.host.trim_end_matches('.')
    }

    fn address(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

/// What all browsers of an engine have in common.
pub(in crate::browser) struct Rules {
    pub(in crate::browser) allowed: Vec<AllowedHost>,
    pub(in crate::browser) resolver: Arc<dyn Resolve>,
}

impl Rules {
    /// Returns `Forbidden` if the host is this machine's name, or an address that may not be opened.
    /// Other names are looked up and checked for each connection.
    pub(in crate::browser) fn check(&self, target: &Target) -> Result<(), Fault> {
        if self.opens(target) {
            return Ok(());
        }
        // This machine, whatever a resolver says (RFC 6761, section 6.3).
        let name = target.name();
        if name == "localhost" || name.ends_with(".localhost") {
            return Err(Fault::Forbidden);
        }
        target.address().map_or(Ok(()), check)
    }

    /// Whether the operator allowed this target.
    fn opens(&self, target: &Target) -> bool {
        self.allowed.iter().any(|entry| entry.opens(&target.host, target.port))
    }
}

/// The gate of one browser, with what it refused.
pub(super) struct Gate {
    rules: Arc<Rules>,
    faults: Mutex<VecDeque<(Target, Fault)>>,
}

impl Gate {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self { rules, faults: Mutex::default() }
    }

    /// A connection to the target.
    pub(super) async fn connect(&self, target: &Target) -> Result<TcpStream, Fault> {
        let connected = self.try_connect(target).await;
        match connected {
            // What fails after this has another cause.
            Ok(_) => self.forget(target),
            Err(fault) => {
                log::debug!("browser: {}:{} {fault:?}", target.host, target.port);
                self.remember(target, fault);
            }
        }
        connected
    }

    /// The last fault of this target.
    pub(super) fn fault(&self, target: &Target) -> Option<Fault> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().rev().find(|(known, _)| known == target).map(|(_, fault)| *fault)
    }

    /// Remembers why there is no answer from this target.
    pub(super) fn remember(&self, target: &Target, fault: Fault) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.retain(|(known, _)| known != target);
        if faults.len() == REMEMBERED {
            faults.pop_front();
        }
        faults.push_back((target.clone(), fault));
    }

    fn forget(&self, target: &Target) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.retain(|(known, _)| known != target);
    }

    async fn try_connect(&self, target: &Target) -> Result<TcpStream, Fault> {
        for address in self.addresses(target).await?.into_iter().take(TRIES) {
            let socket = SocketAddr::new(address, target.port);
            if let Ok(Ok(stream)) = timeout(CONNECT, TcpStream::connect(socket)).await {
                return Ok(stream);
            }
        }
        Err(Fault::Unreachable)
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, Fault> {
        self.rules.resolver.resolve(name).await.map_err(|_| Fault::Unresolved)
    }

    /// Every address of the target, all of them checked.
    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Fault> {
        self.rules.check(target)?;
        let addresses = match target.address() {
            Some(address) => vec![address],
            None => self.resolve(target.name()).await?,
        };
        if !self.rules.opens(target) {
            for address in &addresses {
                check(*address)?;
            }
        }
        if addresses.is_empty() { Err(Fault::Unresolved) } else { Ok(addresses) }
    }
}

/// Returns `Forbidden` unless the address is on the public internet and leads away from here.
fn check(address: IpAddr) -> Result<(), Fault> {
    let behind = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => translated(address).map(IpAddr::V4),
    };
    if !is_public(address) {
        return Err(Fault::Forbidden);
    }
    for address in behind.into_iter().chain([address]) {
        let near = is_near(address).map_err(|error| {
            log::error!(
                "browser: cannot look up the route to a page: {error}; permit sockets of the family \
                 AF_NETLINK (systemd: RestrictAddressFamilies)"
            );
            Fault::Unreachable
        })?;
        if near {
            return Err(Fault::Forbidden);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::net::TcpListener;

    use super::*;
    use crate::resolve::Addresses;

    /// Knows no name the first time, and then says that each is this machine.
    #[derive(Default)]
    struct Late(AtomicBool);

    impl Resolve for Late {
        fn resolve(&self, _: &str) -> Addresses {
            let known = self.0.swap(true, Ordering::SeqCst);
            Box::pin(async move {
                if known { Ok(vec![[127, 0, 0, 1].into()]) } else { Err(io::Error::other("no")) }
            })
        }
    }

    #[tokio::test]
    async fn a_fault_is_remembered_until_a_connection_is_made() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let allowed = vec![format!("late.example:{port}").parse().expect("a host")];
        let gate = Gate::new(Arc::new(Rules { allowed, resolver: Arc::new(Late::default()) }));
        let late = Target::new("late.example", port).expect("a target");
        let other = Target::new("10.0.0.1", 80).expect("a target");
        gate.connect(&late).await.expect_err("no address");
        gate.connect(&other).await.expect_err("a private address");
        assert_eq!(gate.fault(&late), Some(Fault::Unresolved));
        gate.connect(&late).await.expect("a connection");
        assert_eq!(gate.fault(&late), None);
        assert_eq!(gate.fault(&other), Some(Fault::Forbidden));
    }
}
