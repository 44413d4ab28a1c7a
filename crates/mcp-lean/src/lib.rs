//! The lean API: the results of actions in as few tokens as carry them.
//!
//! [`Lean::query`] runs a query in three stages. A pipeline (`pipeline`) makes the calls of its action
//! through the dispatcher and takes the rows. A reducer (`reduce`) filters, sorts, groups and counts them. The
//! result (`result`) is written in a format ([`format`]) within a budget of tokens: with the fields of the
//! query, or the summary that the action declares in its [`View`](mcp_core::action::View). Rows that do not fit
//! are on the next page, after a cursor; a value that does not fit alone becomes a handle of [`blobs`].

mod batch;
pub mod blobs;
mod budget;
mod cursor;
mod fields;
pub mod format;
mod kept;
mod lean;
mod page;
mod pipeline;
pub mod query;
mod read_blob;
mod reduce;
mod result;
mod select;
mod shapes;
pub mod tokens;
mod tree;

pub use batch::writing_action;
pub use format::error_text;
pub use lean::{Lean, LeanAnswer};
pub use query::LeanQuery;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
