//! The ports to stored memory: [`Memory`] inside a transaction, and [`Store`], which opens one.
//! [`in_memory`] is a store without a database; other crates have the rest.
//!
//! Names of users and of configuration values are compared by canonical equivalence
//! ([`crate::domain::is_same_name`]). If older rows have equivalent names, the same spelling wins.

mod documents;
pub mod in_memory;
mod store;

use serde_json::value::RawValue;

use crate::Timestamp;
use crate::domain::{
    ConfigEntry, LogEntry, LogRange, NewTask, NewUser, Page, Part, SearchText, Task, TaskChanges,
    TaskCounts, TaskFilter, TaskId, User,
};
pub use documents::{
    Documents, MAX_DOCUMENT_KEY, MAX_DOCUMENT_KIND, MAX_DOCUMENT_TEXT, check_document,
};
pub use store::{Access, Freshness, Store, StoreError, StoreFuture, StoreRuns, Verdict, Work};

/// A result of the storage.
pub type StoreResult<T> = Result<T, StoreError>;

/// Stored users, listed in the order in which they were added.
pub trait Users {
    /// Returns the names of a page of the users.
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>>;
    /// Returns a page of the users.
    fn list_users(&mut self, page: Page) -> StoreResult<Part<User>>;
    /// Counts the users.
    fn count_users(&mut self) -> StoreResult<u64>;
    /// Returns the user of this name.
    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>>;
    /// Adds a user. Returns `false`, and changes nothing, if the name is taken.
    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool>;
    /// Removes a user, but not its tasks. Returns `false` if no user has this name.
    fn remove_user(&mut self, username: &str) -> StoreResult<bool>;
}

/// Stored tasks, listed in the order of their numbers.
pub trait Tasks {
    /// Adds a task under a number that no task has had before.
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task>;
    /// Returns the task of this number.
    fn find_task(&mut self, id: TaskId) -> StoreResult<Option<Task>>;
    /// Changes a task and returns it. Returns `None` if no task has this number.
    fn update_task(&mut self, id: TaskId, changes: TaskChanges) -> StoreResult<Option<Task>>;
    /// Removes a task. Returns `false` if no task has this number.
    fn remove_task(&mut self, id: TaskId) -> StoreResult<bool>;
    /// Returns a page of the tasks that match the filter.
    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Part<Task>>;
    /// Counts the tasks that match the filter.
    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64>;
    /// Returns a page of the tasks that contain the text.
    fn search_tasks(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>>;
    /// Counts the tasks by status and priority.
    fn task_counts(&mut self) -> StoreResult<TaskCounts>;
}

/// Stored configuration, listed in the order in which the names were first set.
pub trait Configs {
    /// Returns all values.
    fn list_config(&mut self) -> StoreResult<Vec<ConfigEntry>>;
    /// Returns the value of this name.
    fn find_config(&mut self, key: &str) -> StoreResult<Option<Box<RawValue>>>;
    /// Sets a value.
    fn set_config(&mut self, key: &str, value: &RawValue) -> StoreResult<()>;
}

/// The stored log of actions, as long as the store's retention.
pub trait Logs {
    /// Appends an entry.
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()>;
    /// Returns the range of the newest entries: skips `offset`, then takes `limit`.
    fn log_range(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<LogRange>;
    /// Returns a page of these entries, newest last.
    fn list_logs(&mut self, range: LogRange, page: Page) -> StoreResult<Part<LogEntry>>;
    /// Returns the entries of [`Logs::log_range`], newest last.
    fn newest_logs(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<Vec<LogEntry>> {
        let range = self.log_range(limit, offset)?;
        Ok(self.list_logs(range, Page::ALL)?.items())
    }
    /// Counts the entries.
    fn count_logs(&mut self) -> StoreResult<u64>;
}

/// The stored memory inside a transaction.
pub trait Memory: Users + Tasks + Configs + Logs + Documents {
    /// Returns the time of the transaction.
    fn now(&self) -> Timestamp;
    /// Removes everything except [`Documents`], restores [`crate::domain::DEFAULT_CONFIG`] and starts
    /// task numbers at 1.
    fn reset(&mut self) -> StoreResult<()>;
}
