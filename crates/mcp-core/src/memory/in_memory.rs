//! A store without a database, for tests and embedding programs.
//!
//! Each transaction copies the whole memory: suitable for hundreds of rows, not for millions.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::value::RawValue;

use super::{
    Configs, Documents, Freshness, Logs, Memory, Store, StoreFuture, StoreResult, Tasks, Users,
    Verdict, Work, check_document,
};
use crate::domain::{
    ConfigEntry, DEFAULT_CONFIG, LogEntry, LogRange, NewTask, NewUser, Page, Part, Position,
    SearchText, Task, TaskChanges, TaskCounts, TaskFilter, TaskId, User, is_same_name,
};
use crate::{Clock, Timestamp};

/// A store in the memory of the process.
pub struct InMemoryStore {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
}

impl InMemoryStore {
    /// Makes a store with the default configuration that keeps `log_retention` log entries.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, log_retention: usize) -> Self {
        let state = State { now: clock.now(), log_retention, ..State::fresh() };
        Self { state: Mutex::new(state), clock }
    }

    fn run(&self, work: Work) {
        let mut state = self.state.lock();
        let mut copy = State { now: self.clock.now(), ..state.clone() };
        if work(&mut copy) == Verdict::Commit {
            *state = copy;
        }
    }
}

impl Store for InMemoryStore {
    fn read(&self, _: Freshness, work: Work) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            work(&mut self.state.lock().clone());
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
        Box::pin(async move { self.state.lock().append_log(&entry) })
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
    users: Vec<(Position, User)>,
    last_user: i64,
    tasks: Vec<Task>,
    last_task: i64,
    config: Vec<ConfigEntry>,
    logs: VecDeque<LogEntry>,
    /// Log entries that were removed.
    forgotten_logs: i64,
    /// Texts by kind and key.
    documents: BTreeMap<(String, String), Arc<str>>,
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
            last_user: 0,
            tasks: Vec::new(),
            last_task: 0,
            config: config.into(),
            logs: VecDeque::new(),
            forgotten_logs: 0,
            documents: BTreeMap::new(),
        }
    }

    fn part_of_users<T>(&self, page: Page, item: impl Fn(&User) -> (T, usize)) -> Part<T> {
        let users = self.users.iter().filter(|(position, _)| page.after < Some(*position));
        infallible(page.take(users.map(|(position, user)| {
            let (item, size) = item(user);
            Ok((*position, item, size))
        })))
    }

    fn part_of_tasks(&self, page: Page, wanted: impl Fn(&Task) -> bool) -> Part<Task> {
        let start = page
            .after
            .map_or(0, |after| self.tasks.partition_point(|task| task.position() <= after));
        let tasks = self.tasks[start..].iter().filter(|task| wanted(task));
        infallible(page.take(tasks.map(|task| Ok((task.position(), task.clone(), task.size())))))
    }
}

fn infallible<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}

impl Users for State {
    fn list_usernames(&mut self, page: Page) -> StoreResult<Part<String>> {
        Ok(self.part_of_users(page, |user| (user.username.clone(), user.username.len())))
    }

    fn list_users(&mut self, page: Page) -> StoreResult<Part<User>> {
        Ok(self.part_of_users(page, |user| (user.clone(), user.size())))
    }

    fn count_users(&mut self) -> StoreResult<u64> {
        Ok(self.users.len() as u64)
    }

    fn find_user(&mut self, username: &str) -> StoreResult<Option<User>> {
        let found = self.users.iter().find(|(_, user)| is_same_name(&user.username, username));
        Ok(found.map(|(_, user)| user.clone()))
    }

    fn add_user(&mut self, user: &NewUser) -> StoreResult<bool> {
        if self.find_user(&user.username)?.is_some() {
            return Ok(false);
        }
        self.last_user += 1;
        let user = User {
            username: user.username.clone(),
            role: user.role.clone(),
            metadata: user.metadata.clone(),
            created_at: self.now,
            updated_at: self.now,
        };
        self.users.push((Position(self.last_user), user));
        Ok(true)
    }

