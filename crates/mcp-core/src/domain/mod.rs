//! The contents of memory: users, tasks, configuration and the log of actions.

mod config;
mod log_entry;
mod page;
mod task;
mod text;
mod user;

pub use config::{ConfigEntry, DEFAULT_CONFIG};
pub use log_entry::{LogEntry, LogRange, LogStatus};
pub use page::{Page, Part, Position};
pub use task::{
    FieldChange, NewTask, SearchText, Task, TaskChanges, TaskCounts, TaskFilter, TaskId,
};
pub use text::{compose, fold, is_same_name, may_be_spelled_differently};
pub use user::{NewUser, User};
