//! Which clients have a rate bucket of their own: a table that never holds more than its bound.
//!
//! actix-governor keeps a bucket for each key that it ever saw. Here a client is given a number
//! below the bound, and that is the key; when the client's bucket is full again, and so like a new
//! one, the number goes to the next client. While every number is taken, new clients share one.

use std::{
    collections::HashMap,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The bucket of all clients that have none of their own.
pub(super) const SHARED: u32 = 0;

/// While the table is full, numbers are taken back at most this often, so that a flood of new
/// addresses does not make each request walk the table.
const RECLAIM_EVERY: Duration = Duration::from_secs(1);
/// Otherwise they are taken back this often, so that the table shrinks after a flood.
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Hands out bucket numbers. Times are since the server's start.
#[derive(Debug)]
pub(super) struct Buckets {
    bound: u32,
    /// How long one request takes to be given back, and how long a whole burst does.
    period: Duration,
    refill: Duration,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    clients: HashMap<IpAddr, Client>,
    /// Numbers up to `highest` that nobody has.
    free: Vec<u32>,
    highest: u32,
    reclaimed: Duration,
}

#[derive(Debug)]
struct Client {
    bucket: u32,
    /// When the bucket is full again, or a little later: refused requests are counted too.
    full_at: Duration,
}

/// A client's bucket, and whether it is time to drop the buckets that are full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) bucket: u32,
    pub(super) tidy: bool,
}

impl Buckets {
    /// At most `bound` clients; each may have `burst` requests, of which one comes back every
    /// `period`.
    pub(super) fn new(bound: u32, burst: NonZeroU32, period: Duration) -> Self {
        Self { bound, period, refill: period * burst.get(), table: Mutex::default() }
    }

    /// The bucket that this client's request at `now` is taken from.
    pub(super) fn of(&self, client: IpAddr, now: Duration) -> Given {
        // A panic leaves at worst a number that nobody has: the table is still good.
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.saturating_sub(table.reclaimed);
        let tidy = since >= TIDY_EVERY;
        if tidy || since >= RECLAIM_EVERY && table.is_full(self.bound) {
            table.reclaim(now);
        }
        if let Some(known) = table.clients.get_mut(&client) {
            let full_at = known.full_at.max(now) + self.period;
            known.full_at = full_at.min(now + self.refill);
            return Given { bucket: known.bucket, tidy };
        }
        let Some(bucket) = table.take(self.bound) else {
            return Given { bucket: SHARED, tidy };
        };
        table.clients.insert(client, Client { bucket, full_at: now + self.period });
        Given { bucket, tidy }
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

    /// Takes back the numbers of all clients whose buckets are full at `now`.
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
        let table = buckets.table.lock().unwrap();
        (table.clients.len(), table.clients.capacity())
    }

    #[test]
    fn a_client_keeps_its_bucket_while_it_is_not_full() {
        let buckets = buckets(100);
        let first = buckets.of(client(1), Duration::ZERO).bucket;
        let second = buckets.of(client(2), Duration::ZERO).bucket;
        assert!(first != second && first != SHARED && second != SHARED);
        for _ in 0..20 {
            assert_eq!(buckets.of(client(1), SECOND / 2).bucket, first);
        }
        assert_eq!(buckets.of(client(1), SECOND * 9).bucket, first);
    }

    #[test]
    fn a_flood_of_addresses_stays_below_the_bound() {
        let buckets = buckets(100_000);
        let mut given = HashSet::new();
        for number in 0..300_000 {
            given.insert(buckets.of(client(number), Duration::ZERO).bucket);
        }
        assert_eq!(given.len(), 100_001, "a bucket for each of 100,000, and the shared one");
        assert_eq!(known(&buckets).0, 100_000);
        assert_eq!(buckets.of(client(300_000), Duration::ZERO).bucket, SHARED);
        assert_ne!(buckets.of(client(7), Duration::ZERO).bucket, SHARED);
    }

    #[test]
    fn a_full_table_takes_back_what_is_full_again() {
        let buckets = buckets(2);
        buckets.of(client(1), Duration::ZERO);
        let busy = buckets.of(client(2), Duration::ZERO).bucket;
        buckets.of(client(2), Duration::ZERO);
        assert_eq!(buckets.of(client(3), SECOND / 2).bucket, SHARED);
        let third = buckets.of(client(3), SECOND).bucket;
        assert!(third != SHARED && third != busy);
        assert_eq!(buckets.of(client(2), SECOND).bucket, busy);
        assert_eq!(buckets.of(client(1), SECOND).bucket, SHARED);
    }

    #[test]
    fn the_table_is_walked_at_most_once_a_second_while_it_is_full() {
        let buckets = Buckets::new(1, NonZeroU32::MIN, Duration::from_millis(1));
        buckets.of(client(1), SECOND);
        buckets.of(client(2), SECOND);
        assert_eq!(buckets.of(client(2), SECOND * 3 / 2).bucket, SHARED);
        assert_ne!(buckets.of(client(2), SECOND * 2).bucket, SHARED);
    }

    #[test]
    fn the_table_shrinks_when_the_flood_is_over() {
        let buckets = buckets(100_000);
        for number in 0..100_000 {
            assert!(!buckets.of(client(number), Duration::ZERO).tidy);
        }
        assert!(known(&buckets).1 >= 100_000);
        assert!(buckets.of(client(1), SECOND * 60).tidy);
        assert!(!buckets.of(client(1), SECOND * 61).tidy);
        let (clients, capacity) = known(&buckets);
        assert!(clients == 1 && capacity < 100, "{clients} of {capacity}");
    }
}
