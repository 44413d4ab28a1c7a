//! Reads a request's body within a size limit and a deadline.

use std::any::Any;
use std::cell::RefCell;
use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Extensions,
    error::PayloadError,
    http::{StatusCode, header},
    web::{Buf as _, Bytes, BytesMut, Payload},
};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::error::{ApiError, too_large};

/// The byte order mark in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The maximum buffer before the first byte arrives, whatever length is declared.
const FIRST_CAPACITY: usize = 16 * 1024;

/// Reads the whole body.
///
/// # Errors
/// Returns 413 over `limit` bytes, declared or sent; 408 if the body is incomplete after `deadline`;
/// 400 if it breaks off. Each closes the connection, since the rest is not read.
pub(crate) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
    deadline: Duration,
) -> Result<Bytes, ApiError> {
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|it| it.to_str().ok()?.parse::<usize>().ok()).unwrap_or(0);
    if declared > limit {
        return Err(too_large(limit).closing());
    }
    let capacity = declared.min(FIRST_CAPACITY);
    let collected = timeout(deadline, collect(&mut payload, capacity, limit)).await;
    let body = collected.unwrap_or_else(|_| {
        let seconds = deadline.as_secs_f64();
        let detail = format!("The request body did not arrive within {seconds} s");
        Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, detail).closing())
    });
    if body.is_err()
        && let Some(unread) = request.conn_data::<Unread>()
    {
        unread.0.replace(Some(payload));
    }
    body
}

/// A body that is not read to its end. actix-http would read and discard the rest of a chunked body for
/// as long as the client sends. While the connection holds the body, actix-http closes instead.
#[derive(Default)]
struct Unread(RefCell<Option<Payload>>);

/// Prepares a new connection for [`read`].
pub(super) fn on_connect(_: &dyn Any, data: &mut Extensions) {
    data.insert(Unread::default());
}

/// Returns the body without a byte order mark at its beginning (RFC 8259, section 8.1).
pub(crate) fn without_bom(mut body: Bytes) -> Bytes {
    if body.starts_with(BOM) {
        body.advance(BOM.len());
    }
    body
}

async fn collect(payload: &mut Payload, capacity: usize, limit: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::with_capacity(capacity);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| broken(&error, limit))?;
        if chunk.len() > limit - body.len() {
            return Err(too_large(limit).closing());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn broken(error: &PayloadError, limit: usize) -> ApiError {
    log::debug!("a request body broke off: {error}");
    match error {
        PayloadError::Overflow => too_large(limit).closing(),
        _ => ApiError::new(StatusCode::BAD_REQUEST, "The request body is incomplete").closing(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::{
        io::{Read, Write},
        net::{SocketAddr, TcpStream},
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use actix_web::{App, HttpServer, dev::ServerHandle, web};

    use super::*;

    const LIMIT: usize = 1 << 20;
    /// So long that no test that means to succeed comes near it.
    const LONG: Duration = Duration::from_mins(1);
    /// For what must end.
    const SHORT: Duration = Duration::from_millis(50);
    /// Pieces of 64 KiB that no server takes in that time.
    const ENDLESS: usize = 1 << 18;

    /// A server on a free port whose `POST /` says how many bytes it read within this deadline.
    fn serve(deadline: Duration, linger: Duration) -> (SocketAddr, ServerHandle) {
        let server = HttpServer::new(move || {
            App::new().route(
                "/",
                web::post().to(move |request: HttpRequest, payload: Payload| async move {
                    read(&request, payload, LIMIT, deadline).await.map(|it| it.len().to_string())
                }),
            )
        })
        .workers(1)
        .client_disconnect_timeout(linger)
        .disable_signals()
        .on_connect(on_connect)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        (address, handle)
    }

    /// Sends this head and these pieces of a body, then reads the answer.
    async fn exchange(
        (deadline, linger): (Duration, Duration),
        head: &'static str,
        pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
    ) -> String {
        let (address, server) = serve(deadline, linger);
        let answer = web::block(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            write!(stream, "POST / HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n").unwrap();
            for piece in pieces {
                // The server may have answered and gone: what it said is what counts.
                if stream.write_all(&piece).is_err() {
                    break;
                }
            }
            let (mut answer, mut chunk) = (Vec::new(), [0; 1024]);
            while let Ok(count @ 1..) = stream.read(&mut chunk) {
                answer.extend_from_slice(&chunk[..count]);
                // A refusal is there; the server may linger for the rest of the body.
                if answer.ends_with(b"}") {
                    break;
                }
            }
            String::from_utf8(answer).unwrap()
        })
        .await
        .unwrap();
        server.stop(false).await;
        answer
    }

    fn assert_refused(answer: &str, status: &str, detail: &str) {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
        assert!(answer.contains("content-type: application/json"), "{answer}");
        assert!(answer.ends_with(&format!(r#"{{"detail":"{detail}"}}"#)), "{answer}");
    }

    const TOO_LARGE: &str = "The request body is larger than 1048576 bytes";

    #[actix_web::test]
    async fn a_body_at_the_limit_is_read_whole() {
        let head = "Connection: close\r\nContent-Length: 1048576";
        let answer = exchange((LONG, LONG), head, [vec![b' '; LIMIT]].into_iter()).await;
        assert!(answer.ends_with("\r\n\r\n1048576"), "{answer}");
    }

    #[actix_web::test]
    async fn a_declared_length_over_the_limit_is_refused_unread() {
        let head = "Content-Length: 99999999999";
        assert_refused(&exchange((LONG, LONG), head, std::iter::empty()).await, "413", TOO_LARGE);
    }

    #[actix_web::test]
    async fn a_client_that_sends_all_before_it_reads_still_gets_the_answer() {
        let head = "Content-Length: 4194304";
        let pieces = std::iter::repeat_n(vec![b' '; 1 << 16], 64);
        assert_refused(&exchange((LONG, LONG), head, pieces).await, "413", TOO_LARGE);
    }

    #[actix_web::test]
    async fn a_streamed_body_over_the_limit_is_refused() {
        let piece = [b"10000\r\n", &vec![b' '; 1 << 16][..], b"\r\n"].concat();
        let pieces = std::iter::repeat_n(piece, 17);
        let answer = exchange((LONG, LONG), "Transfer-Encoding: chunked", pieces).await;
        assert_refused(&answer, "413", TOO_LARGE);
    }

    #[actix_web::test]
    async fn an_endless_body_does_not_keep_the_connection() {
        let piece = [b"10000\r\n", &vec![b' '; 1 << 16][..], b"\r\n"].concat();
        let sent = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&sent);
        let pieces = std::iter::repeat_n(piece, ENDLESS).inspect(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        exchange((LONG, SHORT), "Transfer-Encoding: chunked", pieces).await;
        assert!(sent.load(Ordering::Relaxed) < ENDLESS, "the server took all");
    }

    #[actix_web::test]
    async fn a_slow_body_is_refused_at_the_deadline() {
        let answer = exchange((SHORT, LONG), "Content-Length: 3", [vec![b'{']].into_iter()).await;
        assert_refused(&answer, "408", "The request body did not arrive within 0.05 s");
    }
}
