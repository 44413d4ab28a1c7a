//! The JSON text of a result, read in parts if it is long.

use crate::action::BeginWork;
use crate::answer::Answer;
use crate::error::{ActionError, ErrorCode};
use crate::memory::{Freshness, Store, StoreRuns};

/// The JSON text of a result: its beginning, and a rest that is read on demand.
///
/// Each part of a list is read in a transaction of its own, so that a slow client holds no reader and
/// no snapshot. Rows that exist from the first part to the last are in the list once, in order; rows
/// that are added, changed or removed meanwhile may be missing.
pub struct Reply {
    beginning: String,
    rest: Rest,
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self { beginning: text, rest: Rest { answer: None } }
    }
}

impl Reply {
    /// Reads the beginning of a text: all of it, unless it is long.
    ///
    /// # Errors
    /// Returns the store's error.
    pub async fn read(
        freshness: Freshness,
        answer: Answer,
        store: &dyn Store,
    ) -> Result<Self, ActionError> {
        let (beginning, answer) = next_part(freshness, answer, store).await?;
        Ok(Self { beginning, rest: Rest { answer: Some(answer) } })
    }

    /// Runs the work and reads the beginning of its text in the same transaction.
    pub(super) async fn begin(begin: BeginWork, store: &dyn Store) -> Result<Self, ActionError> {
        let (beginning, answer) = store
            .read_for(Freshness::Writes, move |memory| {
                let mut answer = begin(memory)?;
                answer.next_part(memory).map(|text| (text, answer))
            })
            .await??;
        Ok(Self { beginning, rest: Rest { answer: Some(answer) } })
    }

    /// Returns the beginning of the text.
    #[must_use]
    pub fn beginning(&self) -> &str {
        &self.beginning
    }

    /// Returns the beginning and the rest.
    #[must_use]
    pub fn into_parts(self) -> (String, Rest) {
        (self.beginning, self.rest)
    }

    /// Returns the whole text.
    ///
    /// # Errors
    /// Returns `PayloadTooLarge` if the text has more bytes, or the store's error.
    pub async fn whole(self, store: &dyn Store, bytes: usize) -> Result<String, ActionError> {
        let (mut text, mut rest) = self.into_parts();
        loop {
            if text.len() > bytes {
                let message = format!("The result has more than {bytes} bytes; ask for less");
                return Err(ActionError::new(ErrorCode::PayloadTooLarge, message));
            }
            match rest.next(store).await? {
                Some(part) => text.push_str(&part),
                None => return Ok(text),
            }
        }
    }
}

/// The text after the beginning.
pub struct Rest {
    answer: Option<Answer>,
}

impl Rest {
    /// Returns whether the text has ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answer.as_ref().is_none_or(Answer::is_finished)
    }

    /// Returns the next part, which is not empty, or `None` at the end.
    ///
    /// # Errors
    /// Returns the store's error. The text is incomplete then.
    pub async fn next(&mut self, store: &dyn Store) -> Result<Option<String>, ActionError> {
        while let Some(answer) = self.answer.take_if(|answer| !answer.is_finished()) {
            let (text, answer) = next_part(Freshness::Writes, answer, store).await?;
            self.answer = Some(answer);
            if !text.is_empty() {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Returns the row counts of the finished lists.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        self.answer.as_ref().map_or(&[], Answer::counts)
    }
}

async fn next_part(
    freshness: Freshness,
    mut answer: Answer,
    store: &dyn Store,
) -> Result<(String, Answer), ActionError> {
    store
        .read_for(freshness, move |memory| answer.next_part(memory).map(|text| (text, answer)))
        .await?
}
