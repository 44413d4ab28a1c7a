//! Log entries that wait for a commit.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mcp_core::domain::LogEntry;

/// How long an entry may wait for a commit to share. No caller waits for it.
const MAX_WAIT: Duration = Duration::from_millis(100);
/// The wait of entries that could not be stored.
const RETRY_WAIT: Duration = Duration::from_secs(1);
/// The number of bytes above which entries are stored at once.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The entries that wait for a commit, oldest first.
pub(crate) struct PendingEntries {
    entries: VecDeque<LogEntry>,
    bytes: usize,
    /// The deadline for storing the entries; `None` without entries.
    due: Option<Instant>,
    /// The maximum number of stored entries. Older pending ones need not be stored.
    retention: usize,
    lost: u64,
}

impl PendingEntries {
    pub(crate) fn new(retention: u32) -> Self {
        let retention = retention as usize;
        Self { entries: VecDeque::new(), bytes: 0, due: None, retention, lost: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Adds an entry. Returns whether the entries are so large that callers should wait for a commit.
    pub(crate) fn push(&mut self, entry: LogEntry) -> bool {
        if self.retention == 0 {
            return false;
        }
        self.bytes += entry.size();
        self.entries.push_back(entry);
        if self.entries.len() > self.retention {
            self.drop_oldest();
        }
        let is_large = self.bytes > MAX_BYTES;
        if is_large {
            self.due = Some(Instant::now());
        } else {
            self.due.get_or_insert_with(|| Instant::now() + MAX_WAIT);
        }
        is_large
    }

    /// Takes all entries.
    pub(crate) fn take(&mut self) -> VecDeque<LogEntry> {
        self.bytes = 0;
        self.due = None;
        std::mem::take(&mut self.entries)
    }

    /// Puts back entries that could not be stored, as far as they are within the limits.
    pub(crate) fn put_back(&mut self, mut entries: VecDeque<LogEntry>) {
        self.bytes += entries.iter().map(LogEntry::size).sum::<usize>();
        entries.append(&mut self.entries);
        self.entries = entries;
        while self.entries.len() > self.retention {
            self.drop_oldest();
        }
        let mut lost = 0;
        while self.bytes > MAX_BYTES {
            self.drop_oldest();
            lost += 1;
        }
        if !self.entries.is_empty() {
            self.due = Some(Instant::now() + RETRY_WAIT);
        }
        self.count_lost(lost);
    }

    /// Makes the entries due now.
    pub(crate) fn hurry(&mut self) {
        if !self.entries.is_empty() {
            self.due = Some(Instant::now());
        }
    }

    /// Drops all entries, and counts them as lost.
    pub(crate) fn lose_all(&mut self) {
        let entries = std::mem::take(&mut self.entries);
        self.count_lost(entries.len());
    }

    /// Counts entries that were accepted and lost.
    pub(crate) fn count_lost(&mut self, entries: usize) {
        if entries > 0 {
            self.lost += entries as u64;
            log::error!("{entries} log entries are lost: they could not be stored");
        }
    }

    /// Returns the number of entries that were accepted and lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.size();
        }
    }
}
