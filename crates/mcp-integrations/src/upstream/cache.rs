//! The cache of responses, with their validators (RFC 9110, section 13).

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use mcp_core::Timestamp;
use moka::sync;
use sha2::{Digest, Sha256};

use super::freshness::{Freshness, may_be_stored};
use super::{HttpSettings, Json, Request};

/// The approximate size of an entry besides its strings, in bytes.
const OVERHEAD: usize = 1024;

/// The maximum length of a stored validator, in bytes. GitHub's have about 70.
const MAX_VALIDATOR: usize = 1024;

/// Caps the time to live below the limit at which moka panics (1000 years).
const MAX_TIME: Duration = Duration::from_hours(365 * 24);

/// The account and the URL of a response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) account: [u8; 32],
    pub(super) url: String,
}

/// Returns a digest that identifies the account without revealing the text that does.
pub(super) fn account(name: &str, identity: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(name);
    digest.update([0]);
    digest.update(identity);
    digest.finalize().into()
}

impl Key {
    /// Returns the key of a request. Responses to requests that differ in the method or in their
    /// header fields are kept apart.
    pub(super) fn new(mut account: [u8; 32], request: &Request) -> Self {
        if request.method != Method::GET || !request.headers.is_empty() {
            let mut digest = Sha256::new();
            digest.update(account);
            digest.update(request.method.as_str());
            for (name, value) in &request.headers {
                for part in [name.as_str().as_bytes(), value.as_bytes()] {
                    digest.update(part.len().to_le_bytes());
                    digest.update(part);
                }
            }
            account = digest.finalize().into();
        }
        Self { account, url: request.url.as_str().to_owned() }
    }

    /// Returns the key of a flight. One that started before a write is not joined after it.
    pub(super) fn since(&self, written: Timestamp) -> Self {
        let mut key = self.clone();
        for (byte, part) in key.account.iter_mut().zip(written.as_micros().to_le_bytes()) {
            *byte ^= part;
        }
        key
    }
}

/// A cached response.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) json: Json,
    pub(super) freshness: Freshness,
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Stored {
    /// Creates an entry for the response to a request that was sent at `requested`.
    pub(super) fn new(json: Json, headers: &HeaderMap, requested: Timestamp) -> Self {
        Self {
            json,
            freshness: Freshness::new(headers, requested, None),
            etag: validator(headers, &ETAG),
            last_modified: validator(headers, &LAST_MODIFIED),
        }
    }

    /// Returns the entry after a 304 to a request that was sent at `requested`.
    pub(super) fn confirmed(&self, headers: &HeaderMap, requested: Timestamp) -> Self {
        let newer = |name, old: &Option<HeaderValue>| validator(headers, &name).or(old.clone());
        Self {
            json: self.json.clone(),
            freshness: Freshness::new(headers, requested, Some(self.freshness)),
            etag: newer(ETAG, &self.etag),
            last_modified: newer(LAST_MODIFIED, &self.last_modified),
        }
    }

    /// Returns the headers of a conditional request.
    pub(super) fn conditions(&self) -> HeaderMap {
        let condition =
            |name: HeaderName, value: &Option<HeaderValue>| Some((name, value.clone()?));
        [condition(IF_NONE_MATCH, &self.etag), condition(IF_MODIFIED_SINCE, &self.last_modified)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Returns the approximate size in bytes.
    fn size(&self) -> usize {
        let validators = self.etag.iter().chain(&self.last_modified);
        OVERHEAD + self.json.len() + validators.map(HeaderValue::len).sum::<usize>()
    }

    fn is_useful(&self) -> bool {
        self.etag.is_some() || self.last_modified.is_some() || self.freshness.is_some()
    }
}

/// Copies a header that may be stored for long. The original is a slice of the connection's read
/// buffer, and would keep all of that buffer alive.
fn validator(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let bytes = headers.get(name)?.as_bytes();
    (bytes.len() <= MAX_VALIDATOR).then(|| HeaderValue::from_bytes(bytes).ok())?
}

/// The cached responses, limited in bytes and in time by the settings.
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
            .time_to_live(settings.cache_time.clamp(Duration::from_secs(1), MAX_TIME));
        Self(cache.build())
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Stored>> {
        self.0.get(key)
    }

    /// Stores a response if its headers allow it and it is useful; otherwise removes the older one.
    pub(super) fn store(&self, key: Key, stored: Stored, headers: &HeaderMap) {
        if stored.is_useful() && may_be_stored(headers) {
            self.0.insert(key, Arc::new(stored));
        } else {
            self.0.invalidate(&key);
        }
        // Otherwise moka enforces the limit only later.
        self.0.run_pending_tasks();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use mcp_core::dispatch::Redactor;

    use super::*;
    use crate::upstream::json;

    /// Returns a response of ten bytes whose `ETag` is a slice of a larger buffer.
    fn stored(etag: &'static str) -> (Stored, HeaderMap) {
        let read = Bytes::from(format!("etag: {etag}{}", " ".repeat(1 << 16)));
        let etag = HeaderValue::from_maybe_shared(read.slice(6..6 + etag.len())).expect("a value");
        let headers = HeaderMap::from_iter([(ETAG, etag)]);
        let body = b"[12345678]".to_vec();
        let json = json::read("GitHub", None, body, &Redactor::new([])).expect("JSON");
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
        for (length, is_stored) in [(MAX_VALIDATOR, true), (MAX_VALIDATOR + 1, false)] {
            let (kept, _) = stored("e".repeat(length).leak());
            assert_eq!((kept.etag.is_some(), kept.is_useful()), (is_stored, is_stored), "{length}");
        }
    }

    #[test]
    fn every_system_and_token_has_its_own_answers() {
        let accounts = [
            account("GitHub", ""),
            account("GitHub", "one"),
            account("GitHub", "two"),
            account("Figma", "one"),
        ];
        for (index, one) in accounts.iter().enumerate() {
            assert!(accounts[..index].iter().all(|other| other != one), "{index}");
        }
    }
}
