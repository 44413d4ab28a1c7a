//! Actions that save an agent a computation of its own.

mod calculate;
mod number;
mod summarize;

pub(crate) use calculate::Calculate;
pub(crate) use summarize::SummarizeData;

use crate::Group;

/// The group of actions that belong to no kind of data.
pub const GROUP: Group = Group::new("utilities", "");
