//! The check of a proxy's clients.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::browser::sockets;

/// The number of attempts to find a socket in the table. A socket can be missing from a read while
/// others come and go.
const READS: usize = 3;

/// The only client of a proxy: a browser.
#[derive(Clone, Copy, Debug)]
pub(in crate::browser) struct ProxyClient {
    address: IpAddr,
    /// The user of the browser's process; unknown on another machine.
    user: Option<u32>,
}

impl ProxyClient {
    /// Creates the client for a browser of this process.
    pub(in crate::browser) fn own() -> Self {
        let user = Some(rustix::process::geteuid().as_raw());
        Self { address: Ipv4Addr::LOCALHOST.into(), user }
    }

    /// Creates the client for the browser of the WebDriver at this address. On this machine, the
    /// browser has the WebDriver's user.
    pub(in crate::browser) fn of_webdriver(webdriver: SocketAddr) -> io::Result<Self> {
        let address = webdriver.ip();
        let is_here = UdpSocket::bind((address, 0)).is_ok();
        let user = if is_here { sockets::listener(webdriver)? } else { None };
        if is_here && user.is_none() && cfg!(target_os = "linux") {
            return Err(io::Error::other("no user listens at the WebDriver's address"));
        }
        Ok(Self { address, user })
    }

    /// Returns whether the connection comes from the browser's machine and user. Only Linux reveals
    /// the user.
    pub(super) async fn owns(self, connection: &TcpStream) -> io::Result<bool> {
        let (own, peer) = (connection.local_addr()?, connection.peer_addr()?);
        if peer.ip() != self.address {
            return Ok(false);
        }
        match self.user {
            Some(user) if cfg!(target_os = "linux") => {
                spawn_blocking(move || Ok(connector(peer, own)? == Some(user))).await?
            }
            _ => Ok(true),
        }
    }
}

fn connector(peer: SocketAddr, own: SocketAddr) -> io::Result<Option<u32>> {
    for _ in 1..READS {
        if let Some(user) = sockets::connector(peer, own)? {
            return Ok(Some(user));
        }
    }
    sockets::connector(peer, own)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_the_browsers_by_its_address_and_user() {
        let proxy = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = proxy.local_addr().expect("an address");
        let _browser = TcpStream::connect(address).await.expect("a connection");
        let (connection, _) = proxy.accept().await.expect("a connection");

        let own = ProxyClient::own();
        let other_user = ProxyClient { user: own.user.map(|user| user + 1), ..own };
        let elsewhere = ProxyClient { address: [192, 0, 2, 1].into(), user: None };
        let of_webdriver = ProxyClient::of_webdriver(address).expect("a client");
        for (client, owns) in
            [(own, true), (other_user, false), (elsewhere, false), (of_webdriver, true)]
        {
            assert_eq!(client.owns(&connection).await.expect("a table"), owns, "{client:?}");
        }
        // A WebDriver of another machine: its users are not known here.
        let remote = ProxyClient::of_webdriver(([192, 0, 2, 1], 9515).into()).expect("a client");
        assert_eq!((remote.address, remote.user), (elsewhere.address, None));
    }
}
