//! One connection of the browser to the proxy: `CONNECT` (RFC 9110, section 9.3.6) for `https` and
//! WebSockets, and plain requests with an absolute URL (RFC 9112, section 3.2.2).

use std::io;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::gate::{ConnectError, Gate, Target};
use super::metered::{Meter, Metered};

/// Headers of one connection, not of the message (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
];

type Body = BoxBody<Bytes, hyper::Error>;

/// The state that all connections of one browser share.
#[derive(Clone)]
pub(super) struct ProxyState {
    pub(super) gate: Arc<Gate>,
    pub(super) meter: Arc<Meter>,
    /// Ends every connection when its sender changes or is dropped.
    pub(super) over: watch::Receiver<()>,
}

impl ProxyState {
    fn metered(&self, stream: TcpStream) -> Metered {
        Metered { stream, meter: Arc::clone(&self.meter) }
    }
}

/// One connection of the browser. It holds its permit until its last part has ended.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) shared: ProxyState,
    pub(super) permit: Arc<OwnedSemaphorePermit>,
}

impl Connection {
    /// Serves the connection until it or the browser ends.
    pub(super) async fn serve(self, stream: TcpStream) {
        let own = self.clone();
        let service = service_fn(move |request| own.clone().respond(request));
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        self.until_over(async {
            if let Err(error) = connection.await {
                log::trace!("browser: {error}");
            }
        })
        .await;
    }

    async fn until_over(mut self, work: impl Future<Output = ()>) {
        let _permit = self.permit;
        tokio::select! {
            _ = self.shared.over.changed() => (),
            () = work => (),
        }
    }

    async fn respond(self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        if request.method() == Method::CONNECT {
            Ok(self.tunnel(request).await)
        } else {
            self.forward(request).await
        }
    }

    async fn tunnel(self, request: Request<Incoming>) -> Response<Body> {
        let Some(target) = target(request.uri(), 443) else {
            return empty(StatusCode::BAD_REQUEST);
        };
        let mut stream = match self.shared.gate.connect(&target).await {
            Ok(stream) => self.shared.metered(stream),
            Err(ConnectError::Forbidden) => return empty(StatusCode::FORBIDDEN),
            Err(ConnectError::Unresolved | ConnectError::Unreachable) => {
                return empty(StatusCode::BAD_GATEWAY);
            }
        };
        tokio::spawn(self.until_over(async move {
            if let Ok(browser) = hyper::upgrade::on(request).await {
                let mut browser = TokioIo::new(browser);
                // Either side may break off; the browser reports that to the page.
                let _ = tokio::io::copy_bidirectional(&mut browser, &mut stream).await;
            }
        }));
        empty(StatusCode::OK)
    }

    /// Forwards a plain request. An error ends the connection without a response, so that the page
    /// cannot contain our text.
    async fn forward(self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let (mut head, body) = request.into_parts();
        let target = target(&head.uri, 80)
            .filter(|_| head.uri.scheme_str() == Some("http"))
            .ok_or_else(|| io::Error::other("not an http URL"))?;
        let stream = self.shared.gate.connect(&target).await.map_err(|error| {
            io::Error::other(format!("{}:{} {error:?}", target.host, target.port))
        })?;
        let stream = self.shared.metered(stream);
        head.uri = head.uri.path_and_query().map_or_else(Uri::default, |path| path.clone().into());
        remove_hop_by_hop(&mut head.headers);

        let gate = Arc::clone(&self.shared.gate);
        let unreachable = |error: hyper::Error| {
            gate.remember(&target, ConnectError::Unreachable);
            io::Error::other(error)
        };
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unreachable)?;
        tokio::spawn(self.until_over(async move {
            if let Err(error) = connection.await {
                log::trace!("browser: {error}");
            }
        }));
        let response =
            sender.send_request(Request::from_parts(head, body)).await.map_err(unreachable)?;
        let mut response = response.map(BodyExt::boxed);
        remove_hop_by_hop(response.headers_mut());
        Ok(response)
    }
}

fn target(uri: &Uri, default_port: u16) -> Option<Target> {
    Target::new(uri.host()?, uri.port_u16().unwrap_or(default_port))
}

/// Removes the headers of one connection: [`HOP_BY_HOP`], and those that `Connection` names.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let lines = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = lines
        .flat_map(|line| line.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.into_iter().chain(HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_one_connection_is_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Hop"),
            ("connection", " x-other ,, b@d"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("x-hop", "1"),
            ("x-other", "2"),
            ("x-other", "3"),
            ("x-stays", "4"),
            ("content-type", "text/html"),
        ] {
            headers.append(name, value.parse().expect("a value"));
        }
        remove_hop_by_hop(&mut headers);
        let left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["x-stays", "content-type"]);
    }
}
