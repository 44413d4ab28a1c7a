//! The built-in actions over stored memory. Adding one is its file and its line here.

pub mod config;
pub mod help;
pub mod logs;
pub mod tasks;
pub mod users;
pub mod utilities;

use crate::RegistryBuilder;

/// Registers every built-in action over stored memory.
#[must_use]
pub fn register(registry: RegistryBuilder) -> RegistryBuilder {
    let catalogue = registry.catalogue();
    registry
        .memory(help::Help::new(catalogue))
        .list(users::ListUsers)
        .memory(users::AddUser)
        .memory(users::RemoveUser)
        .action(users::get_user())
        .list(tasks::ListTasks)
        .memory(tasks::AddTask)
        .memory(tasks::UpdateTask)
        .memory(tasks::DeleteTask)
        .list(tasks::SearchTasks)
        .memory(config::GetConfig)
        .memory(config::UpdateConfig)
        .memory(utilities::Calculate)
        .memory(utilities::SummarizeData)
        .memory(logs::ListLogs)
}

/// The parameters of an action that has none.
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct NoParams {}

#[cfg(test)]
mod tests;
