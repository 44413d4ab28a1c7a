//! The address of a request's client.
//!
//! Any client can send `X-Forwarded-For`. Only the entries from the right that trusted proxies wrote
//! count.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
/// The headers that a proxy adds to a request that it forwards.
const FORWARDING: [&str; 3] = [X_FORWARDED_FOR, "forwarded", "x-real-ip"];

/// Returns the client's address: the peer's, or if the peer is a trusted proxy, the right-most hop of
/// `X-Forwarded-For` that is not one.
///
/// A malformed entry ends the search at the hop to its right.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut nearest = peer.to_canonical();
    if !is_trusted(&nearest) {
        return nearest;
    }
    let lines = headers.get_all(X_FORWARDED_FOR).collect::<Vec<_>>();
    let entries = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
    for entry in entries.map(<[u8]>::trim_ascii).filter(|entry| !entry.is_empty()) {
        let Some(address) = hop(entry) else {
            break;
        };
        nearest = address;
        if !is_trusted(&address) {
            break;
        }
    }
    nearest
}

/// Parses an address, with or without a port: `1.2.3.4`, `1.2.3.4:567`, `::1`, `[::1]`, `[::1]:80`.
fn hop(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?;
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok();
    let address = entry.parse::<IpAddr>().ok();
    let address = address.or_else(|| entry.parse::<SocketAddr>().ok().map(|it| it.ip()));
    address.or_else(|| bracketed().map(IpAddr::V6)).map(|it| it.to_canonical())
}

/// Returns whether the client is on this machine: it has a loopback address and forwards no other
/// client. `client` is the request's [`client_address`].
///
/// An untrusted proxy on this machine does not count: its clients are unknown.
pub(crate) fn is_local(
    peer: IpAddr,
    client: IpAddr,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> bool {
    let peer = peer.to_canonical();
    let is_trusted = || trusted.iter().any(|net| net.contains(&peer));
    let forwards = || FORWARDING.iter().any(|name| headers.contains_key(*name));
    peer.is_loopback() && client.is_loopback() && (!forwards() || is_trusted())
}

/// Returns the address that a client is counted by: IPv4, or the /64 of IPv6. One customer has at least
/// a /64 and may use all of its addresses (RFC 6177).
pub(crate) fn rate_key(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(peer: &str, lines: &[&str]) -> String {
        let trusted: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8", "::1/128"].map(|net| net.parse().unwrap()).to_vec();
        let request = lines.iter().fold(TestRequest::default(), |request, line| {
            request.append_header((X_FORWARDED_FOR, *line))
        });
        let request = request.to_http_request();
        client_address(peer.parse().unwrap(), request.headers(), &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(client("::ffff:203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
    }

    #[test]
    fn the_right_most_untrusted_hop_counts() {
        for (lines, wanted) in [
            (&[][..], "10.0.0.1"),
            (&[""], "10.0.0.1"),
            (&["1.2.3.4"], "1.2.3.4"),
            (&["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            (&["6.6.6.6,1.2.3.4 , 10.0.0.2,,fd00::1"], "1.2.3.4"),
            (&["6.6.6.6", "1.2.3.4, 10.0.0.2", "10.0.0.3"], "1.2.3.4"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(client("10.0.0.1", lines), wanted, "{lines:?}");
        }
    }

    #[test]
    fn a_malformed_entry_ends_the_walk_at_the_hop_before_it() {
        for entry in ["unknown", "1.2.3", "1.2.3.4:x", "[::1", "_hidden", "1.2.3.4 5.6.7.8", "ä"] {
            let line = format!("6.6.6.6, {entry}, 10.0.0.2");
            assert_eq!(client("10.0.0.1", &[&line]), "10.0.0.2", "{entry}");
        }
    }

    #[test]
    fn every_way_to_write_an_address() {
        for (entry, wanted) in [
            ("1.2.3.4:567", "1.2.3.4"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("[::ffff:1.2.3.4]:80", "1.2.3.4"),
        ] {
            assert_eq!(client("::1", &[entry]), wanted, "{entry}");
        }
        assert_eq!(client("::ffff:10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
    }

    #[test]
    fn local_is_who_comes_from_loopback_for_itself() {
        for (peer, forwarded, trusted, wanted) in [
            ("127.0.0.1", None, "", true),
            ("127.8.9.1", None, "", true),
            ("::1", None, "", true),
            ("::ffff:127.0.0.1", None, "", true),
            ("192.0.2.1", None, "", false),
            // A proxy that is not trusted.
            ("127.0.0.1", Some("127.0.0.1"), "", false),
            ("127.0.0.1", Some("192.0.2.1"), "", false),
            // A trusted one: its client is what it is.
            ("127.0.0.1", Some("192.0.2.1"), "127.0.0.1/32", false),
            ("127.0.0.1", Some("127.0.0.1, 192.0.2.1"), "127.0.0.1/32", false),
            ("127.0.0.1", Some("127.0.0.2"), "127.0.0.1/32", true),
            ("127.0.0.1", Some(""), "127.0.0.1/32", true),
            // Loopback of another machine.
            ("10.0.0.1", Some("127.0.0.1"), "10.0.0.1/32", false),
        ] {
            let trusted: Vec<IpNet> = trusted.parse().into_iter().collect();
            let mut request = TestRequest::default();
            if let Some(line) = forwarded {
                request = request.append_header((X_FORWARDED_FOR, line));
            }
            let (request, peer) = (request.to_http_request(), peer.parse().unwrap());
            let client = client_address(peer, request.headers(), &trusted);
            let local = is_local(peer, client, request.headers(), &trusted);
            assert_eq!(local, wanted, "{peer} {forwarded:?} {trusted:?}");
        }
        for name in FORWARDING {
            let request = TestRequest::default().append_header((name, "x")).to_http_request();
            let peer = "127.0.0.1".parse().unwrap();
            assert!(!is_local(peer, peer, request.headers(), &[]), "{name}");
        }
    }

    #[test]
    fn ipv6_is_counted_by_its_network() {
        let key = |text: &str| rate_key(text.parse().unwrap()).to_string();
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(key("::ffff:1.2.3.4"), "1.2.3.4");
        assert_eq!(key("1.2.3.4"), "1.2.3.4");
    }
}
