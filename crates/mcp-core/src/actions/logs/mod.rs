//! The log of calls.

mod list;

pub use list::ListLogs;
