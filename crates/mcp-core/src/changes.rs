//! What a write changed, for those who want to look again.

use serde_json::value::RawValue;

use crate::Timestamp;
use crate::domain::{
    ConfigEntry, LogEntry, LogRange, NewTask, NewUser, Page, Part, SearchText, Task, TaskChanges,
    TaskCounts, TaskFilter, TaskId, User,
};
use crate::memory::{Configs, Logs, Memory, StoreResult, Tasks, Users};

/// Something that is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The users.
    Users,
    /// The list of tasks, and the task of this number.
    Task(TaskId),
    /// The configuration.
    Config,
    /// The log of actions.
    Logs,
    /// Everything.
    All,
}

/// Port: is told of changes after they are durable. It must not wait.
pub trait Watcher: Send + Sync {
    /// This has changed.
    fn changed(&self, change: Change);
}

/// How many changes of one write are told one by one.
const MOST: usize = 32;

/// Memory that keeps in mind what was done to it.
pub(crate) struct Recorded<'a> {
    memory: &'a mut dyn Memory,
    changes: Vec<Change>,
}

impl<'a> Recorded<'a> {
    pub(crate) fn new(memory: &'a mut dyn Memory) -> Self {
        Self { memory, changes: Vec::new() }
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    fn note(&mut self, change: Change) {
        if self.changes.contains(&change) || self.changes.contains(&Change::All) {
            return;
        }
        if self.changes.len() == MOST {
            self.changes = vec![Change::All];
        } else {
            self.changes.push(change);
        }
    }
}

impl Users for Recorded<'_> {
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>> {
        self.memory.list_usernames(page)
    }

    fn list_users(&mut self, page: Page) -> StoreResult<Part<User>> {
        self.memory.list_users(page)
    }

    fn count_users(&mut self) -> StoreResult<u64> {
        self.memory.count_users()
    }

    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>> {
        self.memory.find_user(username)
    }

    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool> {
        let added = self.memory.add_user(user)?;
        if added {
            self.note(Change::Users);
        }
        Ok(added)
    }

    fn remove_user(&mut self, username: &str) -> StoreResult<bool> {
        let removed = self.memory.remove_user(username)?;
        if removed {
            self.note(Change::Users);
        }
        Ok(removed)
    }
}

impl Tasks for Recorded<'_> {
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task> {
        let task = self.memory.add_task(task)?;
        self.note(Change::Task(task.id));
        Ok(task)
    }

    fn find_task(&mut self, id: TaskId) -> StoreResult<Option<Task>> {
        self.memory.find_task(id)
    }

    fn update_task(&mut self, id: TaskId, changes: TaskChanges) -> StoreResult<Option<Task>> {
        let task = self.memory.update_task(id, changes)?;
        if task.is_some() {
            self.note(Change::Task(id));
        }
        Ok(task)
    }

    fn remove_task(&mut self, id: TaskId) -> StoreResult<bool> {
        let removed = self.memory.remove_task(id)?;
        if removed {
            self.note(Change::Task(id));
        }
        Ok(removed)
    }

    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Part<Task>> {
        self.memory.list_tasks(filter, page)
    }

    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64> {
        self.memory.count_tasks(filter)
    }

    fn search_tasks(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>> {
        self.memory.search_tasks(text, page)
    }

    fn task_counts(&mut self) -> StoreResult<TaskCounts> {
        self.memory.task_counts()
    }
}

impl Configs for Recorded<'_> {
    fn list_config(&mut self) -> StoreResult<Vec<ConfigEntry>> {
        self.memory.list_config()
    }

    fn find_config(&mut self, key: &str) -> StoreResult<Option<Box<RawValue>>> {
        self.memory.find_config(key)
    }

    fn set_config(&mut self, key: &str, value: &RawValue) -> StoreResult<()> {
        self.memory.set_config(key, value)?;
        self.note(Change::Config);
        Ok(())
    }
}

impl Logs for Recorded<'_> {
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()> {
        self.memory.append_log(entry)?;
        self.note(Change::Logs);
        Ok(())
    }

    fn log_range(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<LogRange> {
        self.memory.log_range(limit, offset)
    }

    fn list_logs(&mut self, range: LogRange, page: Page) -> StoreResult<Part<LogEntry>> {
        self.memory.list_logs(range, page)
    }

    fn count_logs(&mut self) -> StoreResult<u64> {
        self.memory.count_logs()
    }
}

impl Memory for Recorded<'_> {
    fn now(&self) -> Timestamp {
        self.memory.now()
    }

    fn reset(&mut self) -> StoreResult<()> {
        self.memory.reset()?;
        self.note(Change::All);
        Ok(())
    }
}
