//! `get_user`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::action::params::Text;
use crate::action::{Column, View};
use crate::actions::tasks;
use crate::answer::{Answer, PART};
use crate::domain::{Task, TaskFilter};
use crate::{ActionError, Doc, Example, Group, LongAction, Memory};

/// Says whether there is a user of that name, and gives the user's tasks.
pub struct GetUser;

/// The parameters of `get_user`.
#[derive(Deserialize, JsonSchema)]
pub struct GetUserParams {
    /// The user's name.
    username: Text,
}

/// What `get_user` answers.
#[derive(Serialize, JsonSchema)]
pub struct GetUserOutput {
    /// The name that was asked for.
    username: String,
    /// Whether there is such a user.
    exists: bool,
    /// How many tasks are assigned to the user; only where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    task_count: Option<u64>,
    /// The tasks that are assigned to the user; only where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    tasks: Option<Vec<Task>>,
}

/// What is shown on the lean face: the tasks as they stand in lists of tasks.
const SUMMARY: View = View::of(&[
    Column::of("username"),
    Column::of("exists"),
    Column::of("task_count"),
    Column::rows("tasks", tasks::COLUMNS),
]);

impl LongAction for GetUser {
    const NAME: &'static str = "get_user";
    type Params = GetUserParams;
    type Output = GetUserOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"username":"bob"}"#,
            answer: r#"{"username":"bob","exists":true,"task_count":0,"tasks":[]}"#,
        };
        Doc::new(Group::Users, "Get a user and the tasks assigned to it", example)
            .words(&[
                "details profile info information record one single particular user who",
                "exists registered known check whether role metadata named work workload",
                "plate busy doing responsible working works assigned assignments",
            ])
            .view(SUMMARY)
    }

    fn begin(&self, params: GetUserParams, memory: &mut dyn Memory) -> Result<Answer, ActionError> {
        let Text(username) = params.username;
        if memory.find_user(&username)?.is_none() {
            let nobody = GetUserOutput { username, exists: false, task_count: None, tasks: None };
            return Answer::of(&nobody);
        }
        let filter = TaskFilter { assigned_to: Some(username.clone()), status: None };
        let first = memory.list_tasks(&filter, PART)?;
        if first.next.is_none() {
            let tasks = first.items();
            return Answer::of(&GetUserOutput {
                username,
                exists: true,
                task_count: Some(tasks.len() as u64),
                tasks: Some(tasks),
            });
        }
        let task_count = Some(memory.count_tasks(&filter)?);
        let without = GetUserOutput { username, exists: true, task_count, tasks: None };
        Answer::with_list(&without, "tasks", tasks::matching(filter))
    }
}