    fn remove_user(&mut self, username: &str) -> StoreResult<bool> {
        let before = self.users.len();
        self.users.retain(|(_, user)| !is_same_name(&user.username, username));
        Ok(self.users.len() < before)
    }
}

impl Tasks for State {
    fn add_task(&mut self, task: &NewTask) -> StoreResult<Task> {
        self.last_task += 1;
        let task = task.numbered(TaskId(self.last_task), self.now);
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

    fn list_tasks(&mut self, filter: &TaskFilter, page: Page) -> StoreResult<Part<Task>> {
        Ok(self.part_of_tasks(page, |task| filter.matches(task)))
    }

    fn count_tasks(&mut self, filter: &TaskFilter) -> StoreResult<u64> {
        Ok(self.tasks.iter().filter(|task| filter.matches(task)).count() as u64)
    }

    fn search_tasks(&mut self, text: &SearchText, page: Page) -> StoreResult<Part<Task>> {
        Ok(self.part_of_tasks(page, |task| text.is_in(task)))
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
    let mut counts = BTreeMap::<String, u64>::new();
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
        let found = self.config.iter().find(|entry| is_same_name(&entry.key, key));
        Ok(found.map(|entry| entry.value.clone()))
    }

    fn set_config(&mut self, key: &str, value: &RawValue) -> StoreResult<()> {
        match self.config.iter_mut().find(|entry| is_same_name(&entry.key, key)) {
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
            self.forgotten_logs += 1;
        }
        Ok(())
    }

    fn log_range(&mut self, limit: Option<u64>, offset: u64) -> StoreResult<LogRange> {
        let kept = self.logs.len() as u64;
        let through = kept.saturating_sub(offset);
        let after = limit.map_or(0, |limit| through.saturating_sub(limit));
        let position = |index: u64| Position(self.forgotten_logs.saturating_add_unsigned(index));
        Ok(LogRange { after: position(after), through: position(through) })
    }

    fn list_logs(&mut self, range: LogRange, page: Page) -> StoreResult<Part<LogEntry>> {
        let after = page.after.map_or(range.after, |after| after.max(range.after));
        let positions = (self.forgotten_logs + 1..).map(Position);
        let entries = positions.zip(&self.logs);
        let wanted = entries.filter(|(at, _)| after < *at && *at <= range.through);
        Ok(infallible(page.take(wanted.map(|(at, entry)| Ok((at, entry.clone(), entry.size()))))))
    }

    fn count_logs(&mut self) -> StoreResult<u64> {
        Ok(self.logs.len() as u64)
    }
}

impl Documents for State {
    fn find_document(&mut self, kind: &str, key: &str) -> StoreResult<Option<String>> {
        let found = self.documents.get(&(kind.to_owned(), key.to_owned()));
        Ok(found.map(|text| text.as_ref().to_owned()))
    }

    fn put_document(&mut self, kind: &str, key: &str, text: &str) -> StoreResult<()> {
        check_document(kind, key, text)?;
        self.documents.insert((kind.to_owned(), key.to_owned()), text.into());
        Ok(())
    }

    fn remove_document(&mut self, kind: &str, key: &str) -> StoreResult<bool> {
        Ok(self.documents.remove(&(kind.to_owned(), key.to_owned())).is_some())
    }

    fn keep_documents(&mut self, kind: &str, keep: &[&str]) -> StoreResult<()> {
        self.documents.retain(|(of, key), _| of != kind || keep.contains(&key.as_str()));
        Ok(())
    }
}

impl Memory for State {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn reset(&mut self) -> StoreResult<()> {
        *self = Self {
            now: self.now,
            log_retention: self.log_retention,
            documents: std::mem::take(&mut self.documents),
            ..Self::fresh()
        };
        Ok(())
    }
}
