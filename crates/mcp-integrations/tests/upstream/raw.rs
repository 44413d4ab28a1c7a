//! A mock server that breaks HTTP's rules: it sends raw bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The bytes of one connection, sent after the request's head.
#[derive(Clone)]
pub(crate) enum Says {
    /// These bytes; then the connection ends.
    Bytes(Vec<u8>),
    /// These bytes repeatedly, until the client closes the connection.
    Endless { head: &'static str, part: Vec<u8> },
    /// These bytes only; the connection stays open.
    Start(&'static str),
}

/// Serves connections on a free port of loopback. The last response repeats.
pub(crate) struct Raw {
    pub(crate) base: String,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Raw {
    pub(crate) async fn serve(answers: Vec<Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut answers = answers.into_iter();
            let mut last = None;
            while let Ok((stream, _)) = listener.accept().await {
                last = answers.next().or(last);
                let (says, counted) = (last.clone().expect("an answer"), Arc::clone(&counted));
                tokio::spawn(async move {
                    let _ = speak(stream, says, &counted).await;
                });
            }
        });
        Self { base, requests, task }
    }

    /// Waits until this many requests have come.
    pub(crate) async fn has_requests(&self, count: usize) {
        while self.requests() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn speak(mut stream: TcpStream, says: Says, requests: &AtomicUsize) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    requests.fetch_add(1, Ordering::SeqCst);
    match says {
        Says::Bytes(bytes) => stream.write_all(&bytes).await,
        Says::Endless { head, part } => {
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(&part).await?;
            }
        }
        Says::Start(start) => {
            stream.write_all(start.as_bytes()).await?;
            std::future::pending().await
        }
    }
}
