//! Small helpers that spare an agent a computation of its own.

mod calculate;
mod number;
mod summarize;

pub use calculate::Calculate;
pub use summarize::SummarizeData;
