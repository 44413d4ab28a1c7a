//! The check whether an address is on the public internet.
//!
//! It follows IANA's special-purpose address registries (RFC 6890 and its updates): addresses that
//! are not globally reachable are not public. An address that stands for another is public if the
//! other is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};

/// IPv4 networks that are not public.
const NOT_PUBLIC_V4: &[&str] = &[
    "0.0.0.0/8",        // this network
    "10.0.0.0/8",       // private
    "100.64.0.0/10",    // shared by a carrier's customers (RFC 6598)
    "127.0.0.0/8",      // loopback
    "168.63.129.16/32", // Azure's platform, as its virtual machines see it
    "169.254.0.0/16",   // link-local, with the metadata services of clouds
    "172.16.0.0/12",    // private
    "192.0.0.0/24",     // protocol assignments
    "192.0.2.0/24",     // documentation
    "192.88.99.0/24",   // 6to4 relays (RFC 7526)
    "192.168.0.0/16",   // private
    "198.18.0.0/15",    // benchmarking
    "198.51.100.0/24",  // documentation
    "203.0.113.0/24",   // documentation
    "224.0.0.0/4",      // multicast
    "240.0.0.0/4",      // reserved, and broadcast
];

/// The IPv6 network that contains all public addresses: global unicast (RFC 4291, section 2.4).
const GLOBAL_UNICAST: &str = "2000::/3";

/// IPv6 networks in it that are not public.
const NOT_PUBLIC_V6: &[&str] = &[
    "2001::/23",     // protocol assignments: Teredo, benchmarking, ORCHID and others
    "2001:db8::/32", // documentation
    "2002::/16",     // 6to4, which stands for an IPv4 address
    "3fff::/20",     // documentation (RFC 9637)
];

/// The prefix under which a NAT64 translator shows IPv4 addresses (RFC 6052, section 2.1).
const NAT64: &str = "64:ff9b::/96";

struct Networks {
    v4: Vec<Ipv4Net>,
    v6: Vec<Ipv6Net>,
    global: Ipv6Net,
    nat64: Ipv6Net,
}

static NETWORKS: LazyLock<Networks> = LazyLock::new(|| {
    let v6 = |text: &str| text.parse().expect("a network of the table");
    Networks {
        v4: NOT_PUBLIC_V4
            .iter()
            .map(|text| text.parse().expect("a network of the table"))
            .collect(),
        v6: NOT_PUBLIC_V6.iter().map(|text| v6(text)).collect(),
        global: v6(GLOBAL_UNICAST),
        nat64: v6(NAT64),
    }
});

/// Returns whether the address is on the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NETWORKS.v4.iter().any(|network| network.contains(&address))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(address) = translated(address) {
        return is_public_v4(address);
    }
    NETWORKS.global.contains(&address)
        && !NETWORKS.v6.iter().any(|network| network.contains(&address))
}

/// Returns the IPv4 address that a NAT64 translator connects to for this one.
pub(super) fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    NETWORKS.nat64.contains(&address).then(|| Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_public(public.parse().expect(public)), "{public}");
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(other.parse().expect(other)), "{other}");
        }
    }
}
