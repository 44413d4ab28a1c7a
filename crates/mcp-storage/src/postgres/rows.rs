//! Rows that wait to be sent together: one statement for those of many jobs.
//!
//! A job that only adds rows sends nothing itself and needs no savepoint: undoing it is forgetting its
//! rows. They are sent before something looks at their table, and before the commit.

/// Rows for one table.
pub(super) struct Rows<T> {
    /// Not sent yet, in order.
    waiting: Vec<T>,
    /// How many of them are earlier jobs'.
    earlier: usize,
    /// Earlier jobs' rows that were sent inside the present job's savepoint, and are gone again when
    /// the job is undone.
    sent: Vec<T>,
}

impl<T> Rows<T> {
    pub(super) const fn new() -> Self {
        Self { waiting: Vec::new(), earlier: 0, sent: Vec::new() }
    }

    /// From here on rows are the next job's.
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

    /// Leaves out what needs not be sent.
    pub(super) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.waiting.retain(keep);
    }

    /// All that waited have been sent.
    pub(super) fn are_sent(&mut self) {
        self.sent.extend(self.waiting.drain(..).take(self.earlier));
        self.earlier = 0;
    }

    /// The job is undone: its rows are forgotten, and earlier jobs' wait again.
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
        let mut rows = Rows::new();
        rows.begin_job();
        rows.push(1);
        rows.begin_job();
        rows.push(2);
        rows.undo_job();
        assert_eq!(rows.waiting(), [1]);
    }

    #[test]
    fn rows_of_earlier_jobs_that_were_sent_in_a_job_that_is_undone_wait_again() {
        let mut rows = Rows::new();
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
