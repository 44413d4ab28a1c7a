//! Values that are too large for a response, kept for a while and named by a short handle.
//!
//! An id is random, so that no other server, and no later run of this one, gives the same: a handle
//! that this server does not know is not found. It is not a secret: whoever may call may read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use mcp_core::error::{ActionError, ErrorCode};
use mcp_core::{Clock, Timestamp};

/// The bounds of what is kept.
#[derive(Clone, Copy, Debug)]
pub struct BlobLimits {
    /// Bytes of all blobs together. One may have a quarter of that.
    pub bytes: usize,
    /// How many blobs.
    pub count: usize,
    /// How long each is kept.
    pub age: Duration,
}

impl Default for BlobLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, count: 1000, age: Duration::from_hours(1) }
    }
}

/// Something that is kept.
#[derive(Debug)]
pub struct Blob {
    /// Its media type.
    pub media_type: String,
    /// What it is.
    pub bytes: Vec<u8>,
    kept_at: Timestamp,
}

impl Blob {
    /// What it is as text, where it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let is_text = self.media_type.starts_with("text/") || self.media_type == JSON;
        is_text.then(|| std::str::from_utf8(&self.bytes).ok()).flatten()
    }

    /// Width and height in pixels, of a PNG.
    fn pixels(&self) -> Option<(u32, u32)> {
        // PNG (third edition), sections 5.2 and 11.2.1: signature, length, `IHDR`, width, height.
        let header = self.bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..16)?;
        let sizes = header.strip_prefix(b"IHDR")?;
        let number = |at: usize| Some(u32::from_be_bytes(sizes.get(at..at + 4)?.try_into().ok()?));
        Some((number(0)?, number(4)?))
    }
}

/// The media type of a kept part of a result.
pub const JSON: &str = "application/json";
/// The media type of a kept text.
pub const TEXT: &str = "text/plain; charset=utf-8";

/// The blobs that are kept: a bounded number of bytes and blobs, each for a bounded time. The oldest
/// is dropped for a new one.
pub struct Blobs {
    limits: BlobLimits,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

struct Kept {
    /// With their ids, the oldest first.
    blobs: VecDeque<(String, Arc<Blob>)>,
    bytes: usize,
    random: fastrand::Rng,
}

impl Blobs {
    /// Returns an empty store. `seed` is what its ids are made from: 64 bits from the operating
    /// system's random source, fixed only in tests.
    #[must_use]
    pub fn new(limits: BlobLimits, clock: Arc<dyn Clock>, seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let kept = Mutex::new(Kept { blobs: VecDeque::new(), bytes: 0, random });
        Self { limits, clock, kept }
    }

    /// Keeps something, and gives its handle.
    ///
    /// # Errors
    /// When it is larger than a blob may be.
    pub fn keep(&self, media_type: &str, bytes: Vec<u8>) -> Result<Value, ActionError> {
        let largest = self.limits.bytes / 4;
        if bytes.len() > largest {
            let message = format!(
                "The result has {} bytes, and at most {largest} are kept: name fields, or ask for \
                 less",
                bytes.len()
            );
            return Err(ActionError::new(ErrorCode::PayloadTooLarge, message));
        }
        let blob = Blob { media_type: media_type.to_owned(), bytes, kept_at: self.clock.now() };
        let mut kept = self.kept();
        self.forget_old(&mut kept, blob.bytes.len());
        // 64 bits. In tokens digits are the shortest form, always seven.
        let id = format!("b_{:020}", kept.random.u64(..));
        let handle = handle(&id, &blob);
        kept.bytes += blob.bytes.len();
        kept.blobs.push_back((id, Arc::new(blob)));
        Ok(handle)
    }

