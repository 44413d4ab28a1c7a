//! The rows of a list, for callers that look into them.

use serde_json::Value;

use crate::answer::{ListWork, PART, PART_ROWS};
use crate::domain::{Page, Part, Position};
use crate::error::ActionError;
use crate::json;
use crate::memory::{Freshness, Memory, Store, StoreRuns};

/// How many rows are read first: who wants a few is not given a thousand.
const FIRST_ROWS: u64 = 125;
/// About how many bytes of a list are written for its log entry, which is cut there.
const LOGGED_BYTES: usize = 1024;

/// What an action answered: JSON text, or the rows of a list that is read in parts.
pub enum Opened {
    /// JSON text.
    Text {
        /// The text.
        text: String,
        /// Whether it is a page and another follows.
        goes_on: bool,
    },
    /// Rows.
    Rows(Rows),
}

/// The rows of a list, read a part at a time, each in a transaction of its own.
pub struct Rows {
    /// None behind the last part.
    work: Option<Box<dyn ListWork>>,
    after: Option<Position>,
    /// How many are read next.
    count: u64,
    /// Read already, for the log, and as it stands there.
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

    /// The next rows; none behind the last. A part can be empty.
    ///
    /// # Errors
    /// With what the caller is told.
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

/// A part of a list, as much as is read at once.
pub(super) fn page_after(after: Option<Position>) -> Page {
    Page { after, ..PART }
}
