//! What a call gives back: JSON text, whole or the beginning of a long list.

use crate::action::BeginWork;
use crate::answer::Answer;
use crate::error::{ActionError, ErrorCode};
use crate::memory::{Freshness, Store, StoreRuns};

/// JSON text, whole or a beginning whose rest is read when it is asked for.
///
/// Each part of a list is read in a transaction of its own, so that a client that is slow in taking
/// them holds no reader and no snapshot. What is there from the first part to the last is in the
/// list once, in its order; what is added, changed or removed meanwhile may or may not be.
pub struct Reply {
    beginning: String,
    /// What the beginning is of, where it is read in parts.
    rest: Rest,
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self { beginning: text, rest: Rest { answer: None } }
    }
}

impl Reply {
    /// Reads the beginning of an answer: all of it, unless it is long.
    ///
    /// # Errors
    /// With what the caller is told.
    pub async fn read(
        freshness: Freshness,
        answer: Answer,
        store: &dyn Store,
    ) -> Result<Self, ActionError> {
        let (beginning, answer) = next_part(freshness, answer, store).await?;
        Ok(Self { beginning, rest: Rest { answer: Some(answer) } })
    }

    /// Begins an answer, and reads its beginning in the same transaction.
    pub(super) async fn begin(begin: BeginWork, store: &dyn Store) -> Result<Self, ActionError> {
        let (beginning, answer) = store
            .read_for(Freshness::Writes, move |memory| {
                let mut answer = begin(memory)?;
                answer.next_part(memory).map(|text| (text, answer))
            })
            .await??;
        Ok(Self { beginning, rest: Rest { answer: Some(answer) } })
    }

    /// The whole text, or its beginning.
    #[must_use]
    pub fn beginning(&self) -> &str {
        &self.beginning
    }

    /// The beginning, and what follows it.
    #[must_use]
    pub fn into_parts(self) -> (String, Rest) {
        (self.beginning, self.rest)
    }

    /// The whole text, if it has at most so many bytes.
    ///
    /// # Errors
    /// [`ErrorCode::PayloadTooLarge`] when it has more; otherwise with what the caller is told.
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

/// What follows the beginning of an answer.
pub struct Rest {
    answer: Option<Answer>,
}

impl Rest {
    /// Whether nothing follows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answer.as_ref().is_none_or(Answer::is_finished)
    }

    /// The next part of the text, which is not empty; `None` behind the last.
    ///
    /// # Errors
    /// With what the caller would be told. What came before is no whole answer then.
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

    /// How many rows each list had that is finished.
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
