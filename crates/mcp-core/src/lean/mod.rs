//! The lean face: what an action answers, in as few tokens as carry it.

pub mod blobs;
pub mod budget;
pub mod cursor;
pub mod fields;
pub mod format;
pub mod known;
mod nearest;
pub mod query;
pub mod reduce;
pub mod select;
pub mod summary;
pub mod tokens;

pub use query::LeanQuery;

#[cfg(test)]
mod testing;
