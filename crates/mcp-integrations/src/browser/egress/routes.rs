//! The check whether an address leads to this machine or its neighbors.
//!
//! Each connection asks the kernel, because interfaces and routes change. The kernel's routing
//! tables contain every address of this machine: of interfaces, of networks on loopback and of
//! `local` routes.

use std::io;
use std::net::IpAddr;

#[cfg(target_os = "linux")]
use kernel::route;

/// The shortest IPv6 prefix of a network of neighbors. A tunnel for all traffic also has routes
/// without a router, for example `2000::/3`.
#[cfg(target_os = "linux")]
const SHORTEST_ON_LINK: u8 = 32;

/// Returns whether a connection to the address ends at this machine, or in an IPv6 network that is
/// directly connected to it. An address without a route does neither.
///
/// # Errors
/// Returns the socket's error if the kernel cannot be queried.
#[cfg(target_os = "linux")]
pub(super) fn is_near(address: IpAddr) -> io::Result<bool> {
    let route = route(address)?;
    Ok(route.is_some_and(|route| {
        let on_link = !route.has_router && route.prefix >= SHORTEST_ON_LINK;
        !route.is_unicast || (address.is_ipv6() && on_link)
    }))
}

/// Returns whether this machine uses the address as the source of a connection to it, as it does
/// for its own addresses.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_near(address: IpAddr) -> io::Result<bool> {
    let any: IpAddr = if address.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    // Connecting sends nothing, and fails without a route.
    Ok(socket.connect((address, 9)).is_ok() && socket.local_addr()?.ip() == address)
}

/// Asks the kernel for routes (rtnetlink(7), `linux/rtnetlink.h`).
#[cfg(target_os = "linux")]
mod kernel {
    use std::io;
    use std::net::IpAddr;

    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
    use rustix::net::{connect, recv, send, socket_with};

    const AF_INET: u8 = 2;
    const AF_INET6: u8 = 10;
    const RTM_NEWROUTE: u16 = 24;
    const RTM_GETROUTE: u16 = 26;
    const NLM_F_REQUEST: u16 = 1;
    /// Asks for the entry of the routing table, with its prefix.
    const RTM_F_FIB_MATCH: u32 = 0x2000;
    const RTA_DST: u16 = 1;
    /// `RTA_GATEWAY`, `RTA_MULTIPATH` and `RTA_VIA`.
    const ROUTERS: [u16; 3] = [5, 9, 18];
    const RTN_UNICAST: u8 = 1;

    /// A route to an address.
    pub(super) struct Route {
        /// The route is not to this machine, and not broadcast, anycast or multicast.
        pub(super) is_unicast: bool,
        /// The length of the matching prefix, in bits.
        pub(super) prefix: u8,
        pub(super) has_router: bool,
    }

    /// Returns the route to the address, if there is one.
    pub(super) fn route(address: IpAddr) -> io::Result<Option<Route>> {
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
        // Only the kernel can answer on a connected socket.
        connect(&socket, &SocketAddrNetlink::new(0, 0))?;
        send(&socket, &question(address), SendFlags::empty())?;
        let mut answer = [0; 4096];
        // The kernel answers before `send` returns.
        let (length, _) = recv(&socket, &mut answer, RecvFlags::DONTWAIT)?;
        Ok(read(&answer[..length]))
    }

    fn question(address: IpAddr) -> Vec<u8> {
        let (family, octets, bytes) = match address {
            IpAddr::V4(address) => (AF_INET, address.octets().to_vec(), 4),
            IpAddr::V6(address) => (AF_INET6, address.octets().to_vec(), 16_u8),
        };
        [
            // nlmsghdr
            &u32::from(32 + bytes).to_ne_bytes()[..],
            &RTM_GETROUTE.to_ne_bytes(),
            &NLM_F_REQUEST.to_ne_bytes(),
            &[0; 8],
            // rtmsg
            &[family, bytes * 8, 0, 0, 0, 0, 0, 0],
            &RTM_F_FIB_MATCH.to_ne_bytes(),
            // rtattr
            &u16::from(4 + bytes).to_ne_bytes(),
            &RTA_DST.to_ne_bytes(),
            &octets,
        ]
        .concat()
    }

    /// Reads the kernel's answer: a route, or an error if no route matches.
    fn read(message: &[u8]) -> Option<Route> {
        if number(message, 4)? != RTM_NEWROUTE {
            return None;
        }
        let mut route = Route {
            prefix: *message.get(17)?,
            is_unicast: *message.get(23)? == RTN_UNICAST,
            has_router: false,
        };
        let mut attributes = message.get(28..)?;
        while let (Some(length), Some(kind)) = (number(attributes, 0), number(attributes, 2)) {
            route.has_router |= ROUTERS.contains(&kind);
            let length = usize::from(length.max(4)).next_multiple_of(4);
            attributes = attributes.get(length..).unwrap_or_default();
        }
        Some(route)
    }

    fn number(bytes: &[u8], at: usize) -> Option<u16> {
        Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
    }
}
