//! The stored memory as resources, with the contents of `GET /state`.

use std::sync::Arc;

use mcp_core::actions::config::ConfigMap;
use mcp_core::changes::Change;
use mcp_core::domain::{Page, TaskFilter};
use mcp_core::memory::{Freshness, Memory, StoreResult, StoreRuns};
use mcp_core::snapshot::{self, Entity};
use mcp_core::{ActionError, Reply, json};
use rmcp::model::{Resource, ResourceContents, ResourceTemplate};

use super::target::Target;
use super::{Later, ResourceSource};
use crate::service::Service;

/// The tasks that a completion searches.
const COMPLETION_PAGE: Page = Page { limit: Some(1000), bytes: Some(1 << 20), ..Page::ALL };
const TASK: &str = "mcp://tasks/{id}";
const TASKS: &str = "mcp://tasks{?status,limit,offset}";
const LOGS: &str = "mcp://logs{?limit,offset}";
const USERS: &str = "mcp://users{?limit,offset}";

pub(super) struct MemoryResources(pub(super) Arc<Service>);

impl MemoryResources {
    async fn read_with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Memory) -> StoreResult<T> + Send + 'static,
    ) -> Result<T, ActionError> {
        let read = self.0.store().read_for(Freshness::WritesAndLogs, work).await;
        Ok(read.and_then(|done| done)?)
    }

    async fn text(&self, target: Target, limit: usize) -> Result<Option<String>, ActionError> {
        let answer = match target {
            Target::Task(id) => {
                let task = self.read_with(move |memory| memory.find_task(id)).await?;
                return task.map(|task| json::text(&task)).transpose();
            }
            Target::List(Entity::Config, ..) => {
                let config = self.read_with(|memory| memory.list_config()).await?;
                return json::text(&ConfigMap::from(config)).map(Some);
            }
            Target::List(entity, page, status) => snapshot::of_entity(entity, page, status),
        };
        let store = self.0.store();
        let reply = Reply::read(Freshness::WritesAndLogs, answer, store).await?;
        reply.whole(store, limit).await.map(Some)
    }
}

impl ResourceSource for MemoryResources {
    fn list(&self) -> Vec<Resource> {
        let resource = |entity: Entity, title: &str, description: &str| {
            Resource::new(format!("mcp://{}", entity.name()), entity.name())
                .with_title(title)
                .with_description(description)
                .with_mime_type("application/json")
        };
        vec![
            resource(Entity::Users, "Users", "The users' names"),
            resource(Entity::Tasks, "Tasks", "The tasks, by id"),
            resource(Entity::Config, "Configuration", "The shared configuration"),
            resource(Entity::Logs, "Log", "The newest calls, newest last"),
        ]
    }

    fn templates(&self) -> Vec<ResourceTemplate> {
        let template = |form: &str, name: &str, title: &str| {
            ResourceTemplate::new(form, name).with_title(title).with_mime_type("application/json")
        };
        vec![
            template(TASK, "task", "One task"),
            template(USERS, "users_part", "A part of the users"),
            template(TASKS, "tasks_part", "A part of the tasks"),
            template(LOGS, "logs_part", "A part of the log, from the newest entry"),
        ]
    }

    fn read<'a>(&'a self, uri: &'a str, limit: usize) -> Later<'a, Option<Vec<ResourceContents>>> {
        Box::pin(async move {
            let Some(target) = Target::of(uri)? else { return Ok(None) };
            let text = self.text(target, limit).await?;
            let contents =
                |text| ResourceContents::text(text, uri).with_mime_type("application/json");
            Ok(text.map(|text| vec![contents(text)]))
        })
    }

    fn complete<'a>(
        &'a self,
        template: &'a str,
        variable: &'a str,
        begin: &'a str,
    ) -> Later<'a, Vec<String>> {
        Box::pin(async move {
            let found: Vec<String> = match (template, variable) {
                (TASK, "id") => {
                    let tasks = self
                        .read_with(move |memory| {
                            memory.list_tasks(&TaskFilter::default(), COMPLETION_PAGE)
                        })
                        .await?;
                    tasks.items().iter().map(|task| task.id.to_string()).collect()
                }
                (TASKS, "status") => {
                    let counts = self.read_with(|memory| memory.task_counts()).await?;
                    counts.by_status.into_iter().map(|(status, _)| status).collect()
                }
                _ => Vec::new(),
            };
            Ok(found.into_iter().filter(|value| value.starts_with(begin)).collect())
        })
    }

    fn advice(&self, uri: &str) -> &'static str {
        match Target::of(uri) {
            Ok(Some(Target::List(Entity::Config, ..))) => "call get_config with a key",
            Ok(Some(Target::List(..))) => "read a part with ?limit= and ?offset=, or call a tool",
            _ => "call a tool for a part of it",
        }
    }

    fn is_watched(&self, uri: &str) -> bool {
        matches!(Target::of(uri), Ok(Some(_)))
    }

    fn concerns(&self, uri: &str, change: Change) -> bool {
        matches!(Target::of(uri), Ok(Some(target)) if target.is_changed_by(change))
    }
}
