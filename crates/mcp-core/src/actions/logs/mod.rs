//! The log of calls.

mod list;

pub(crate) use list::ListLogs;
