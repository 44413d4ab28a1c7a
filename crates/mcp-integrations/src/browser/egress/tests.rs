//! Tests of the gate in a network namespace.

use std::io;
use std::process::Command;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::gate::{ConnectError, Gate, Rules, Target};
use super::routes::is_near;
use crate::resolve::{Addresses, Resolve, SystemResolver};
use crate::tests::namespace::{self, OWN};

/// Networks of this machine, a router that leads to others, and a tunnel for all traffic.
const NETWORKS: &str = "
    ip address add 45.33.33.1/24 dev lo
    ip address add 2600:3c01::1/64 dev lo
    ip route add local 45.33.35.0/24 dev lo
    ip -6 route add local 2600:3c02::/64 dev lo
    ip route add default dev lo
    ip -6 route add default dev lo
    ip -6 route add 2000::/3 dev lo";

/// Resolves each name to this machine.
struct Inward;

impl Resolve for Inward {
    fn resolve(&self, _: &str) -> Addresses {
        Box::pin(async { Ok(vec![[8, 8, 8, 8].into(), OWN.parse().map_err(io::Error::other)?]) })
    }
}

fn gate(allowed: &[&str], resolver: impl Resolve) -> Gate {
    let allowed = allowed.iter().map(|entry| entry.parse().expect(entry)).collect();
    Gate::new(Arc::new(Rules { allowed, resolver: Arc::new(resolver) }))
}

#[tokio::test]
async fn the_machines_own_addresses_are_not_the_internet() {
    let test = "the_machines_own_addresses_are_not_the_internet";
    if !namespace::enter(module_path!(), test, NETWORKS) {
        return;
    }
    let service = TcpListener::bind((OWN, 0)).await.expect("a port");
    let port = service.local_addr().expect("an address").port();
    let refused = gate(&[], Inward);
    for host in [
        OWN,                     // an interface's
        "[64:ff9b::45.33.32.1]", // the same behind a NAT64 translator
        "45.33.33.7",            // of a network on loopback
        "45.33.35.7",            // of a local route
        "[2600:3c01::1]",        // an interface's
        "[2600:3c01::2]",        // a neighbour's
        "[2600:3c02::7]",        // of a local route
        "own.example",           // a name that has it besides another
    ] {
        let target = Target::new(host, port).expect(host);
        assert_eq!(refused.connect(&target).await.err(), Some(ConnectError::Forbidden), "{host}");
    }
    for elsewhere in ["8.8.8.8", "45.33.36.1", "2606:4700::1111", "2600:3c03::1"] {
        assert!(!is_near(elsewhere.parse().expect(elsewhere)).expect("an answer"), "{elsewhere}");
    }
    // An interface may get an address at any time.
    let added = Command::new("ip").args(["address", "add", "45.33.36.1/32", "dev", "lo"]).status();
    assert!(added.expect("ip").success());
    let target = Target::new("45.33.36.1", port).expect("a target");
    assert_eq!(refused.connect(&target).await.err(), Some(ConnectError::Forbidden));

    let opened = gate(&[OWN], Inward);
    opened.connect(&Target::new(OWN, port).expect("a target")).await.expect("a connection");
    service.accept().await.expect("the only connection");
}

#[test]
fn names_without_an_answer_delay_no_other() {
    let test = "names_without_an_answer_delay_no_other";
    if !namespace::enter(module_path!(), test, namespace::NAMES) {
        return;
    }
    namespace::serve_names();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(8)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let service = TcpListener::bind((OWN, 0)).await.expect("a port");
        let port = service.local_addr().expect("an address").port();
        let stuck = Arc::new(gate(&["*.example"], SystemResolver));
        let mut pending = tokio::task::JoinSet::new();
        for at in 0..64 {
            let stuck = Arc::clone(&stuck);
            let target = Target::new(&format!("stuck{at}.example"), port).expect("a target");
            pending.spawn(async move { stuck.connect(&target).await.err() });
        }
        tokio::task::yield_now().await;

        let other = gate(&["*.example", "quick"], SystemResolver);
        // The second name needs the search domain.
        for host in ["quick.example", "quick"] {
            let target = Target::new(host, port).expect(host);
            other.connect(&target).await.unwrap_or_else(|fault| panic!("{host}: {fault:?}"));
        }
        for host in ["listed.example", "listed"] {
            let found = SystemResolver.resolve(host).await.expect(host);
            assert_eq!(found, ["10.1.2.3".parse::<std::net::IpAddr>().expect("an address")]);
        }
        let unknown = Target::new("unknown.example", port).expect("a target");
        assert_eq!(other.connect(&unknown).await.err(), Some(ConnectError::Unresolved));
        assert_eq!(pending.len(), 64);
        assert!(pending.try_join_next().is_none(), "they still wait");
        pending.shutdown().await;
    });
}
