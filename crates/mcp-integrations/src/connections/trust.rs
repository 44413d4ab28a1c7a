//! The list of tools of a connection: compared with what is trusted, made into actions, and approved.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use mcp_core::action::RemoteRun;
use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, ErrorCode, Progress};
use tokio::time::timeout;

use super::connection::Connection;
use super::definition::Definition;
use super::settings::OnChange;
use super::system::Live;
use super::tools::{Pins, RunTool, Tools};

impl Connection {
    /// Takes over a list of tools: compares it with what is trusted, and makes actions of it.
    pub(super) async fn adopt(self: &Arc<Self>, definitions: Vec<Definition>) {
        let holds = self.settings.on_change == OnChange::Hold;
        // What cannot be compared is not trusted.
        let stored = self.shared.pins(&self.name).await;
        let is_known = stored.is_ok();
        let pins = stored.unwrap_or_else(|_| Some(Pins::default()));
        let run = run_tool(Arc::downgrade(self));
        let trusted = pins.as_ref().filter(|_| holds);
        let tools = Tools::new(&self.name, &self.settings, definitions, trusted, &run);
        let is_new = |tool: &String, digest: &String| {
            pins.as_ref().is_some_and(|pins| pins.get(tool) != Some(digest))
        };
        let changed: Vec<&String> =
            tools.pins.iter().filter(|(tool, it)| is_new(tool, it)).map(|(tool, _)| tool).collect();
        if !changed.is_empty() {
            let count = u64::try_from(changed.len()).unwrap_or(u64::MAX);
            self.counters.changes.fetch_add(count, Ordering::Relaxed);
            let outcome = if holds { "held until they are approved" } else { "accepted" };
            let names =
                changed.iter().take(20).map(|it| it.as_str()).collect::<Vec<_>>().join(", ");
            log::warn!(
                "connection {}: {count} definitions are new or changed, {outcome}: {names}",
                self.name
            );
        }
        let is_to_store = pins.is_none() || (!holds && pins.as_ref() != Some(&tools.pins));
        if is_known && is_to_store {
            self.shared.store_pins(&self.name, &tools.pins).await;
        }
        self.known.lock().tools = Some(Arc::new(tools));
        self.shared.tell();
    }

    /// Trusts the present definitions. Returns how many were held.
    pub(crate) async fn approve(self: &Arc<Self>) -> Result<usize, String> {
        let tools = self.known.lock().tools.clone();
        let tools = tools.ok_or_else(|| "its list of tools has not arrived".to_owned())?;
        let held = tools.held_actions.len();
        self.shared.store_pins(&self.name, &tools.pins).await;
        if held > 0 {
            // The definitions are in the stored list, or are read again.
            let stored = self.shared.stored_tools(&self.hash).await;
            if let Some(definitions) = stored.and_then(|text| serde_json::from_str(&text).ok()) {
                self.adopt(definitions).await;
            } else {
                self.stop().await;
                let _ = self.live().await;
            }
        }
        Ok(held)
    }

    /// Reads the list of tools again, after the server has said that it changed.
    pub(super) async fn follow(self: &Arc<Self>, live: &Live) {
        let _turn = self.turn.lock().await;
        match timeout(self.settings.timeout, live.definitions()).await {
            Ok(Ok(definitions)) => {
                let text = serde_json::to_string(&definitions).unwrap_or_default();
                self.shared.store_tools(&self.hash, text).await;
                self.adopt(definitions).await;
            }
            Ok(Err(reason)) => log::warn!("connection {}: {reason}", self.name),
            Err(_) => log::warn!("connection {}: its tools could not be listed in time", self.name),
        }
    }
}

fn run_tool(connection: Weak<Connection>) -> RunTool {
    Arc::new(move |tool: Arc<str>, params: ParamsText, progress: Progress| -> RemoteRun {
        let connection = connection.clone();
        Box::pin(async move {
            let connection = connection.upgrade().ok_or_else(|| {
                ActionError::new(ErrorCode::Unavailable, "the connection was removed: see help")
            })?;
            connection.call(&tool, &params, &progress).await
        })
    })
}
