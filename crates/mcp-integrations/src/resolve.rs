//! Name resolution: the port, and a resolver that follows the machine's configuration.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::config::{
    LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};
use parking_lot::Mutex;
use tokio::time::timeout;

/// The timeout of a lookup.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the configuration is used before it is read again.
const CONFIGURATION_TIME: Duration = Duration::from_secs(5);

/// A lookup in progress.
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves names. It is called once per connection.
pub trait Resolve: Send + Sync + 'static {
    /// Returns all addresses of the name. Dropping the future ends the lookup.
    fn resolve(&self, name: &str) -> Addresses;
}

/// Resolves names as the machine is configured: from `/etc/hosts`, then with the name servers and search
/// domains of `/etc/resolv.conf`.
///
/// Lookups share no connection, thread or limit, so that an unanswered one does not delay others.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Addresses {
        let name = Name::from_str_relaxed(name);
        Box::pin(async move {
            let name = name.map_err(io::Error::other)?;
            timeout(LOOKUP_TIMEOUT, Configuration::current().look_up(&name)).await?
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

/// The machine's configuration of name resolution.
struct Configuration {
    read: Instant,
    hosts: Hosts,
    servers: Vec<ResolverConfig>,
    options: ResolverOpts,
}

static CURRENT: Mutex<Option<Arc<Configuration>>> = parking_lot::const_mutex(None);

impl Configuration {
    /// Returns the configuration, which was read at most [`CONFIGURATION_TIME`] ago.
    fn current() -> Arc<Self> {
        let mut current = CURRENT.lock();
        match &*current {
            Some(known) if known.read.elapsed() < CONFIGURATION_TIME => Arc::clone(known),
            _ => Arc::clone(current.insert(Arc::new(Self::read()))),
        }
    }

    fn read() -> Self {
        let (config, mut options) = read_system_conf().unwrap_or_else(|error| {
            log::debug!("/etc/resolv.conf: {error}");
            // resolv.conf(5): the default name server is the local one.
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
        // In the order of resolv.conf(5): the first may know names that others do not.
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

    /// Returns the addresses in `/etc/hosts`.
    fn listed(&self, name: &Name) -> Vec<IpAddr> {
        let of_kind = |kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind));
        let found = [RecordType::A, RecordType::AAAA].into_iter().filter_map(of_kind);
        let answers = found.flat_map(|found| found.answers().to_vec());
        answers.filter_map(|record| record.data.ip_addr()).collect()
    }
}

/// Alternates between the address families: only a few addresses are tried, and one family may have no
/// route.
fn alternating(addresses: impl Iterator<Item = IpAddr>) -> Vec<IpAddr> {
    let (v4, v6): (Vec<_>, Vec<_>) = addresses.partition(IpAddr::is_ipv4);
    let ranked = |family: Vec<IpAddr>| family.into_iter().enumerate();
    let mut all: Vec<_> = ranked(v4).chain(ranked(v6)).collect();
    // The sort is stable, so IPv4 stays first.
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
