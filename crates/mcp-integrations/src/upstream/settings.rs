//! The bounds of asking other systems.

use std::time::Duration;

/// How other systems are asked, and how much of what they say is kept.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// How long making a connection may take. Default: 10 s.
    pub connect_timeout: Duration,
    /// How long a whole call may take, its repetitions and waits included. Default: 30 s.
    pub call_timeout: Duration,
    /// How often a request is sent at most, 1 or more. Default: 3.
    pub tries: u32,
    /// How long the wait before the second try is at most; before each further one it is twice as
    /// long. Where the other system says how long to wait, that counts. Default: 500 ms.
    pub backoff: Duration,
    /// The largest answer, decoded, in bytes. Default: 32 MiB.
    pub body_limit: usize,
    /// How many requests to one system are on their way at once, 1 or more. More wait. Default: 16.
    pub concurrency: usize,
    /// How many bytes of answers are kept. 0 keeps none. Default: 64 MiB.
    pub cache_bytes: u64,
    /// How long an answer is kept at most. 0 keeps none. Default: 1 h.
    pub cache_time: Duration,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(30),
            tries: 3,
            backoff: Duration::from_millis(500),
            body_limit: 32 << 20,
            concurrency: 16,
            cache_bytes: 64 << 20,
            cache_time: Duration::from_hours(1),
        }
    }
}
