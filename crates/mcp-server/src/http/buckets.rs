//! A bounded table of the clients that have a rate bucket of their own.
//!
//! actix-governor keeps a bucket for each key that it ever saw. Here the key is a number up to the
//! bound. When a client's bucket is full again, it is like a new one, and its number goes to the next
//! client. While all numbers are taken, new clients share one bucket.

use std::{collections::HashMap, net::IpAddr, num::NonZeroU32, time::Duration};

use parking_lot::Mutex;

/// The bucket that clients without one of their own share.
pub(super) const SHARED: u32 = 0;

/// The least time between two walks of a full table: a flood of new addresses does not make each
/// request walk it.
const RECLAIM_EVERY: Duration = Duration::from_secs(1);
/// The time between two walks of a table that is not full: it shrinks after a flood.
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Assigns bucket numbers to clients. Times are since the server's start.
#[derive(Debug)]
pub(super) struct Buckets {
    bound: u32,
    /// The time in which one request comes back.
    period: Duration,
    /// The time in which a whole burst comes back.
    refill: Duration,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    clients: HashMap<IpAddr, Client>,
    /// Numbers up to `highest` that no client has.
    free: Vec<u32>,
    highest: u32,
    reclaimed: Duration,
}

#[derive(Debug)]
struct Client {
    bucket: u32,
    /// The time at which the bucket is full again, or a little later: rejected requests count too.
    full_at: Duration,
}

/// A client's bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) number: u32,
    /// Whether to drop the buckets that are full.
    pub(super) is_time_to_tidy: bool,
}

impl Buckets {
    /// Creates a table for `bound` clients with `burst` requests each, of which one comes back every
    /// `period`.
    pub(super) fn new(bound: u32, burst: NonZeroU32, period: Duration) -> Self {
        Self { bound, period, refill: period * burst.get(), table: Mutex::default() }
    }

    /// Returns the bucket for a client's request at `now`.
    pub(super) fn of(&self, client: IpAddr, now: Duration) -> Bucket {
        let mut table = self.table.lock();
        let since = now.saturating_sub(table.reclaimed);
        let is_time_to_tidy = since >= TIDY_EVERY;
        if is_time_to_tidy || since >= RECLAIM_EVERY && table.is_full(self.bound) {
            table.reclaim(now);
        }
        if let Some(known) = table.clients.get_mut(&client) {
            let full_at = known.full_at.max(now) + self.period;
            known.full_at = full_at.min(now + self.refill);
            return Bucket { number: known.bucket, is_time_to_tidy };
        }
        let Some(bucket) = table.take(self.bound) else {
            return Bucket { number: SHARED, is_time_to_tidy };
        };
        table.clients.insert(client, Client { bucket, full_at: now + self.period });
        Bucket { number: bucket, is_time_to_tidy }
    }
}

impl Table {
    fn is_full(&self, bound: u32) -> bool {
        self.free.is_empty() && self.highest == bound
    }

    fn take(&mut self, bound: u32) -> Option<u32> {
        if let Some(bucket) = self.free.pop() {
            return Some(bucket);
        }
        (self.highest < bound).then(|| {
            self.highest += 1;
            self.highest
        })
    }

    /// Frees the numbers of the clients whose buckets are full at `now`.
    fn reclaim(&mut self, now: Duration) {
        self.reclaimed = now;
        let free = &mut self.free;
        self.clients.retain(|_, client| {
            let stays = client.full_at > now;
            if !stays {
                free.push(client.bucket);
            }
            stays
        });
        if self.clients.is_empty() {
            self.free.clear();
            self.highest = 0;
        }
        if self.clients.len() < self.clients.capacity() / 8 {
            self.clients.shrink_to_fit();
            self.free.shrink_to_fit();
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Bursts of ten, one request back each second.
    fn buckets(bound: u32) -> Buckets {
        Buckets::new(bound, NonZeroU32::new(10).unwrap(), SECOND)
    }

    fn client(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    fn known(buckets: &Buckets) -> (usize, usize) {
        let table = buckets.table.lock();
        (table.clients.len(), table.clients.capacity())
    }

    #[test]
    fn a_client_keeps_its_bucket_while_it_is_not_full() {
        let buckets = buckets(100);
        let first = buckets.of(client(1), Duration::ZERO).number;
        let second = buckets.of(client(2), Duration::ZERO).number;
        assert!(first != second && first != SHARED && second != SHARED);
        for _ in 0..20 {
            assert_eq!(buckets.of(client(1), SECOND / 2).number, first);
        }
        assert_eq!(buckets.of(client(1), SECOND * 9).number, first);
    }

    #[test]
    fn a_flood_of_addresses_stays_below_the_bound() {
        let buckets = buckets(100_000);
        let mut given = HashSet::new();
        for number in 0..300_000 {
            given.insert(buckets.of(client(number), Duration::ZERO).number);
        }
        assert_eq!(given.len(), 100_001, "a bucket for each of 100,000, and the shared one");
        assert_eq!(known(&buckets).0, 100_000);
        assert_eq!(buckets.of(client(300_000), Duration::ZERO).number, SHARED);
        assert_ne!(buckets.of(client(7), Duration::ZERO).number, SHARED);
    }

    #[test]
    fn a_full_table_takes_back_what_is_full_again() {
        let buckets = buckets(2);
        buckets.of(client(1), Duration::ZERO);
        let busy = buckets.of(client(2), Duration::ZERO).number;
        buckets.of(client(2), Duration::ZERO);
        assert_eq!(buckets.of(client(3), SECOND / 2).number, SHARED);
        let third = buckets.of(client(3), SECOND).number;
        assert!(third != SHARED && third != busy);
        assert_eq!(buckets.of(client(2), SECOND).number, busy);
        assert_eq!(buckets.of(client(1), SECOND).number, SHARED);
    }

    #[test]
    fn the_table_is_walked_at_most_once_a_second_while_it_is_full() {
        let buckets = Buckets::new(1, NonZeroU32::MIN, Duration::from_millis(1));
        buckets.of(client(1), SECOND);
        buckets.of(client(2), SECOND);
        assert_eq!(buckets.of(client(2), SECOND * 3 / 2).number, SHARED);
        assert_ne!(buckets.of(client(2), SECOND * 2).number, SHARED);
    }

    #[test]
    fn the_table_shrinks_when_the_flood_is_over() {
        let buckets = buckets(100_000);
        for number in 0..100_000 {
            assert!(!buckets.of(client(number), Duration::ZERO).is_time_to_tidy);
        }
        assert!(known(&buckets).1 >= 100_000);
        assert!(buckets.of(client(1), SECOND * 60).is_time_to_tidy);
        assert!(!buckets.of(client(1), SECOND * 61).is_time_to_tidy);
        let (clients, capacity) = known(&buckets);
        assert!(clients == 1 && capacity < 100, "{clients} of {capacity}");
    }
}
