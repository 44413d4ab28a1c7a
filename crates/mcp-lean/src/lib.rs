//! The lean face: what an action answers, in as few tokens as carry it.
//!
//! [`Lean::query`] is the one way, for every door. It has a query's action carried out by the
//! dispatcher, takes the rows in that are of use (`gather`, from a `source`), reduces them
//! ([`reduce`]), picks what is wanted of each ([`fields`], or the summary that the action declares as
//! its [`View`](mcp_core::action::View)), and writes it in the form that was asked for ([`format`])
//! within a number of tokens ([`budget`]). What does not fit goes on behind a [`cursor`], or is kept
//! as one of the [`blobs`].

mod answer;
pub mod batch;
pub mod blobs;
pub mod budget;
pub mod cursor;
pub mod fields;
pub mod format;
mod gather;
mod known;
mod locate;
pub mod query;
mod read_blob;
pub mod reduce;
mod saved;
mod select;
mod shapes;
mod source;
mod summary;
pub mod tokens;
mod tree;
mod unknown;

pub use answer::{Lean, LeanAnswer, error_text};
pub use query::LeanQuery;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
