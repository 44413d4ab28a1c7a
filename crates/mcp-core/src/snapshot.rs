//! The whole memory, or one kind of thing in it, as `GET /state` shows it; and the reset.

use schemars::JsonSchema;
use serde::Serialize;

use crate::actions::config::ConfigMap;
use crate::domain::{LogEntry, Page, Task, TaskFilter};
use crate::memory::{Memory, StoreResult};

/// What a snapshot can be narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// The users' names.
    Users,
    /// The tasks.
    Tasks,
    /// The configuration.
    Config,
    /// The log of actions.
    Logs,
}

impl Entity {
    /// Every kind, in the order in which they are listed to people.
    pub const ALL: [Self; 4] = [Self::Users, Self::Tasks, Self::Config, Self::Logs];

    /// Its name in a request.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Tasks => "tasks",
            Self::Config => "config",
            Self::Logs => "logs",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.name() == name)
    }
}

/// How much there is.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the names are v1's")]
pub struct Stats {
    total_users: u64,
    total_tasks: u64,
    total_projects: u64,
    total_logs: u64,
}

/// Everything but the log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FullSnapshot {
    users: Vec<String>,
    tasks: Vec<Task>,
    /// Always empty: kept for clients of the first service.
    projects: [bool; 0],
    config: ConfigMap,
    /// Always empty: kept for clients of the first service.
    session_data: Empty,
    stats: Stats,
}

/// An object without members.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Empty {}

/// One kind of thing. What does not belong to the kind is left out.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct EntitySnapshot {
    /// The users' names, in the order in which they were added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<String>>,
    /// The tasks, in the order of their numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<Task>>,
    /// The configuration, in the order in which it was set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<ConfigMap>,
    /// Log entries, the newest last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<LogEntry>>,
    /// How many there are that match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// How many are shown here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The status that the tasks were narrowed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filtered_by_status: Option<String>,
}

/// Everything but the log.
pub fn full(memory: &mut dyn Memory) -> StoreResult<FullSnapshot> {
    let users = memory.list_usernames(Page::ALL)?;
    let tasks = memory.list_tasks(&TaskFilter::default(), Page::ALL)?;
    Ok(FullSnapshot {
        stats: Stats {
            total_users: users.len() as u64,
            total_tasks: tasks.len() as u64,
            total_projects: 0,
            total_logs: memory.count_logs()?,
        },
        users,
        tasks,
        projects: [],
        config: memory.list_config()?.into(),
        session_data: Empty {},
    })
}

/// A part of one kind of thing. The status narrows tasks and nothing else.
pub fn of_entity(
    memory: &mut dyn Memory,
    entity: Entity,
    page: Page,
    status: Option<String>,
) -> StoreResult<EntitySnapshot> {
    let mut snapshot = EntitySnapshot::default();
    match entity {
        Entity::Users => {
            let users = memory.list_usernames(page)?;
            snapshot.total = Some(memory.count_users()?);
            snapshot.count = Some(users.len() as u64);
            snapshot.users = Some(users);
        }
        Entity::Tasks => {
            let filter = TaskFilter { status, assigned_to: None };
            let tasks = memory.list_tasks(&filter, page)?;
            snapshot.total = Some(memory.count_tasks(&filter)?);
            snapshot.count = Some(tasks.len() as u64);
            snapshot.tasks = Some(tasks);
            snapshot.filtered_by_status = filter.status;
        }
        Entity::Config => snapshot.config = Some(memory.list_config()?.into()),
        Entity::Logs => {
            let logs = memory.newest_logs(page)?;
            snapshot.total = Some(memory.count_logs()?);
            snapshot.count = Some(logs.len() as u64);
            snapshot.logs = Some(logs);
        }
    }
    Ok(snapshot)
}
