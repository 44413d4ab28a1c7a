//! Values that are too large for an answer, kept for a while and named by a short handle.
//!
//! An id is random, so that no other server, and no later run of this one, has the same: a handle that this
//! server does not know is not found. An id is not a secret: every caller may read every blob.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use parking_lot::Mutex;
use serde_json::{Value, json};

use mcp_core::error::{ActionError, ErrorCode};

/// The limits of the kept blobs.
#[derive(Clone, Copy, Debug)]
pub struct BlobLimits {
    /// Bytes of all blobs transaction. One blob may have a quarter of it.
    pub bytes: usize,
    /// The number of blobs.
    pub count: usize,
    /// How long each blob is kept.
    pub age: Duration,
}

impl Default for BlobLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, count: 1000, age: Duration::from_hours(1) }
    }
}

/// The id of a blob: 64 random bits, written as `b_` and 20 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlobId(u64);

impl BlobId {
    /// Returns the digits. In tokens digits are the shortest form, always seven.
    pub(crate) fn to_digits(self) -> String {
        format!("{:020}", self.0)
    }

    /// Parses the digits.
    pub(crate) fn from_digits(digits: &str) -> Option<Self> {
        let is_canonical = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_canonical.then(|| digits.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "b_{}", self.to_digits())
    }
}

/// A kept value.
#[derive(Debug)]
pub struct Blob {
    /// The media type.
    pub media_type: String,
    /// The value.
    pub bytes: Vec<u8>,
}

impl Blob {
    /// Returns the text of a blob that is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let is_text = self.media_type.starts_with("text/") || self.media_type == JSON;
        is_text.then(|| std::str::from_utf8(&self.bytes).ok()).flatten()
    }

    /// Returns the width and height of a PNG in pixels.
    fn pixels(&self) -> Option<(u32, u32)> {
        // PNG (third edition), sections 5.2 and 11.2.1: signature, length, `IHDR`, width, height.
        let header = self.bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..16)?;
        let sizes = header.strip_prefix(b"IHDR")?;
        let number = |at: usize| Some(u32::from_be_bytes(sizes.get(at..at + 4)?.try_into().ok()?));
        Some((number(0)?, number(4)?))
    }
}

/// The media type of a kept part of a result.
pub(crate) const JSON: &str = "application/json";
/// The media type of a kept text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// The kept blobs, within [`BlobLimits`]. The blob that was not read for the longest time makes room for a new
/// one.
pub struct Blobs {
    cache: Cache<String, Arc<Blob>>,
    max_bytes: usize,
    random: Mutex<fastrand::Rng>,
}

impl Blobs {
    /// Returns an empty store. Its ids are made from `seed`: 64 bits from the operating system's random
    /// source, fixed only in tests.
    #[must_use]
    pub fn new(limits: BlobLimits, seed: u64) -> Self {
        // The minimal weight of a blob limits their number.
        let weight = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        let least = weight(limits.bytes / limits.count);
        let cache = Cache::builder()
            .weigher(move |_, blob: &Arc<Blob>| weight(blob.bytes.len()).max(least))
            .max_capacity(limits.bytes as u64)
            .time_to_live(limits.age)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let random = Mutex::new(fastrand::Rng::with_seed(seed));
        Self { cache, max_bytes: limits.bytes / 4, random }
    }

    /// Returns the maximum size of a blob in bytes.
    pub(crate) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Returns a new id for [`Blobs::keep_as`].
    pub(crate) fn reserve(&self) -> BlobId {
        BlobId(self.random.lock().u64(..))
    }

    /// Keeps a value and returns its handle.
    ///
    /// # Errors
    /// Returns `PayloadTooLarge` if the value is larger than a blob may be.
    pub(crate) fn keep(&self, media_type: &str, bytes: Vec<u8>) -> Result<Value, ActionError> {
        self.keep_as(self.reserve(), media_type, bytes)
    }

    /// Keeps a value under a reserved id and returns its handle.
    ///
    /// # Errors
    /// As [`Blobs::keep`].
    pub(crate) fn keep_as(
        &self,
        id: BlobId,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<Value, ActionError> {
        if bytes.len() > self.max_bytes {
            let (bytes, limit) = (bytes.len(), self.max_bytes);
            let message = format!(
                "the result has {bytes} bytes, and at most {limit} are kept: name fields, or request less"
            );
            return Err(ActionError::new(ErrorCode::PayloadTooLarge, message));
        }
        let id = id.to_string();
        let blob = Blob { media_type: media_type.to_owned(), bytes };
        let handle = handle(&id, &blob);
        self.cache.insert(id, Arc::new(blob));
        self.cache.run_pending_tasks();
        Ok(handle)
    }

    /// Returns the blob with an id.
    ///
    /// # Errors
    /// Returns `NotFound` if no blob has the id, or it has expired.
    pub fn get(&self, id: &str) -> Result<Arc<Blob>, ActionError> {
        self.cache.get(id).ok_or_else(|| {
            let id: String = id.chars().take(40).collect();
            ActionError::not_found(format!(
                "blob {id:?} not found: it has expired, or another server named it; repeat the call \
                 that named it"
            ))
        })
    }
}

#[cfg(test)]
impl Blobs {
    pub(crate) fn count(&self) -> u64 {
        self.cache.run_pending_tasks();
        self.cache.entry_count()
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
    use super::*;
    use crate::tokens;

    fn store(limits: BlobLimits) -> Blobs {
        Blobs::new(limits, 1)
    }

    fn small() -> BlobLimits {
        BlobLimits { bytes: 32, count: 3, age: Duration::from_mins(1) }
    }

    fn is_there(blobs: &Blobs, handle: &Value) -> bool {
        blobs.get(handle["blob"].as_str().expect("an id")).is_ok()
    }

    #[test]
    fn a_handle_is_short_and_knows_a_picture() {
        let blobs = store(BlobLimits::default());
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
        let server = |seed| Blobs::new(BlobLimits::default(), seed);
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
        let blobs = store(small());
        let handles: Vec<Value> =
            (0..4).map(|_| blobs.keep(TEXT, vec![b'x'; 2]).expect("a handle")).collect();
        let there: Vec<bool> = handles.iter().map(|handle| is_there(&blobs, handle)).collect();
        assert_eq!(there, [false, true, true, true]);
        assert!(blobs.keep(TEXT, vec![b'x'; 9]).is_err());
        let narrow = BlobLimits { bytes: 33, count: 100, ..small() };
        let blobs = store(narrow);
        let handles: Vec<Value> =
            (0..5).map(|_| blobs.keep(TEXT, vec![b'x'; 8]).expect("a handle")).collect();
        let there: Vec<bool> = handles.iter().map(|handle| is_there(&blobs, handle)).collect();
        assert_eq!(there, [false, true, true, true, true]);
    }

    #[test]
    fn nothing_is_kept_longer_than_its_time() {
        let blobs = store(BlobLimits { age: Duration::from_millis(20), ..small() });
        let handle = blobs.keep(TEXT, vec![b'x']).expect("a handle");
        std::thread::sleep(Duration::from_millis(21));
        assert!(!is_there(&blobs, &handle));
    }
}
