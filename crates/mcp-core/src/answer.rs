//! Answers that are made a part at a time, so that a list of a million rows never stands in memory
//! whole: JSON text that comes out in pieces, each read in a transaction of its own.

use std::borrow::Cow;
use std::collections::VecDeque;

use serde::Serialize;
use serde_json::Value;

use crate::domain::{Page, Part, Position};
use crate::error::ActionError;
use crate::json;
use crate::memory::Memory;

/// How many rows are read at once.
pub(crate) const PART_ROWS: u64 = 1000;
/// How many bytes a part has before it is handed on.
const PART_BYTES: usize = 256 * 1024;
/// As much of a list as is read at once.
pub(crate) const PART: Page = Page { limit: Some(PART_ROWS), bytes: Some(PART_BYTES), ..Page::ALL };

/// Rows of a list as JSON texts, with commas between them.
#[derive(Debug, Default)]
pub struct RowsText {
    /// The texts.
    pub text: String,
    /// Where each row stands, and where its text ends. The next begins one byte behind, after the
    /// comma.
    pub rows: Vec<(Position, usize)>,
}

impl RowsText {
    /// Appends rows.
    ///
    /// # Errors
    /// When one is no JSON, which is a fault of the program.
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

/// A list that is read from the memory a part at a time.
pub trait ListWork: Send {
    /// Appends the items of a page. Gives back behind what the list may go on.
    ///
    /// # Errors
    /// With what the caller is told.
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

/// A text that is made when its turn comes, and knows how many rows each list before it had.
type Made = Box<dyn FnOnce(&[u64], &mut dyn Memory) -> Result<String, ActionError> + Send>;

enum Step {
    Text(Cow<'static, str>),
    Made(Made),
    List(Listing),
}

struct Listing {
    work: Box<dyn ListWork>,
    /// What is still wanted.
    page: Page,
    rows: u64,
}

/// JSON text that is made a part at a time.
#[derive(Default)]
pub struct Answer {
    steps: VecDeque<Step>,
    counts: Vec<u64>,
}

impl Answer {
    /// A list, whole.
    #[must_use]
    pub fn list(work: Box<dyn ListWork>) -> Self {
        Self::default().text("[").rows(Page::ALL, work).text("]")
    }

    /// What is there already, as JSON.
    ///
    /// # Errors
    /// When it is no JSON, which is a fault of the program.
    pub fn of(value: &impl Serialize) -> Result<Self, ActionError> {
        json::text(value).map(|text| Self::default().text(text))
    }

    /// An object whose last member is a list, whole, behind other members.
    ///
    /// # Errors
    /// When the others are no JSON object with a member, which is a fault of the program.
    pub fn with_list(
        others: &impl Serialize,
        name: &str,
        work: Box<dyn ListWork>,
    ) -> Result<Self, ActionError> {
        let mut text = json::text(others)?;
        if text.pop() != Some('}') || text == "{" {
            return Err(ActionError::internal("there are no members for a list to stand behind"));
        }
        text.extend([",\"", name, "\":["]);
        Ok(Self::default().text(text).rows(Page::ALL, work).text("]}"))
    }

    /// With this text behind what is there.
    #[must_use]
    pub fn text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.steps.push_back(Step::Text(text.into()));
        self
    }

    /// With the rows of a page of a list.
    #[must_use]
    pub fn rows(mut self, page: Page, work: Box<dyn ListWork>) -> Self {
        self.steps.push_back(Step::List(Listing { work, page, rows: 0 }));
        self
    }

    /// With a text that is made when its turn comes, from the counts of the lists before it.
    #[must_use]
    pub fn made(
        mut self,
        make: impl FnOnce(&[u64], &mut dyn Memory) -> Result<String, ActionError> + Send + 'static,
    ) -> Self {
        self.steps.push_back(Step::Made(Box::new(make)));
        self
    }

    /// How many rows each list had that is finished.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The next part of the text: the rest, or as much as is handed on at once; it may be empty.
    ///
    /// # Errors
    /// With what the caller is told; what came before is no whole answer then.
    pub fn next_part(&mut self, memory: &mut dyn Memory) -> Result<String, ActionError> {
        let mut text = String::new();
        while text.len() < PART_BYTES
            && let Some(step) = self.steps.pop_front()
        {
            match step {
                // What was made already is not copied.
                Step::Text(fixed) if text.is_empty() => text = fixed.into_owned(),
                Step::Text(fixed) => text.push_str(&fixed),
                Step::Made(make) => text.push_str(&make(&self.counts, memory)?),
                Step::List(mut listing) => {
                    if listing.next_part(&mut text, memory)? {
                        // A part costs what is looked at for it, whatever of that is in it.
                        self.steps.push_front(Step::List(listing));
                        break;
                    }
                    self.counts.push(listing.rows);
                }
            }
        }
        Ok(text)
    }

    /// The rest of the text, all of it in this transaction.
    ///
    /// # Errors
    /// With what the caller is told.
    pub fn whole(mut self, memory: &mut dyn Memory) -> Result<String, ActionError> {
        let mut text = self.next_part(memory)?;
        while !self.is_finished() {
            text.push_str(&self.next_part(memory)?);
        }
        Ok(text)
    }

    /// Whether all of it was made.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Listing {
    /// Appends rows; false at the list's end.
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
        // Behind a place nothing is left out any more.
        self.page.offset = 0;
        self.page.after = next;
        Ok(next.is_some() && self.page.limit != Some(0))
    }
}
