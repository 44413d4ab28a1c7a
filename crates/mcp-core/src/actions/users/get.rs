//! `get_user`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::GROUP;
use crate::action::params::Text;
use crate::action::{Action, Column, View};
use crate::actions::tasks;
use crate::answer::{Answer, PART};
use crate::domain::{Task, TaskFilter, User};
use crate::{ActionError, Doc, Example, Memory, Timestamp};

#[derive(Deserialize, JsonSchema)]
struct GetUserParams {
    /// The user's name.
    username: Text,
}

#[derive(Default, Serialize, JsonSchema)]
struct GetUserOutput {
    /// The name that was asked for.
    username: String,
    /// Whether there is such a user.
    exists: bool,
    /// The user's role; only if it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    /// The JSON object that was stored with the user; only if it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    metadata: Option<Box<RawValue>>,
    /// When the user was added; only if it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    /// When the user was last changed; only if it exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// How many tasks are assigned to the user; only where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_count: Option<u64>,
    /// The tasks that are assigned to the user; only where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<Vec<Task>>,
}

/// The summary in the lean API, with tasks as in lists.
const SUMMARY: View = View::of(&[
    Column::of("username"),
    Column::of("exists"),
    Column::of("role"),
    Column::of("metadata"),
    Column::of("task_count"),
    Column::rows("tasks", tasks::COLUMNS),
]);

/// Gets a user and its tasks. The result is written in parts, since there may be many tasks.
pub(crate) fn get_user() -> Action {
    let example = Example {
        params: r#"{"username":"bob"}"#,
        answer: r#"{"username":"bob","exists":true,"role":"user","metadata":{},"created_at":"2026-02-16T16:00:00.000000","updated_at":"2026-02-16T16:00:00.000000","task_count":0,"tasks":[]}"#,
    };
    let doc = Doc::new(GROUP, "Get a user and the tasks assigned to it", example)
        .words(&[
            "details profile info information record one single particular user who",
            "exists registered known check whether role metadata named work workload",
            "plate busy doing responsible working works assigned assignments",
        ])
        .view(SUMMARY);
    Action::in_parts::<GetUserParams, GetUserOutput>("get_user", doc, |params| {
        Box::new(move |memory| begin(params, memory))
    })
}

fn begin(params: GetUserParams, memory: &mut dyn Memory) -> Result<Answer, ActionError> {
    let Text(username) = params.username;
    let Some(user) = memory.find_user(&username)? else {
        return Answer::of(&GetUserOutput { username, ..GetUserOutput::default() });
    };
    let filter = TaskFilter { assigned_to: Some(username.clone()), status: None };
    let first = memory.list_tasks(&filter, PART)?;
    if first.next.is_none() {
        let tasks = first.items();
        let task_count = Some(tasks.len() as u64);
        return Answer::of(&GetUserOutput {
            username,
            task_count,
            tasks: Some(tasks),
            ..user.into()
        });
    }
    let task_count = Some(memory.count_tasks(&filter)?);
    let without = GetUserOutput { username, task_count, ..user.into() };
    Answer::with_list(&without, "tasks", tasks::matching(filter))
}

impl From<User> for GetUserOutput {
    fn from(user: User) -> Self {
        Self {
            username: user.username,
            exists: true,
            role: Some(user.role),
            metadata: Some(user.metadata),
            created_at: Some(user.created_at),
            updated_at: Some(user.updated_at),
            task_count: None,
            tasks: None,
        }
    }
}
