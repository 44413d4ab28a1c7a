//! JSON text that is written in parts, each read in a transaction of its own, so that a list of any
//! length takes bounded memory.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::domain::{Page, Part, Position};
use crate::error::ActionError;
use crate::json;
use crate::memory::Memory;

/// Rows read at once.
pub(crate) const PART_ROWS: u64 = 1000;
/// Bytes after which a part ends.
const PART_BYTES: usize = 256 * 1024;
/// The part of a list that is read at once.
pub(crate) const PART: Page = Page { limit: Some(PART_ROWS), bytes: Some(PART_BYTES), ..Page::ALL };

/// Rows as JSON texts, separated by commas.
#[derive(Debug, Default)]
pub struct RowsText {
    /// The texts.
    pub text: String,
    /// The position of each row, and the end of its text. The next text begins after a comma.
    pub rows: Vec<(Position, usize)>,
}

impl RowsText {
    /// Appends rows.
    ///
    /// # Errors
    /// Returns `Internal` if a row has no JSON form.
    pub fn append<T: Serialize>(&mut self, part: &Part<T>) -> Result<(), ActionError> {
        let mut text = std::mem::take(&mut self.text).into_bytes();
        for (position, item) in &part.rows {
            if !text.is_empty() {
                text.push(b',');
            }
            serde_json::to_writer(&mut text, item).map_err(ActionError::internal)?;
            self.rows.push((*position, text.len()));
        }
        self.text = String::from_utf8(text).map_err(ActionError::internal)?;
        Ok(())
    }
}

/// A list that is read in parts.
pub trait ListWork: Send {
    /// Appends a page of rows and returns the position after which the list continues.
    ///
    /// # Errors
    /// Returns the store's error.
    fn part(
        &mut self,
        page: Page,
        memory: &mut dyn Memory,
        rows: &mut RowsText,
    ) -> Result<Option<Position>, ActionError>;

    /// Returns the same page as values, as the lean API shows it.
    ///
    /// # Errors
    /// As [`ListWork::part`].
    fn values(&mut self, page: Page, memory: &mut dyn Memory) -> Result<Part<Value>, ActionError>;
}

impl<F> ListWork for F
where
    F: FnMut(Page, &mut dyn Memory, &mut RowsText) -> Result<Option<Position>, ActionError> + Send,
{
    fn values(&mut self, page: Page, memory: &mut dyn Memory) -> Result<Part<Value>, ActionError> {
        let mut rows = RowsText::default();
        let next = self(page, memory, &mut rows)?;
        let values: Vec<Value> =
            serde_json::from_str(&format!("[{}]", rows.text)).map_err(ActionError::internal)?;
        let positions = rows.rows.into_iter().map(|(position, _)| position);
        Ok(Part { rows: positions.zip(values).collect(), next })
    }

    fn part(
        &mut self,
        page: Page,
        memory: &mut dyn Memory,
        rows: &mut RowsText,
    ) -> Result<Option<Position>, ActionError> {
        self(page, memory, rows)
    }
}

/// Makes a text from the row counts of the lists before it.
type Made = Box<dyn FnOnce(&[u64], &mut dyn Memory) -> Result<String, ActionError> + Send>;

enum Piece {
    Text(Cow<'static, str>),
    Made(Made),
    List(Listing),
}

struct Listing {
    work: Box<dyn ListWork>,
    page: Page,
    rows: u64,
}

/// JSON text that is written in parts.
#[derive(Default)]
pub struct Answer {
    pieces: VecDeque<Piece>,
    counts: Vec<u64>,
}

impl Answer {
    /// Writes a whole list.
    #[must_use]
    pub fn list(work: Box<dyn ListWork>) -> Self {
        Self::default().text("[").rows(Page::ALL, work).text("]")
    }

    /// Writes a value.
    ///
    /// # Errors
    /// Returns `Internal` if the value has no JSON form.
    pub fn of(value: &impl Serialize) -> Result<Self, ActionError> {
        json::text(value).map(|text| Self::default().text(text))
    }

    /// Writes an object whose last member is a list.
    ///
    /// # Errors
    /// Returns `Internal` if the other members are not an object with a member.
    pub fn with_list(
        others: &impl Serialize,
        name: &str,
        work: Box<dyn ListWork>,
    ) -> Result<Self, ActionError> {
        let mut text = json::text(others)?;
        if text.pop() != Some('}') || text == "{" {
            return Err(ActionError::internal("no members before the list"));
        }
        text.extend([",\"", name, "\":["]);
        Ok(Self::default().text(text).rows(Page::ALL, work).text("]}"))
    }

    /// Appends a text.
    #[must_use]
    pub fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.pieces.push_back(Piece::Text(text.into()));
        self
    }

    /// Appends the rows of a page of a list.
    #[must_use]
    pub fn rows(mut self, page: Page, work: Box<dyn ListWork>) -> Self {
        self.pieces.push_back(Piece::List(Listing { work, page, rows: 0 }));
        self
    }

    /// Appends a text that is made later, from the row counts of the lists before it.
    #[must_use]
    pub fn made(
        mut self,
        make: impl FnOnce(&[u64], &mut dyn Memory) -> Result<String, ActionError> + Send + 'static,
    ) -> Self {
        self.pieces.push_back(Piece::Made(Box::new(make)));
        self
    }

    /// Returns the row counts of the finished lists.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Returns the next part of the text, which may be empty.
    ///
    /// # Errors
    /// Returns the store's error. The text is incomplete then.
    pub fn next_part(&mut self, memory: &mut dyn Memory) -> Result<String, ActionError> {
        let mut text = String::new();
        while text.len() < PART_BYTES
            && let Some(piece) = self.pieces.pop_front()
        {
            match piece {
                Piece::Text(fixed) if text.is_empty() => text = fixed.into_owned(),
                Piece::Text(fixed) => text.push_str(&fixed),
                Piece::Made(make) => text.push_str(&make(&self.counts, memory)?),
                Piece::List(mut listing) => {
                    if listing.next_part(&mut text, memory)? {
                        // The rows read bound a part, even if a filter leaves few of them.
                        self.pieces.push_front(Piece::List(listing));
                        break;
                    }
                    self.counts.push(listing.rows);
                }
            }
        }
        Ok(text)
    }

    /// Returns the rest of the text, read in this transaction.
    ///
    /// # Errors
    /// Returns the store's error.
    pub fn whole(mut self, memory: &mut dyn Memory) -> Result<String, ActionError> {
        let mut text = self.next_part(memory)?;
        while !self.is_finished() {
            text.push_str(&self.next_part(memory)?);
        }
        Ok(text)
    }

    /// Returns whether the text is complete.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.pieces.is_empty()
    }
}

impl Listing {
    /// Appends rows; returns whether the list continues.
    fn next_part(
        &mut self,
        text: &mut String,
        memory: &mut dyn Memory,
    ) -> Result<bool, ActionError> {
        let limit = self.page.limit.map_or(PART_ROWS, |left| left.min(PART_ROWS));
        let page = Page { limit: Some(limit), bytes: Some(PART_BYTES), ..self.page };
        let mut rows = RowsText::default();
        let next = self.work.part(page, memory, &mut rows)?;
        if self.rows > 0 && !rows.rows.is_empty() {
            text.push(',');
        }
        text.push_str(&rows.text);
        let read = rows.rows.len() as u64;
        self.rows += read;
        self.page.limit = self.page.limit.map(|left| left - read);
        // The offset counts from the list's start.
        self.page.offset = 0;
        self.page.after = next;
        Ok(next.is_some() && self.page.limit != Some(0))
    }
}
