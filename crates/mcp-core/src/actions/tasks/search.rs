//! `search_tasks`

use schemars::JsonSchema;
use serde::Deserialize;

use super::{GROUP, SUMMARY};
use crate::domain::{Page, Part, SearchText, Task};
use crate::{ActionError, Doc, Example, ListAction, Memory};

/// Finds tasks by a text in title or description, ignoring case.
pub(crate) struct SearchTasks;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct SearchTasksParams {
    /// The text to look for; nothing in it is a wildcard. The empty text is in every task.
    #[serde(default)]
    query: String,
}

impl ListAction for SearchTasks {
    const NAME: &'static str = "search_tasks";
    type Params = SearchTasksParams;
    type Item = Task;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"query":"ship"}"#,
            answer: r#"[{"id":1,"title":"Ship v1","description":"","priority":"high","status":"pending","assigned_to":"alice","created_at":"2026-02-16T16:00:00.000000","updated_at":"2026-02-16T16:00:00.000000"}]"#,
        };
        Doc::new(GROUP, "Find tasks by a text in title or description", example)
            .words(&[
                "look contains containing contain mention mentions matching match full-text",
                "talk talks grep in-its descriptions through about regarding concerning related keyword word term phrase any",
            ])
            .view(SUMMARY)
    }

    fn part(
        &self,
        params: &SearchTasksParams,
        page: Page,
        memory: &mut dyn Memory,
    ) -> Result<Part<Task>, ActionError> {
        Ok(memory.search_tasks(&SearchText::new(&params.query), page)?)
    }
}
