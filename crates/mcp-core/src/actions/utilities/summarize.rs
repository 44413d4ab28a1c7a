//! `summarize_data`

use schemars::JsonSchema;
use serde::Serialize;

use super::GROUP;
use crate::actions::NoParams;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Counts users and tasks, and tasks by the usual statuses and priorities.
pub(crate) struct SummarizeData;

#[derive(Serialize, JsonSchema)]
pub(crate) struct SummarizeDataOutput {
    /// The counts.
    summary: Summary,
}

/// Counts.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Summary {
    /// All users.
    total_users: u64,
    /// All tasks, whatever their status and priority.
    total_tasks: u64,
    /// Tasks with one of the usual statuses.
    tasks_by_status: ByStatus,
    /// Tasks with one of the usual priorities.
    tasks_by_priority: ByPriority,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct ByStatus {
    pending: u64,
    in_progress: u64,
    completed: u64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct ByPriority {
    high: u64,
    medium: u64,
    low: u64,
}

impl MemoryAction for SummarizeData {
    const NAME: &'static str = "summarize_data";
    const EFFECT: Effect = Effect::Read;
    type Params = NoParams;
    type Output = SummarizeDataOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: "{}",
            answer: r#"{"summary":{"total_users":2,"total_tasks":1,"tasks_by_status":{"pending":1,"in_progress":0,"completed":0},"tasks_by_priority":{"high":1,"medium":0,"low":0}}}"#,
        };
        Doc::new(GROUP, "Count users and tasks by status and priority", example).words(&[
            "count overview statistics stats report dashboard summary summarise metrics",
            "figures numbers people todos tickets pending unfinished how-many number",
            "total amount tally progress state breakdown per everything whole work far",
            "along doing done completed open team glance weekly standing",
        ])
    }

    fn run(
        &self,
        _: NoParams,
        memory: &mut dyn Memory,
    ) -> Result<SummarizeDataOutput, ActionError> {
        let counts = memory.task_counts()?;
        let of = |counts: &[(String, u64)], word: &str| {
            counts.iter().find(|(known, _)| known == word).map_or(0, |(_, count)| *count)
        };
        let (status, priority) = (&counts.by_status, &counts.by_priority);
        Ok(SummarizeDataOutput {
            summary: Summary {
                total_users: memory.count_users()?,
                total_tasks: counts.total,
                tasks_by_status: ByStatus {
                    pending: of(status, "pending"),
                    in_progress: of(status, "in_progress"),
                    completed: of(status, "completed"),
                },
                tasks_by_priority: ByPriority {
                    high: of(priority, "high"),
                    medium: of(priority, "medium"),
                    low: of(priority, "low"),
                },
            },
        })
    }
}
