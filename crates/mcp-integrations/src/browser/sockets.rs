//! The TCP sockets of this machine and their owners (proc(5), `/proc/net/tcp`).

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The states of `include/net/tcp_states.h`.
const ESTABLISHED: u8 = 1;
const LISTEN: u8 = 10;

/// Returns the user whose socket listens at this address of this machine.
pub(super) fn listener(address: SocketAddr) -> io::Result<Option<u32>> {
    let at = |ip: IpAddr| {
        find(|socket| {
            socket.state == LISTEN
                && socket.local.port() == address.port()
                && (socket.local.ip() == ip
                    || (ip.is_unspecified() && socket.local.ip().is_unspecified()))
        })
    };
    // A socket of one address takes precedence over a socket of all.
    Ok(at(address.ip())?.or(at(Ipv4Addr::UNSPECIFIED.into())?))
}

/// Returns the user whose socket connects `local` to `remote`, both of this machine.
///
/// A closed socket has no user: the table contains root for it.
pub(super) fn connector(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<u32>> {
    find(|socket| socket.state == ESTABLISHED && socket.local == local && socket.remote == remote)
}

struct Socket {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    user: u32,
}

fn find(is_meant: impl Fn(&Socket) -> bool) -> io::Result<Option<u32>> {
    for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        let table = match File::open(table) {
            // This machine has no IPv6.
            Err(error) if error.kind() == io::ErrorKind::NotFound && table.ends_with('6') => break,
            table => table?,
        };
        for line in BufReader::new(table).lines() {
            if let Some(socket) = socket(&line?).filter(&is_meant) {
                return Ok(Some(socket.user));
            }
        }
    }
    Ok(None)
}

fn socket(line: &str) -> Option<Socket> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, remote) = (address(fields.next()?)?, address(fields.next()?)?);
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    let user = fields.nth(3)?.parse().ok()?;
    Some(Socket { local, remote, state, user })
}

/// Parses an address such as `0100007F:1F90`: words in the machine's byte order.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| {
        let word = u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?;
        Some(u32::from_be_bytes(word.to_ne_bytes()))
    };
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from_bits(word(0)?)),
        32 => {
            let [a, b, c, d] = [word(0)?, word(8)?, word(16)?, word(24)?].map(u128::from);
            IpAddr::V6(Ipv6Addr::from_bits(a << 96 | b << 64 | c << 32 | d))
        }
        _ => return None,
    };
    Some(SocketAddr::new(address.to_canonical(), u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_socket_is_found_with_its_user_until_it_is_closed() {
        let own = Some(rustix::process::geteuid().as_raw());
        // Each in the table of its family; IPv6's contains mapped addresses too.
        for (at, to) in
            [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("127.0.0.1", "::ffff:127.0.0.1")]
        {
            let server = TcpListener::bind((at, 0)).expect(at);
            let port = server.local_addr().expect("an address").port();
            let client = TcpStream::connect((to, port)).expect(to);
            let (accepted, peer) = server.accept().expect("a connection");
            let remote = accepted.local_addr().expect("an address");
            assert_eq!(listener(SocketAddr::new(remote.ip(), port)).expect("a table"), own);
            assert_eq!(connector(peer, remote).expect("a table"), own, "{to}");
            assert_eq!(connector(peer, SocketAddr::new(remote.ip(), 1)).expect("a table"), None);
            drop(client);
            // The kernel still knows the socket, without a user.
            assert_eq!(connector(peer, remote).expect("a table"), None, "{to}");
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
        assert_eq!(listener(free).expect("a table"), None);
        let all = TcpListener::bind("[::]:0").expect("a port");
        let port = all.local_addr().expect("an address").port();
        assert_eq!(listener(SocketAddr::from(([127, 0, 0, 1], port))).expect("a table"), own);
    }
}
