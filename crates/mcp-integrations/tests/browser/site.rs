//! Sites for the browser to visit.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// A response of a site.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
    /// Whether the body never ends.
    pub(crate) stalls: bool,
}

pub(crate) fn html(body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status: 200,
        headers: vec![("content-type", "text/html; charset=utf-8".into())],
        body: body.into(),
        delay: Duration::ZERO,
        stalls: false,
    }
}

pub(crate) fn redirect(to: impl Into<String>) -> Reply {
    Reply { status: 302, headers: vec![("location", to.into())], ..html("") }
}

/// A response that never comes.
pub(crate) fn never() -> Reply {
    html("").after(Duration::from_mins(2))
}

impl Reply {
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Removes this header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// Makes the body endless.
    pub(crate) fn stalled(mut self) -> Self {
        self.stalls = true;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A site on a free port of 127.0.0.1 that counts its connections.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let site = Self {
            address: listener.local_addr().expect("an address"),
            replies: Arc::default(),
            connections: Arc::default(),
            requests: Arc::default(),
        };
        let (replies, requests) = (Arc::clone(&site.replies), Arc::clone(&site.requests));
        let connections = Arc::clone(&site.connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                connections.fetch_add(1, Ordering::SeqCst);
                let (replies, requests) = (Arc::clone(&replies), Arc::clone(&requests));
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        answer(Arc::clone(&replies), Arc::clone(&requests), request)
                    });
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await
                        .ok();
                });
            }
        });
        site
    }

    pub(crate) fn on(&self, path: &str, reply: Reply) -> &Self {
        self.replies.lock().expect("replies").insert(path.into(), reply);
        self
    }

    /// Returns the URL of a path, with the host that the tests allow.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host())
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("requests").clone()
    }
}

async fn answer(
    replies: Arc<Mutex<HashMap<String, Reply>>>,
    requests: Arc<Mutex<Vec<String>>>,
    request: Request<Incoming>,
) -> Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible> {
    let path = request.uri().path().to_owned();
    requests.lock().expect("requests").push(path.clone());
    let reply = replies.lock().expect("replies").get(&path).cloned();
    let reply = reply.unwrap_or_else(|| Reply { status: 404, ..html("<title>none</title>") });
    sleep(reply.delay).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = Full::from(reply.body);
    let body = if reply.stalls {
        let frame = body.collect().await?.to_bytes();
        let start = stream::iter([Ok(Frame::data(frame))]);
        StreamBody::new(start.chain(stream::pending())).boxed_unsync()
    } else {
        body.boxed_unsync()
    };
    Ok(response.body(body).expect("a response"))
}
