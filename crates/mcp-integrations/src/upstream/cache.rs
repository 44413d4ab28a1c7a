//! Answers that are kept, with what it takes to ask whether they still hold (RFC 9110, section 13).

use std::sync::Arc;
use std::time::Duration;

use http::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use mcp_core::Timestamp;
use moka::sync;
use sha2::{Digest, Sha256};

use super::freshness::{Freshness, may_be_kept};
use super::{HttpSettings, Json};

/// About what an entry costs beside its texts, in bytes.
const OVERHEAD: usize = 1024;

/// The longest validator that is kept, in bytes. GitHub's have some 70.
const LONGEST_VALIDATOR: usize = 1024;

/// The longest time that the cache takes.
const LONGEST_TIME: Duration = Duration::from_hours(365 * 24);

/// Whose answer, to what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) account: [u8; 32],
    pub(super) url: String,
}

/// Says whose answers are whose, without holding the token.
pub(super) fn account(name: &str, token: Option<&str>) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(name);
    digest.update([0]);
    digest.update(token.unwrap_or_default());
    digest.finalize().into()
}

/// An answer that is kept.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) json: Json,
    pub(super) freshness: Freshness,
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Stored {
    /// An answer to a request that was sent at this moment.
    pub(super) fn new(json: Json, headers: &HeaderMap, asked: Timestamp) -> Self {
        Self {
            json,
            freshness: Freshness::new(headers, asked, None),
            etag: validator(headers, &ETAG),
            last_modified: validator(headers, &LAST_MODIFIED),
        }
    }

    /// The same answer, after a 304 to a request that was sent at this moment.
    pub(super) fn confirmed(&self, headers: &HeaderMap, asked: Timestamp) -> Self {
        let newer = |name, kept: &Option<HeaderValue>| validator(headers, &name).or(kept.clone());
        Self {
            json: self.json.clone(),
            freshness: Freshness::new(headers, asked, Some(self.freshness)),
            etag: newer(ETAG, &self.etag),
            last_modified: newer(LAST_MODIFIED, &self.last_modified),
        }
    }

    /// The headers that ask whether it still holds.
    pub(super) fn conditions(&self) -> HeaderMap {
        let condition =
            |name: HeaderName, value: &Option<HeaderValue>| Some((name, value.clone()?));
        [condition(IF_NONE_MATCH, &self.etag), condition(IF_MODIFIED_SINCE, &self.last_modified)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// About how many bytes it costs.
    fn size(&self) -> usize {
        let validators = self.etag.iter().chain(&self.last_modified);
        OVERHEAD + self.json.len() + validators.map(HeaderValue::len).sum::<usize>()
    }

    fn is_of_use(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some() || self.freshness.is_some()
    }
}

/// A header that may be kept for long. It is copied: as it came it is a part of all that was read from
/// the connection at once, and would hold on to that.
fn validator(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let bytes = headers.get(name)?.as_bytes();
    (bytes.len() <= LONGEST_VALIDATOR).then(|| HeaderValue::from_bytes(bytes).ok())?
}

/// The kept answers: as many bytes and for as long as the settings say.
pub(super) struct Cache(sync::Cache<Key, Arc<Stored>>);

impl Cache {
    pub(super) fn new(settings: &HttpSettings) -> Self {
        let bytes = if settings.cache_time.is_zero() { 0 } else { settings.cache_bytes };
        let weight = |key: &Key, stored: &Arc<Stored>| {
            u32::try_from(key.url.len() + stored.size()).unwrap_or(u32::MAX)
        };
        let cache = sync::Cache::builder()
            .weigher(weight)
            .max_capacity(bytes)
            .time_to_live(settings.cache_time.clamp(Duration::from_secs(1), LONGEST_TIME));
        Self(cache.build())
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Stored>> {
        self.0.get(key)
    }

    /// Keeps an answer where its headers allow it and it is of use, and forgets the one before.
    pub(super) fn keep(&self, key: Key, stored: Stored, headers: &HeaderMap) {
        if stored.is_of_use() && may_be_kept(headers) {
            self.0.insert(key, Arc::new(stored));
        } else {
            self.0.invalidate(&key);
        }
        // Otherwise the bound would hold only after the next of its rounds.
        self.0.run_pending_tasks();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mcp_core::dispatch::Redactor;

    use super::*;
    use crate::upstream::answer;

    /// An answer of ten bytes with this `ETag`, which is a part of a larger piece of memory.
    fn stored(etag: &'static str) -> (Stored, HeaderMap) {
        let read = Bytes::from(format!("etag: {etag}{}", " ".repeat(1 << 16)));
        let etag = HeaderValue::from_maybe_shared(read.slice(6..6 + etag.len())).expect("a value");
        let headers = HeaderMap::from_iter([(ETAG, etag)]);
        let body = b"[12345678]".to_vec();
        let json = answer::read("GitHub", None, body, &Redactor::new([])).expect("JSON");
        (Stored::new(json, &headers, Timestamp::from_micros(0)), headers)
    }

    #[test]
    fn what_is_kept_is_weighed_and_holds_on_to_nothing_else() {
        let (kept, headers) = stored("\"1\"");
        let confirmed = kept.confirmed(&headers, Timestamp::from_micros(0));
        for of in [&kept, &confirmed] {
            let etag = of.etag.as_ref().expect("it is kept");
            assert_eq!(etag, "\"1\"");
            assert_ne!(etag.as_bytes().as_ptr(), headers[ETAG].as_bytes().as_ptr());
            assert_eq!(of.size(), OVERHEAD + 10 + 3);
        }
    }

    #[test]
    fn a_validator_that_is_too_long_is_not_kept() {
        for (length, is_kept) in [(LONGEST_VALIDATOR, true), (LONGEST_VALIDATOR + 1, false)] {
            let (kept, _) = stored("e".repeat(length).leak());
            assert_eq!((kept.etag.is_some(), kept.is_of_use()), (is_kept, is_kept), "{length}");
        }
    }

    #[test]
    fn every_system_and_token_has_its_own_answers() {
        let accounts = [
            account("GitHub", None),
            account("GitHub", Some("one")),
            account("GitHub", Some("two")),
            account("Figma", Some("one")),
        ];
        for (index, one) in accounts.iter().enumerate() {
            assert!(accounts[..index].iter().all(|other| other != one), "{index}");
        }
    }
}
