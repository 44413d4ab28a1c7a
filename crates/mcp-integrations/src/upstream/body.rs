//! Reading a body that may be larger than it says, or endless.

use bytes::Bytes;
use http_body_util::BodyExt;

use super::failure::chain;
use super::transport::{BodyError, Fault};

/// Reads a body that is decoded as it comes in. At most `limit` bytes of it are ever held, and a
/// body that says that it is larger is not read at all.
pub(super) async fn read<B>(mut body: B, limit: usize) -> Result<Vec<u8>, Fault>
where
    B: BodyExt<Data = Bytes, Error = BodyError> + Unpin,
{
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if promised > limit {
        return Err(Fault::TooLarge);
    }
    let mut bytes = Vec::with_capacity(promised);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Fault::Body(chain(&*error)))?;
        let Ok(data) = frame.into_data() else { continue };
        let (length, room) = (bytes.len() + data.len(), bytes.capacity());
        if length > limit {
            return Err(Fault::TooLarge);
        }
        if length > room {
            // Doubling, as a vector would by itself, but not beyond the limit.
            bytes.reserve_exact(length.max(room * 2).min(limit) - bytes.len());
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

    /// A body of parts of 1000 bytes each, endless where `parts` is none.
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
            assert!(matches!(read(body(parts), 5500).await, Err(Fault::TooLarge)));
        }
        let bytes = read(body(Some(5)), 5500).await.expect("a body");
        assert!(bytes.capacity() <= 5500, "{}", bytes.capacity());
    }
}
