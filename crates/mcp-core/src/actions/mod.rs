//! The built-in actions over stored memory. A new action needs a file and a line in [`register`].

pub mod config;
pub mod help;
mod logs;
pub(crate) mod tasks;
mod users;
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

/// The parameters of an action without parameters.
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct NoParams {}

#[cfg(test)]
mod tests;
