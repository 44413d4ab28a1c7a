//! The check of a connection's target, and the connection.
//!
//! Invariant: a name is resolved once per connection, all its addresses are checked, and the
//! connection goes to one of these addresses. Later answers of the resolver do not matter.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::addresses::{is_public, translated};
use super::routes::is_near;
use crate::browser::AllowedHost;
use crate::resolve::Resolve;

/// The timeout of a connection attempt to one address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of addresses that are tried per connection.
const MAX_ADDRESSES: usize = 4;
/// The maximum number of remembered errors per browser.
const MAX_ERRORS: usize = 1024;

/// The reason for a missing connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::browser) enum ConnectError {
    /// The target is not allowed.
    Forbidden,
    /// The name has no address.
    Unresolved,
    /// None of the addresses answered.
    Unreachable,
}

/// A host and a port, spelled as the WHATWG URL Standard serializes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::browser) struct Target {
    pub(in crate::browser) host: String,
    pub(in crate::browser) port: u16,
}

impl Target {
    /// Returns the target of a URL, if it has a host.
    pub(in crate::browser) fn of(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }

    /// Creates a target from a host in any spelling: the URL parser knows them all.
    pub(super) fn new(host: &str, port: u16) -> Option<Self> {
        let url = Url::parse(&format!("http://{host}/")).ok()?;
        Some(Self { host: url.host_str()?.to_owned(), port })
    }

    /// Returns the host without the trailing dot of a fully qualified name.
    fn name(&self) -> &str {
        self.host.trim_end_matches('.')
    }

    fn address(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

/// The rules that all browsers of an engine share.
pub(in crate::browser) struct Rules {
    pub(in crate::browser) allowed: Vec<AllowedHost>,
    pub(in crate::browser) resolver: Arc<dyn Resolve>,
}

impl Rules {
    /// Returns `Forbidden` if the host is a name of this machine, or an address that may not be
    /// opened. Other names are resolved and checked per connection.
    pub(in crate::browser) fn check(&self, target: &Target) -> Result<(), ConnectError> {
        if self.opens(target) {
            return Ok(());
        }
        // This machine, for every resolver (RFC 6761, section 6.3).
        let name = target.name();
        if name == "localhost" || name.ends_with(".localhost") {
            return Err(ConnectError::Forbidden);
        }
        target.address().map_or(Ok(()), check)
    }

    /// Returns whether the operator allowed this target.
    fn opens(&self, target: &Target) -> bool {
        self.allowed.iter().any(|entry| entry.opens(&target.host, target.port))
    }
}

/// The gate of one browser, with its recent errors.
pub(super) struct Gate {
    rules: Arc<Rules>,
    errors: Mutex<VecDeque<(Target, ConnectError)>>,
}

impl Gate {
    pub(super) fn new(rules: Arc<Rules>) -> Self {
        Self { rules, errors: Mutex::default() }
    }

    /// Connects to the target.
    pub(super) async fn connect(&self, target: &Target) -> Result<TcpStream, ConnectError> {
        let connected = self.try_connect(target).await;
        match connected {
            // A later failure has another cause.
            Ok(_) => self.errors.lock().retain(|(known, _)| known != target),
            Err(error) => {
                log::debug!("browser: {}:{} {error:?}", target.host, target.port);
                self.remember(target, error);
            }
        }
        connected
    }

    /// Returns the last error of this target.
    pub(super) fn error(&self, target: &Target) -> Option<ConnectError> {
        let errors = self.errors.lock();
        errors.iter().rev().find(|(known, _)| known == target).map(|(_, error)| *error)
    }

    /// Stores the error of this target.
    pub(super) fn remember(&self, target: &Target, error: ConnectError) {
        let mut errors = self.errors.lock();
        errors.retain(|(known, _)| known != target);
        if errors.len() == MAX_ERRORS {
            errors.pop_front();
        }
        errors.push_back((target.clone(), error));
    }

    async fn try_connect(&self, target: &Target) -> Result<TcpStream, ConnectError> {
        for address in self.addresses(target).await?.into_iter().take(MAX_ADDRESSES) {
            let socket = SocketAddr::new(address, target.port);
            if let Ok(Ok(stream)) = timeout(CONNECT_TIMEOUT, TcpStream::connect(socket)).await {
                return Ok(stream);
            }
        }
        Err(ConnectError::Unreachable)
    }

    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ConnectError> {
        self.rules.resolver.resolve(name).await.map_err(|_| ConnectError::Unresolved)
    }

    /// Returns the addresses of the target, after checking all of them.
    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, ConnectError> {
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
        if addresses.is_empty() { Err(ConnectError::Unresolved) } else { Ok(addresses) }
    }
}

/// Returns `Forbidden` unless the address is public and its route leads away from this machine.
fn check(address: IpAddr) -> Result<(), ConnectError> {
    let translated = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => translated(address).map(IpAddr::V4),
    };
    if !is_public(address) {
        return Err(ConnectError::Forbidden);
    }
    for address in translated.into_iter().chain([address]) {
        let near = is_near(address).map_err(|error| {
            log::error!(
                "browser: cannot look up the route to a page: {error}; permit sockets of the family \
                 AF_NETLINK (systemd: RestrictAddressFamilies)"
            );
            ConnectError::Unreachable
        })?;
        if near {
            return Err(ConnectError::Forbidden);
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

    /// Knows no name at first, and then resolves every name to this machine.
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
        assert_eq!(gate.error(&late), Some(ConnectError::Unresolved));
        gate.connect(&late).await.expect("a connection");
        assert_eq!(gate.error(&late), None);
        assert_eq!(gate.error(&other), Some(ConnectError::Forbidden));
    }
}
