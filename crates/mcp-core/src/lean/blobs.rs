//! What is too large for an answer, kept for a while and named by a short handle.
//!
//! Who may call may read: an id is no secret, and knowing one opens nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::cursor::{base36, from_base36};
use crate::error::{ActionError, ErrorCode};
use crate::{Clock, Timestamp};

/// What an id starts with.
const PREFIX: &str = "b_";
/// Ids start anew after this many: four digits and letters.
const IDS: u64 = 36 * 36 * 36 * 36;

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
/// gives way.
pub struct Blobs {
    limits: BlobLimits,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// By number; the lowest is the oldest.
    blobs: BTreeMap<u64, Arc<Blob>>,
    bytes: usize,
    last: u64,
}

impl Blobs {
    /// An empty store.
    #[must_use]
    pub fn new(limits: BlobLimits, clock: Arc<dyn Clock>) -> Self {
        // Numbers go on from the time, so that an id from before a restart does not name another
        // blob after it.
        let seconds = u64::try_from(clock.now().as_micros() / 1_000_000).unwrap_or_default();
        let kept = Mutex::new(Kept { last: seconds, ..Kept::default() });
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
        kept.last += 1;
        let handle = handle(kept.last, &blob);
        kept.bytes += blob.bytes.len();
        let number = kept.last;
        kept.blobs.insert(number, Arc::new(blob));
        Ok(handle)
    }

    /// The blob of that id.
    ///
    /// # Errors
    /// When there is none, or not any more.
    pub fn get(&self, id: &str) -> Result<Arc<Blob>, ActionError> {
        let number = id.strip_prefix(PREFIX).and_then(from_base36).filter(|number| *number < IDS);
        let mut kept = self.kept();
        self.forget_old(&mut kept, 0);
        let named = |(number_of, blob): (&u64, &Arc<Blob>)| {
            (Some(number_of % IDS) == number).then(|| Arc::clone(blob))
        };
        kept.blobs.iter().rev().find_map(named).ok_or_else(|| {
            let shown: String = id.chars().take(40).collect();
            ActionError::not_found(format!("Blob {shown} not found: it is kept for a while only"))
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops what is too old, and makes room for one more of this size.
    fn forget_old(&self, kept: &mut Kept, size: usize) {
        let age = i64::try_from(self.limits.age.as_micros()).unwrap_or(i64::MAX);
        let oldest = self.clock.now().as_micros().saturating_sub(age);
        while let Some(entry) = kept.blobs.first_entry() {
            let is_too_old = entry.get().kept_at.as_micros() < oldest;
            let in_the_way = size > 0
                && (kept.bytes + size > self.limits.bytes || kept.blobs.len() >= self.limits.count);
            if !is_too_old && !in_the_way {
                break;
            }
            if let Some((_, blob)) = kept.blobs.pop_first() {
                kept.bytes -= blob.bytes.len();
            }
        }
    }
}

fn handle(number: u64, blob: &Blob) -> Value {
    let id = format!("{PREFIX}{}", base36(number % IDS));
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

    struct Hands(AtomicI64);

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed))
        }
    }

    fn store(limits: BlobLimits) -> (Blobs, Arc<Hands>) {
        let clock = Arc::new(Hands(AtomicI64::new(6_000_000)));
        (Blobs::new(limits, Arc::clone(&clock) as Arc<dyn Clock>), clock)
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
        let handle = blobs.keep("image/png", png).expect("a handle");
        assert_eq!(
            handle.to_string(),
            r#"{"blob":"b_7","type":"image/png","bytes":24,"width":1280,"height":720}"#
        );
        let handle = blobs.keep(TEXT, b"x".to_vec()).expect("a handle");
        assert_eq!(handle.to_string(), r#"{"blob":"b_8","type":"text/plain","bytes":1}"#);
        assert_eq!(blobs.get("b_8").expect("a blob").text(), Some("x"));
        for id in ["b_9", "b_", "8", "", "b_08x", "b_-8", "b_\u{e9}"] {
            assert!(blobs.get(id).is_err(), "{id}");
        }
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
