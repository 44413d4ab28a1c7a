//! The lean face: what an action answers, in as few tokens as carry it.

pub mod fields;
pub mod format;
pub mod tokens;

#[cfg(test)]
mod testing;
