//! Reading a body that may be larger than announced, or endless.

use bytes::Bytes;
use http_body_util::BodyExt;

use super::failure::chain;
use super::transport::{BodyError, TransportError};

/// Reads a body. The buffer never exceeds `limit` bytes.
///
/// # Errors
/// Returns `TooLarge` if the body is larger or announces to be; `Body` if it breaks off.
pub(super) async fn read<B>(mut body: B, limit: usize) -> Result<Vec<u8>, TransportError>
where
    B: BodyExt<Data = Bytes, Error = BodyError> + Unpin,
{
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if promised > limit {
        return Err(TransportError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(promised);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| TransportError::Body(chain(&*error)))?;
        let Ok(data) = frame.into_data() else { continue };
        let (length, capacity) = (bytes.len() + data.len(), bytes.capacity());
        if length > limit {
            return Err(TransportError::TooLarge);
        }
        if length > capacity {
            // Doubles as a vector does by itself, but not beyond the limit.
            bytes.reserve_exact(length.max(capacity * 2).min(limit) - bytes.len());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::StreamBody;
    use http_body_util::combinators::UnsyncBoxBody;

    use super::*;

    /// Returns a body of 1000-byte parts. It is endless if `parts` is `None`.
    fn body(parts: Option<usize>) -> UnsyncBoxBody<Bytes, BodyError> {
        let frame = || Ok(http_body::Frame::data(Bytes::from_static(&[7; 1000])));
        let parts = std::iter::repeat_with(frame).take(parts.unwrap_or(usize::MAX));
        StreamBody::new(stream::iter(parts)).boxed_unsync()
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read_whole() {
        let bytes = read(body(Some(5)), 5000).await.expect("a body");
        assert_eq!(bytes.len(), 5000);
    }

    #[tokio::test]
    async fn more_than_the_limit_is_never_held() {
        for parts in [Some(6), None] {
            assert!(matches!(read(body(parts), 5500).await, Err(TransportError::TooLarge)));
        }
        let bytes = read(body(Some(5)), 5500).await.expect("a body");
        assert!(bytes.capacity() <= 5500, "{}", bytes.capacity());
    }
}
