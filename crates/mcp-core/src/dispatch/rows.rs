//! The rows of a list, for callers that look into them.

use crate::answer::{ListWork, PART, PART_ROWS, RowsText};
use crate::domain::{Page, Position};
use crate::error::ActionError;
use crate::memory::{Freshness, Store, StoreRuns};

/// Rows in the first part: a small query reads few.
const FIRST_ROWS: u64 = 125;

/// The result of a call: JSON text, or a list as rows.
pub enum Opened {
    /// JSON text.
    Text {
        /// The text.
        text: String,
        /// Whether the text is a page and another page follows.
        goes_on: bool,
    },
    /// Rows.
    Rows(Rows),
}

/// The rows of a list. Each part is read in a transaction of its own.
pub struct Rows {
    /// `None` after the last part.
    work: Option<Box<dyn ListWork>>,
    after: Option<Position>,
    /// Rows in the next part.
    count: u64,
    /// The first part, read already for the log entry.
    read: Option<RowsText>,
    beginning: String,
}

impl Rows {
    pub(super) async fn open(
        work: Box<dyn ListWork>,
        after: Option<Position>,
        store: &dyn Store,
    ) -> Result<Self, ActionError> {
        let (read, beginning) = (None, String::new());
        let mut rows = Self { work: Some(work), after, count: FIRST_ROWS, read, beginning };
        rows.read = rows.next(store).await?;
        rows.beginning =
            rows.read.as_ref().map_or_else(String::new, |part| format!("[{}]", part.text));
        Ok(rows)
    }

    pub(super) fn beginning(&self) -> &str {
        &self.beginning
    }

    /// Returns the next part, which can be empty, or `None` at the end.
    ///
    /// # Errors
    /// Returns the error of the action or the store.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<RowsText>, ActionError> {
        if let Some(part) = self.read.take() {
            self.beginning = String::new();
            return Ok(Some(part));
        }
        let Some(mut work) = self.work.take() else { return Ok(None) };
        let page = Page { limit: Some(self.count), ..page_after(self.after) };
        self.count = (self.count * 2).min(PART_ROWS);
        let (rows, next, work) = store
            .read_for(Freshness::Writes, move |memory| {
                let mut rows = RowsText::default();
                let next = work.lean_part(page, memory, &mut rows)?;
                Ok::<_, ActionError>((rows, next, work))
            })
            .await??;
        if next.is_some() {
            (self.after, self.work) = (next, Some(work));
        }
        Ok(Some(rows))
    }
}

/// Returns the next part of a list.
pub(super) fn page_after(after: Option<Position>) -> Page {
    Page { after, ..PART }
}
