//! The rows of a list, for callers that look into them.

use serde_json::Value;

use crate::answer::{ListWork, PART, PART_ROWS};
use crate::domain::{Page, Part, Position};
use crate::error::ActionError;
use crate::json;
use crate::memory::{Freshness, Memory, Store, StoreRuns};

/// Rows in the first part: a small query reads few.
const FIRST_ROWS: u64 = 125;
/// About how many bytes of a list are written for its log entry, which is cut there.
const LOGGED_BYTES: usize = 1024;

/// The result of a call: JSON text, or a list as rows.
pub enum Opened {
    /// JSON text.
    Text {
        /// The text.
        text: String,
        /// Whether the text is a page and another page follows.
        has_more: bool,
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
    read: Option<Part<Value>>,
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
        rows.beginning = rows.read.as_ref().map_or_else(String::new, first_rows);
        Ok(rows)
    }

    pub(super) fn beginning(&self) -> &str {
        &self.beginning
    }

    /// Returns the next part, which can be empty, or `None` at the end.
    ///
    /// # Errors
    /// Returns the error of the action or the store.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<Part<Value>>, ActionError> {
        if let Some(part) = self.read.take() {
            self.beginning = String::new();
            return Ok(Some(part));
        }
        let Some(mut work) = self.work.take() else { return Ok(None) };
        let page = Page { limit: Some(self.count), ..page_after(self.after) };
        self.count = (self.count * 2).min(PART_ROWS);
        let read = move |memory: &mut dyn Memory| {
            let part = work.values(page, memory)?;
            Ok::<_, ActionError>((part, work))
        };
        let (part, work) = store.read_for(Freshness::Writes, read).await??;
        if part.next.is_some() {
            (self.after, self.work) = (part.next, Some(work));
        }
        Ok(Some(part))
    }
}

/// Returns the first rows as JSON text, enough for the log.
fn first_rows(part: &Part<Value>) -> String {
    let mut text = String::from("[");
    for (_, row) in &part.rows {
        if text.len() > LOGGED_BYTES {
            break;
        }
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&json::text(row).unwrap_or_default());
    }
    text + "]"
}

/// Returns the page after a position, as much as is read at once.
pub(super) fn page_after(after: Option<Position>) -> Page {
    Page { after, ..PART }
}
