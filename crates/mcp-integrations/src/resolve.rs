//! Port: from a host's name to its addresses.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};
use tokio::time::timeout;

/// How long a look-up may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the machine's configuration is used before it is read again.
const FRESH: Duration = Duration::from_secs(5);

/// Returns the addresses of a name, or why it has none.
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Looks names up. It is asked once for each connection.
pub trait Resolve: Send + Sync + 'static {
    /// Returns all addresses of the name. Dropping the future ends the look-up.
    fn resolve(&self, name: &str) -> Addresses;
}

/// Looks names up as the machine is configured: in `/etc/hosts`, then at the name servers of
/// `/etc/resolv.conf`, with its search domains.
///
/// Look-ups share no connection, thread or limit, so that one without an answer delays no other.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Addresses {
        let name = Name::from_str_relaxed(name);
        Box::pin(async move {
            let name = name.map_err(io::Error::other)?;
            timeout(TIMEOUT, Configuration::current().look_up(&name)).await?
        })
    }
}

impl reqwest::dns::Resolve for SystemResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let found = Resolve::resolve(self, name.as_str());
        Box::pin(async move {
            let addresses = found.await?.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}

/// How the machine looks names up.
struct Configuration {
    read: Instant,
    hosts: Hosts,
    servers: Vec<ResolverConfig>,
    options: ResolverOpts,
}

static CURRENT: Mutex<Option<Arc<Configuration>>> = Mutex::new(None);

impl Configuration {
    /// Returns the configuration as it was at most [`FRESH`] ago.
    fn current() -> Arc<Self> {
        let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(known) if known.read.elapsed() < FRESH => Arc::clone(known),
            _ => Arc::clone(current.insert(Arc::new(Self::read()))),
        }
    }

    fn read() -> Self {
        let (config, mut options) = read_system_conf().unwrap_or_else(|error| {
            log::debug!("/etc/resolv.conf: {error}");
            // resolv.conf(5): without a name server, the one of this machine is asked.
            let local = NameServerConfig::udp_and_tcp(Ipv4Addr::LOCALHOST.into());
            (ResolverConfig::from_name_servers(vec![local]), ResolverOpts::default())
        });
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.attempts = 0;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let (domain, search, servers) = config.into_parts();
        let alone =
            |server| ResolverConfig::from_parts(domain.clone(), search.clone(), vec![server]);
        Self {
            read: Instant::now(),
            hosts: Hosts::from_system().unwrap_or_default(),
            servers: servers.into_iter().map(alone).collect(),
            options,
        }
    }

    async fn look_up(&self, name: &Name) -> io::Result<Vec<IpAddr>> {
        let listed = self.listed(name);
        if !listed.is_empty() {
            return Ok(listed);
        }
        let mut failure = io::Error::from(io::ErrorKind::NotFound);
        // In their order, as resolv.conf(5) says: the first may know names that others do not.
        for server in &self.servers {
            let resolver =
                TokioResolver::builder_with_config(server.clone(), TokioRuntimeProvider::default())
                    .with_options(self.options.clone())
                    .build()
                    .map_err(io::Error::other)?;
            match resolver.lookup_ip(name.clone()).await {
                Ok(found) => return Ok(alternating(found.iter())),
                Err(error) if error.is_no_records_found() => return Err(io::Error::other(error)),
                Err(error) => failure = io::Error::other(error),
            }
        }
        Err(failure)
    }

    /// Returns the addresses that `/etc/hosts` has.
    fn listed(&self, name: &Name) -> Vec<IpAddr> {
        let of_kind = |kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind));
        let found = [RecordType::A, RecordType::AAAA].into_iter().filter_map(of_kind);
        let answers = found.flat_map(|found| found.answers().to_vec());
        answers.filter_map(|record| record.data.ip_addr()).collect()
    }
}

/// Sorts the first addresses of both families to the front: only a few are tried, and one family
/// may have no route.
fn alternating(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let (v4, v6): (Vec<_>, Vec<_>) = addresses.partition(IpAddr::is_ipv4);
    let ranked = |family: Vec<IpAddr>| family.into_iter().enumerate();
    let mut all: Vec<_> = ranked(v4).chain(ranked(v6)).collect();
    // Stable: IPv4 stays first.
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().map(|(_, address)| address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parse = |list: &[&str]| -> Vec<IpAddr> {
            list.iter().map(|text| text.parse().expect(text)).collect()
        };
        let given = parse(&["1.1.1.1", "1.1.1.2", "1.1.1.3", "2600::1", "2600::2"]);
        let sorted = parse(&["1.1.1.1", "2600::1", "1.1.1.2", "2600::2", "1.1.1.3"]);
        assert_eq!(alternating(given.into_iter()), sorted);
    }
}
