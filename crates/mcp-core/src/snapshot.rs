//! The snapshots of `GET /state`: the whole memory, or one kind of data.

use schemars::JsonSchema;
use serde::Serialize;

use crate::ActionError;
use crate::actions::config::ConfigMap;
use crate::actions::tasks;
use crate::answer::{Answer, ListWork, RowsText};
use crate::domain::{LogEntry, Page, Task, TaskFilter};
use crate::json;
use crate::memory::Memory;

/// A kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// The names of the users.
    Users,
    /// The tasks.
    Tasks,
    /// The configuration.
    Config,
    /// The log of actions.
    Logs,
}

impl Entity {
    /// All kinds, in the order of documents.
    pub const ALL: [Self; 4] = [Self::Users, Self::Tasks, Self::Config, Self::Logs];

    /// Returns the name in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Tasks => "tasks",
            Self::Config => "config",
            Self::Logs => "logs",
        }
    }

    /// Returns the kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entity| entity.name() == name)
    }
}

/// The totals.
#[derive(Debug, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the names are v1's")]
pub struct Stats {
    total_users: u64,
    total_tasks: u64,
    total_projects: u64,
    total_logs: u64,
}

/// All data except the log.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FullSnapshot {
    users: Vec<String>,
    tasks: Vec<Task>,
    #[serde(flatten)]
    rest: RestOfFull,
}

/// The members after the lists.
#[derive(Debug, Serialize, JsonSchema)]
struct RestOfFull {
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

/// One kind of data. Members of other kinds are absent.
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

/// Returns all data except the log, as a [`FullSnapshot`]. The page applies to users and to tasks, the
/// status to tasks; the configuration and the totals are whole.
#[must_use]
pub fn full(page: Page, status: Option<String>) -> Answer {
    let is_whole = page == Page::ALL && status.is_none();
    let filter = TaskFilter { status, assigned_to: None };
    Answer::default()
        .text(r#"{"users":["#)
        .rows(page, usernames())
        .text(r#"],"tasks":["#)
        .rows(page, tasks::matching(filter))
        .made(move |counts, memory| {
            // Lists of a whole snapshot may change while they are read: their counts are the totals.
            let (total_users, total_tasks) = if is_whole {
                (counts[0], counts[1])
            } else {
                (memory.count_users()?, memory.count_tasks(&TaskFilter::default())?)
            };
            let rest = RestOfFull {
                projects: [],
                config: memory.list_config()?.into(),
                session_data: Empty {},
                stats: Stats {
                    total_users,
                    total_tasks,
                    total_projects: 0,
                    total_logs: memory.count_logs()?,
                },
            };
            after("]", &rest)
        })
}

/// Returns a page of one kind of data, as an [`EntitySnapshot`]. The status filters tasks.
#[must_use]
pub fn of_entity(entity: Entity, page: Page, status: Option<String>) -> Answer {
    match entity {
        Entity::Users => Answer::default()
            .text(r#"{"users":["#)
            .rows(page, usernames())
            .made(|counts, memory| counted(counts[0], memory.count_users()?, None)),
        Entity::Tasks => {
            let filter = TaskFilter { status, assigned_to: None };
            Answer::default()
                .text(r#"{"tasks":["#)
                .rows(page, tasks::matching(filter.clone()))
                .made(move |counts, memory| {
                    counted(counts[0], memory.count_tasks(&filter)?, filter.status)
                })
        }
        Entity::Config => Answer::default().made(|_, memory| {
            let config = Some(memory.list_config()?.into());
            json::text(&EntitySnapshot { config, ..EntitySnapshot::default() })
        }),
        Entity::Logs => Answer::default()
            .text(r#"{"logs":["#)
            .rows(Page::ALL, newest_logs(page))
            .made(|counts, memory| counted(counts[0], memory.count_logs()?, None)),
    }
}

/// Returns the newest log entries, newest last: skips `offset`, then takes `limit`.
#[must_use]
pub fn logs(page: Page) -> Answer {
    Answer::list(newest_logs(page))
}

fn usernames() -> Box<dyn ListWork> {
    Box::new(|page: Page, memory: &mut dyn Memory, rows: &mut RowsText| {
        let part = memory.list_usernames(page)?;
        rows.append(&part)?;
        Ok(part.next)
    })
}

fn newest_logs(wanted: Page) -> Box<dyn ListWork> {
    let mut range = None;
    Box::new(move |page: Page, memory: &mut dyn Memory, rows: &mut RowsText| {
        // The range is read once: entries are appended while these are read.
        let range = match range {
            Some(range) => range,
            None => *range.insert(memory.log_range(wanted.limit, wanted.offset)?),
        };
        let part = memory.list_logs(range, page)?;
        rows.append(&part)?;
        Ok(part.next)
    })
}

/// Returns the end of a snapshot of one kind of data.
fn counted(count: u64, total: u64, status: Option<String>) -> Result<String, ActionError> {
    let rest = EntitySnapshot {
        total: Some(total),
        count: Some(count),
        filtered_by_status: status,
        ..EntitySnapshot::default()
    };
    after("]", &rest)
}

/// Returns the members of an object, to follow other members that end with `end`.
fn after(end: &str, members: &impl Serialize) -> Result<String, ActionError> {
    let members = json::text(members)?;
    let members = members.strip_prefix('{').unwrap_or(&members);
    Ok(format!("{end},{members}"))
}
