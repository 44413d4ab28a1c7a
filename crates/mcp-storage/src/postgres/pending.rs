//! Pending that wait to be sent, so that one statement sends those of many jobs.
//!
//! A job that only adds rows sends no statement and needs no savepoint: undoing it removes its rows
//! from the list. Pending are sent before a statement reads their table, and before the commit.

/// The pending rows of one table.
pub(super) struct Pending<T> {
    /// The rows that are not sent, in order.
    waiting: Vec<T>,
    /// How many of them belong to earlier jobs.
    earlier: usize,
    /// Earlier jobs' rows that were sent inside the current job's savepoint. If the job is undone,
    /// they are pending again.
    sent: Vec<T>,
}

impl<T> Pending<T> {
    pub(super) const fn new() -> Self {
        Self { waiting: Vec::new(), earlier: 0, sent: Vec::new() }
    }

    /// Assigns the following rows to the next job.
    pub(super) fn begin_job(&mut self) {
        self.earlier = self.waiting.len();
        self.sent.clear();
    }

    pub(super) fn push(&mut self, row: T) {
        self.waiting.push(row);
    }

    pub(super) fn waiting(&self) -> &[T] {
        &self.waiting
    }

    /// Removes rows that need not be sent.
    pub(super) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.waiting.retain(keep);
    }

    /// Marks all pending rows as sent.
    pub(super) fn are_sent(&mut self) {
        self.sent.extend(self.waiting.drain(..).take(self.earlier));
        self.earlier = 0;
    }

    /// Removes the current job's rows. Earlier jobs' rows are pending again.
    pub(super) fn undo_job(&mut self) {
        self.waiting.truncate(self.earlier);
        self.waiting.splice(0..0, self.sent.drain(..));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undoing_a_job_forgets_its_rows_and_no_others() {
        let mut rows = Pending::new();
        rows.begin_job();
        rows.push(1);
        rows.begin_job();
        rows.push(2);
        rows.undo_job();
        assert_eq!(rows.waiting(), [1]);
    }

    #[test]
    fn rows_of_earlier_jobs_that_were_sent_in_a_job_that_is_undone_wait_again() {
        let mut rows = Pending::new();
        for row in [1, 2] {
            rows.begin_job();
            rows.push(row);
        }
        rows.begin_job();
        rows.push(3);
        rows.are_sent();
        rows.push(4);
        rows.are_sent();
        rows.push(5);
        rows.undo_job();
        assert_eq!(rows.waiting(), [1, 2]);
        rows.begin_job();
        rows.are_sent();
        rows.begin_job();
        rows.undo_job();
        assert_eq!(rows.waiting(), [0; 0]);
    }
}
