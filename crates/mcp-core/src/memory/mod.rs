//! The ports to stored memory: what an action can do inside a transaction ([`Memory`]), and how a
//! transaction is opened ([`Store`]). Adapters live in other crates; [`in_memory`] is one without
//! a database, for programs that embed the core and for tests.
//!
//! Names (of users, of values in the configuration, in filters) are compared by canonical equivalence
//! ([`crate::domain::is_same_name`]). Where older rows have equivalent names, the same spelling wins.

pub mod in_memory;
mod store;

use serde_json::value::RawValue;

use crate::Timestamp;
use crate::domain::{
    ConfigEntry, LogEntry, LogRange, NewTask, NewUser, Page, Part, SearchText, Task, TaskChanges,
    TaskCounts, TaskFilter, TaskId, User,
};
pub use store::{Access, Freshness, Store, StoreError, StoreFuture, StoreRuns, Verdict, Work};

/// What storage answers.
pub type StoreResult<T> = Result<T, StoreError>;

/// Stored users. Lists are in the order in which they were added.
pub trait Users {
    /// Returns the names of a page of the users.
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>>;
    /// Returns a page of the users.
    fn list_users(&mut self, page: Page) -> StoreResult<Part<User>>;
    /// How many users there are.
    fn count_users(&mut self) -> StoreResult<u64>;
    /// The user of that name.
    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>>;
    /// Adds a user; `false` when the name is taken, and then nothing has changed.
    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool>;
    /// Removes a user; `false` when there is none of that name. The user's tasks stay as they are.
    fn remove_user(&mut self, username: &str) -> StoreResult<bool>;
}

/// Stored tasks. Lists are in the order of their numbers.
pub trait Tasks {
    /// Adds a task and gives it a number that no task has had before.
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task>;
    /// The task of that number.
    fn find_task(&mut self, id: TaskId) -> StoreResult<Option<Task>>;
    /// Changes a task and gives it back as it is now; `None` when there is none of that number.
    fn update_task(&mut self, id: TaskId, changes: TaskChanges) -> StoreResult<Option<Task>>;
    /// Removes a task; `false` when there is none of that number.
    fn remove_task(&mut self, id: TaskId) -> StoreResult<bool>;
    /// A part of the tasks that the filter wants.
    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Part<Task>>;
    /// How many tasks the filter wants.
    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64>;
    /// A part of the tasks that hold the text.
    fn search_tasks(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>>;
    /// How many tasks there are, by what.
    fn task_counts(&mut self) -> StoreResult<TaskCounts>;
}

/// Stored configuration. Lists are in the order in which the names were first set.
pub trait Configs {
    /// Everything.
    fn list_config(&mut self) -> StoreResult<Vec<ConfigEntry>>;
    /// The value under that name.
    fn find_config(&mut self, key: &str) -> StoreResult<Option<Box<RawValue>>>;
    /// Puts a value under a name, in place of what was there.
    fn set_config(&mut self, key: &str, value: &RawValue) -> StoreResult<()>;
}

/// The stored log of actions, at most as long as the store's retention.
pub trait Logs {
    /// Adds an entry as the newest.
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()>;
    /// The newest entries: leaves out the `offset` newest, then takes `limit`.
    fn log_range(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<LogRange>;
    /// A part of these entries, newest last.
    fn list_logs(&mut self, range: LogRange, page: Page) -> StoreResult<Part<LogEntry>>;
    /// The entries of [`Logs::log_range`], newest last.
    fn newest_logs(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<Vec<LogEntry>> {
        let range = self.log_range(limit, offset)?;
        Ok(self.list_logs(range, Page::ALL)?.items())
    }
    /// How many entries there are.
    fn count_logs(&mut self) -> StoreResult<u64>;
}

/// Everything that an action can do to stored data, inside the transaction that it runs in.
pub trait Memory: Users + Tasks + Configs + Logs {
    /// The time of this transaction.
    fn now(&self) -> Timestamp;
    /// Removes everything, restores [`crate::domain::DEFAULT_CONFIG`] and starts task numbers at 1.
    fn reset(&mut self) -> StoreResult<()>;
}
