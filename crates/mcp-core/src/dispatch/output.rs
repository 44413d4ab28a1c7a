//! The result of a call before it takes the form that its caller wants.

use super::{Opened, Reply, Rows};
use crate::domain::Position;
use crate::error::ActionError;

/// The form in which a caller takes a list.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// JSON text, in parts if it is long.
    Text,
    /// Rows after a position.
    Rows(Option<Position>),
}

/// The result of an action.
pub(super) enum Output {
    Text { text: String, has_more: bool },
    Parts(Reply),
    Rows(Rows),
}

impl Output {
    pub(super) fn text(text: String) -> Self {
        Self::Text { text, has_more: false }
    }

    /// The beginning of the JSON text, for the log.
    pub(super) fn beginning(&self) -> &str {
        match self {
            Self::Text { text, .. } => text,
            Self::Parts(reply) => reply.beginning(),
            Self::Rows(rows) => rows.beginning(),
        }
    }

    pub(super) fn into_reply(self) -> Result<Reply, ActionError> {
        match self {
            Self::Text { text, .. } => Ok(text.into()),
            Self::Parts(reply) => Ok(reply),
            Self::Rows(_) => Err(ActionError::internal("rows instead of text")),
        }
    }

    pub(super) fn into_opened(self) -> Result<Opened, ActionError> {
        match self {
            Self::Text { text, has_more } => Ok(Opened::Text { text, has_more }),
            Self::Rows(rows) => Ok(Opened::Rows(rows)),
            Self::Parts(_) => Err(ActionError::internal("text instead of rows")),
        }
    }
}