    /// The blob of that id.
    ///
    /// # Errors
    /// When there is none, or not any more.
    pub fn get(&self, id: &str) -> Result<Arc<Blob>, ActionError> {
        let mut kept = self.kept();
        self.forget_old(&mut kept, 0);
        let named = kept.blobs.iter().find(|(known, _)| known == id);
        named.map(|(_, blob)| Arc::clone(blob)).ok_or_else(|| {
            let shown: String = id.chars().take(40).collect();
            ActionError::not_found(format!(
                "blob {shown:?} not found: it has expired, or another server named it; repeat the \
                 call that named it"
            ))
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what is too old, and makes room for one more of this size.
    fn forget_old(&self, kept: &mut Kept, size: usize) {
        let age = i64::try_from(self.limits.age.as_micros()).unwrap_or(i64::MAX);
        let oldest = self.clock.now().as_micros().saturating_sub(age);
        while let Some((_, blob)) = kept.blobs.front() {
            let is_too_old = blob.kept_at.as_micros() < oldest;
            let in_the_way = size > 0
                && (kept.bytes + size > self.limits.bytes || kept.blobs.len() >= self.limits.count);
            if !is_too_old && !in_the_way {
                break;
            }
            kept.bytes -= blob.bytes.len();
            kept.blobs.pop_front();
        }
    }
}

fn handle(id: &str, blob: &Blob) -> Value {
    let media_type = blob.media_type.split(';').next().unwrap_or_default();
    let mut handle = json!({"blob": id, "type": media_type, "bytes": blob.bytes.len()});
    if let Some((width, height)) = blob.pixels() {
        handle["width"] = width.into();
        handle["height"] = height.into();
    }
    handle
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::tokens;

    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    fn store(limits: BlobLimits) -> (Blobs, Arc<Hands>) {
        let clock = Arc::new(Hands(AtomicI64::new(6_000_000)));
        (Blobs::new(limits, Arc::clone(&clock) as Arc<dyn Clock>, 1), clock)
    }

    fn small() -> BlobLimits {
        BlobLimits { bytes: 32, count: 3, age: Duration::from_mins(1) }
    }

    fn is_there(blobs: &Blobs, handle: &Value) -> bool {
        blobs.get(handle["blob"].as_str().expect("an id")).is_ok()
    }

    #[test]
    fn a_handle_is_short_and_knows_a_picture() {
        let (blobs, _) = store(BlobLimits::default());
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([0, 0, 5, 0, 0, 0, 2, 208]);
        let picture = blobs.keep("image/png", png).expect("a handle");
        let id = picture["blob"].as_str().expect("an id");
        assert_eq!(
            picture.to_string(),
            format!(r#"{{"blob":"{id}","type":"image/png","bytes":24,"width":1280,"height":720}}"#)
        );
        assert!(tokens::count(&picture.to_string()) <= 35, "{picture}");
        let text = blobs.keep(TEXT, b"x".to_vec()).expect("a handle");
        let id = text["blob"].as_str().expect("an id");
        assert_eq!(text.to_string(), format!(r#"{{"blob":"{id}","type":"text/plain","bytes":1}}"#));
        assert_eq!(blobs.get(id).expect("a blob").text(), Some("x"));
        for id in ["b_9", "b_", &id[2..], &id[..21], "", "b_08x", "b_-8", "b_\u{e9}"] {
            assert!(blobs.get(id).is_err(), "{id}");
        }
    }

    #[test]
    fn an_id_has_64_random_bits_and_is_unknown_to_another_server() {
        let clock = || Arc::new(Hands(AtomicI64::new(6_000_000))) as Arc<dyn Clock>;
        let server = |seed| Blobs::new(BlobLimits::default(), clock(), seed);
        let (one, other) = (server(1), server(2));
        let (mut any, mut all) = (0, u64::MAX);
        for _ in 0..200 {
            let ids = [&one, &other].map(|blobs| {
                let handle = blobs.keep(TEXT, b"x".to_vec()).expect("a handle");
                handle["blob"].as_str().expect("an id").to_owned()
            });
            assert!(other.get(&ids[0]).is_err() && one.get(&ids[1]).is_err(), "{ids:?}");
            let number: u64 = ids[0][2..].parse().expect("a number");
            (any, all) = (any | number, all & number);
            assert_eq!(ids[0].len(), 22);
        }
        assert_eq!((any, all), (u64::MAX, 0), "each bit is sometimes 1 and sometimes 0");
        let refusal = one.get("b_1").expect_err("a refusal").message;
        assert!(refusal.contains("another server"), "{refusal}");
    }

    #[test]
    fn the_oldest_gives_way_to_number_and_bytes() {
        let (blobs, _) = store(small());
        let handles: Vec<Value> =
            (0..4).map(|_| blobs.keep(TEXT, vec![b'x'; 2]).expect("a handle")).collect();
        let there: Vec<bool> = handles.iter().map(|handle| is_there(&blobs, handle)).collect();
        assert_eq!(there, [false, true, true, true]);
        assert!(blobs.keep(TEXT, vec![b'x'; 9]).is_err());
        let narrow = BlobLimits { bytes: 33, count: 100, ..small() };
        let (blobs, _) = store(narrow);
        let handles: Vec<Value> =
            (0..5).map(|_| blobs.keep(TEXT, vec![b'x'; 8]).expect("a handle")).collect();
        let there: Vec<bool> = handles.iter().map(|handle| is_there(&blobs, handle)).collect();
        assert_eq!(there, [false, true, true, true, true]);
    }

    #[test]
    fn nothing_is_kept_longer_than_its_time() {
        let (blobs, clock) = store(small());
        let handle = blobs.keep(TEXT, vec![b'x']).expect("a handle");
        clock.0.fetch_add(60_000_000, Ordering::Relaxed);
        assert!(is_there(&blobs, &handle));
        clock.0.fetch_add(1, Ordering::Relaxed);
        assert!(!is_there(&blobs, &handle));
        assert_eq!(blobs.kept().bytes, 0);
    }
}
