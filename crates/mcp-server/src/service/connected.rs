//! Puts the actions of connections into the registry, and keeps them there as they change.

use std::sync::{Arc, Weak};
use std::time::Duration;

use mcp_integrations::connections::file::FileError;
use mcp_integrations::connections::{Connections, Reload};

use super::{Machine, Service, StartError, registry};
use crate::config::Settings;

/// The wait for further changes of the actions: at the start many connections change at a time.
const COLLECTION_TIME: Duration = Duration::from_millis(10);

impl Service {
    /// Reads the connections file of the settings, if there is one, and begins to connect. Must be called
    /// on the runtime that outlives the service.
    ///
    /// # Errors
    /// Returns an error if the file cannot be used. A single connection may fail.
    pub fn connect(
        self: &Arc<Self>,
        settings: &Settings,
        machine: &Machine,
    ) -> Result<(), StartError> {
        let Some(path) = &settings.connections else { return Ok(()) };
        let connections = Arc::new(Connections::open(
            path.clone(),
            Arc::clone(&machine.variables),
            self.dispatcher.shared_store(),
            registry::http_settings(settings),
            Arc::clone(&self.clock),
        )?);
        self.dispatcher.set_arrivals(Arc::clone(&connections) as _);
        tokio::spawn(follow(Arc::downgrade(self), Arc::clone(&connections)));
        let _ = self.connections.set(connections);
        Ok(())
    }

    /// Returns the connections, if there is a file of them.
    #[must_use]
    pub fn connections(&self) -> Option<&Connections> {
        self.connections.get().map(|connections| &**connections)
    }

    /// Reads the connections file again and logs the changes. `None` if there is no file. It blocks.
    pub(crate) fn reload_connections(&self) -> Option<Result<Reload, FileError>> {
        let outcome = self.connections()?.reload();
        match &outcome {
            Ok(reload) => log::info!("the connections file was read again: {reload}"),
            Err(error) => log::error!("the connections file cannot be used: {error}"),
        }
        Some(outcome)
    }
}

/// Replaces the registry after each change of the connections' actions.
async fn follow(service: Weak<Service>, connections: Arc<Connections>) {
    let mut changes = connections.changes();
    changes.mark_changed();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(COLLECTION_TIME).await;
        let number = *changes.borrow_and_update();
        let Some(service) = service.upgrade() else { return };
        let (own, actions) = (Arc::clone(&service.own_actions), connections.actions());
        // The index over thousands of actions takes a while.
        let built = tokio::task::spawn_blocking(move || own.with_more(&actions)).await;
        match built {
            Ok(Ok(registry)) => service.dispatcher.replace_registry(registry),
            Ok(Err(error)) => log::error!("the actions of connections cannot be used: {error}"),
            Err(error) => log::error!("the actions of connections cannot be used: {error}"),
        }
        connections.published(number);
    }
}
