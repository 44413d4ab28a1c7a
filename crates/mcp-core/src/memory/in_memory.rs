//! A store without a database: for programs that embed the core, and for tests.
//!
//! A write works on a copy of everything and puts it in place at its end, so it costs what is
//! stored: right for hundreds of rows, not for millions.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use super::{
    Configs, Freshness, Logs, Memory, Store, StoreFuture, StoreResult, Tasks, Users, Verdict, Work,
};
use crate::domain::{
    ConfigEntry, DEFAULT_CONFIG, LogEntry, NewTask, NewUser, Page, SearchText, Task, TaskChanges,
    TaskCounts, TaskFilter, TaskId, User,
};
use crate::{Clock, Timestamp};

/// Everything in the process's own memory, gone when it ends.
pub struct InMemoryStore {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

impl InMemoryStore {
    /// A new memory with the default configuration, which keeps `log_retention` log entries.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, log_retention: usize) -> Self {
        let state = State { now: clock.now(), log_retention, ..State::fresh() };
        Self { state: Mutex::new(state), clock }
    }

    fn run(&self, work: Work) {
        let mut state = self.lock();
        let mut copy = State { now: self.clock.now(), ..state.clone() };
        if work(&mut copy) == Verdict::Commit {
            *state = copy;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for InMemoryStore {
    fn read(&self, _: Freshness, work: Work) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            work(&mut self.lock().clone());
            Ok(())
        })
    }

    fn write(&self, work: Work) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.run(work);
            Ok(())
        })
    }

    fn record(&self, entry: LogEntry) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.lock().append_log(&entry) })
    }

    fn ready(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Clone)]
struct State {
    now: Timestamp,
    log_retention: usize,
    users: Vec<User>,
    tasks: Vec<Task>,
    last_task: i64,
    config: Vec<ConfigEntry>,
    logs: VecDeque<LogEntry>,
}

impl State {
    fn fresh() -> Self {
        let config = DEFAULT_CONFIG.map(|(key, json)| ConfigEntry {
            key: key.into(),
            value: RawValue::from_string(json.into()).expect("the default config is JSON"),
        });
        Self {
            now: Timestamp::from_micros(0),
            log_retention: 0,
            users: Vec::new(),
            tasks: Vec::new(),
            last_task: 0,
            config: config.into(),
            logs: VecDeque::new(),
        }
    }
}

impl Users for State {
    fn list_usernames(&mut self, page: Page) -> StoreResult<Vec<String>> {
        Ok(page.of(self.users.iter().map(|user| user.username.clone())).collect())
    }

    fn count_users(&mut self) -> StoreResult<u64> {
        Ok(self.users.len() as u64)
    }

    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>> {
        Ok(self.users.iter().find(|user| user.username == username).cloned())
    }

    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool> {
        if self.find_user(&user.username)?.is_some() {
            return Ok(false);
        }
        self.users.push(User {
            username: user.username.clone(),
            role: user.role.clone(),
            metadata: user.metadata.clone(),
            created_at: self.now,
        });
        Ok(true)
    }

    fn remove_user(&mut self, username: &str) -> StoreResult<bool> {
        let before = self.users.len();
        self.users.retain(|user| user.username != username);
        Ok(self.users.len() < before)
    }
}

impl Tasks for State {
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task> {
        self.last_task += 1;
        let task = Task {
            id: TaskId(self.last_task),
            title: task.title.clone(),
            description: Some(task.description.clone()),
            priority: Some(task.priority.clone()),
            status: Some(task.status.clone()),
            assigned_to: task.assigned_to.clone(),
            created_at: self.now,
            updated_at: self.now,
        };
        self.tasks.push(task.clone());
        Ok(task)
    }

    fn find_task(&mut self, id: TaskId) -> StoreResult<Option<Task>> {
        Ok(self.tasks.iter().find(|task| task.id == id).cloned())
    }

    fn update_task(&mut self, id: TaskId, changes: TaskChanges) -> StoreResult<Option<Task>> {
        let now = self.now;
        Ok(self.tasks.iter_mut().find(|task| task.id == id).map(|task| {
            changes.apply(task, now);
            task.clone()
        }))
    }

    fn remove_task(&mut self, id: TaskId) -> StoreResult<bool> {
        let before = self.tasks.len();
        self.tasks.retain(|task| task.id != id);
        Ok(self.tasks.len() < before)
    }

    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Vec<Task>> {
        Ok(page.of(self.tasks.iter().filter(|task| filter.matches(task)).cloned()).collect())
    }

    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64> {
        Ok(self.tasks.iter().filter(|task| filter.matches(task)).count() as u64)
    }

    fn search_tasks(&mut self, text: &SearchText) -> StoreResult<Vec<Task>> {
        Ok(self.tasks.iter().filter(|task| text.is_in(task)).cloned().collect())
    }

    fn task_counts(&mut self) -> StoreResult<TaskCounts> {
        Ok(TaskCounts {
            total: self.tasks.len() as u64,
            by_status: count_by(self.tasks.iter().filter_map(|task| task.status.as_deref())),
            by_priority: count_by(self.tasks.iter().filter_map(|task| task.priority.as_deref())),
        })
    }
}

fn count_by<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(String, u64)> {
    let mut counts = std::collections::BTreeMap::<String, u64>::new();
    for word in words {
        *counts.entry(word.into()).or_default() += 1;
    }
    counts.into_iter().collect()
}

impl Configs for State {
    fn list_config(&mut self) -> StoreResult<Vec<ConfigEntry>> {
        Ok(self.config.clone())
    }

    fn find_config(&mut self, key: &str) -> StoreResult<Option<Box<RawValue>>> {
        Ok(self.config.iter().find(|entry| entry.key == key).map(|entry| entry.value.clone()))
    }

    fn set_config(&mut self, key: &str, value: &RawValue) -> StoreResult<()> {
        match self.config.iter_mut().find(|entry| entry.key == key) {
            Some(entry) => entry.value = value.to_owned(),
            None => self.config.push(ConfigEntry { key: key.into(), value: value.to_owned() }),
        }
        Ok(())
    }
}

impl Logs for State {
    fn append_log(&mut self, entry: &LogEntry) -> StoreResult<()> {
        self.logs.push_back(entry.clone());
        while self.logs.len() > self.log_retention {
            self.logs.pop_front();
        }
        Ok(())
    }

    fn newest_logs(&mut self, page: Page) -> StoreResult<Vec<LogEntry>> {
        let mut newest: Vec<_> = page.of(self.logs.iter().rev().cloned()).collect();
        newest.reverse();
        Ok(newest)
    }

    fn count_logs(&mut self) -> StoreResult<u64> {
        Ok(self.logs.len() as u64)
    }
}

impl Memory for State {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn reset(&mut self) -> StoreResult<()> {
        *self = Self { now: self.now, log_retention: self.log_retention, ..Self::fresh() };
        Ok(())
    }
}
