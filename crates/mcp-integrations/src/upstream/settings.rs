//! The limits of calls of other systems.

use std::time::Duration;

/// The limits of calls of other systems, and of their cache.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The timeout of a connection attempt. Default: 10 s.
    pub connect_timeout: Duration,
    /// The timeout of a call with all its attempts and waits. Default: 30 s.
    pub call_timeout: Duration,
    /// The maximum number of attempts, at least 1. Default: 3.
    pub attempts: u32,
    /// The maximum wait before the second attempt. It doubles before each further one. A wait that
    /// the upstream names takes precedence. Default: 500 ms.
    pub backoff: Duration,
    /// The maximum size of a decoded response, in bytes. Default: 32 MiB.
    pub body_limit: usize,
    /// The maximum number of concurrent requests to one upstream, at least 1. More wait. Default:
    /// 16.
    pub concurrency: usize,
    /// The size of the cache in bytes; 0 disables it. Default: 64 MiB.
    pub cache_bytes: u64,
    /// The maximum age of a cached response; 0 disables the cache. Default: 1 h.
    pub cache_time: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(30),
            attempts: 3,
            backoff: Duration::from_millis(500),
            body_limit: 32 << 20,
            concurrency: 16,
            cache_bytes: 64 << 20,
            cache_time: Duration::from_hours(1),
        }
    }
}
