//! Embeds the core without a server: registers an action besides the built-in ones and calls both.
//!
//! ```sh
//! cargo run -p mcp-core --example embed
//! ```

use std::sync::Arc;

use mcp_core::action::params::{ParamsText, Text};
use mcp_core::dispatch::Redactor;
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_core::{
    ActionError, Call, Dispatcher, Doc, Effect, Example, Group, Memory, MemoryAction, Registry,
    SystemClock, actions,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Sends a message to a user.
struct SendNotification;

#[derive(Deserialize, JsonSchema)]
struct SendNotificationParams {
    /// The user.
    user: Text,
    /// The message.
    message: Text,
}

#[derive(Serialize, JsonSchema)]
struct SendNotificationOutput {
    /// Always true.
    sent: bool,
    /// The user.
    user: String,
}

impl MemoryAction for SendNotification {
    const NAME: &'static str = "send_notification";
    const EFFECT: Effect = Effect::Read;
    type Params = SendNotificationParams;
    type Output = SendNotificationOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"user":"alice","message":"The build is green"}"#,
            answer: r#"{"sent":true,"user":"alice"}"#,
        };
        Doc::new(Group::CUSTOM, "Send a user a message", example).words(&["tell", "notify"])
    }

    fn run(
        &self,
        params: SendNotificationParams,
        memory: &mut dyn Memory,
    ) -> Result<SendNotificationOutput, ActionError> {
        let Text(user) = params.user;
        if memory.find_user(&user)?.is_none() {
            return Err(ActionError::not_found(format!("User {user} not found")));
        }
        println!("to {user}: {}", params.message.0);
        Ok(SendNotificationOutput { sent: true, user })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::builder().with(actions::register).memory(SendNotification).build()?;
    let clock = SystemClock::shared();
    let store = InMemoryStore::new(Arc::clone(&clock), 1000);
    let dispatcher = Dispatcher::new(Arc::new(registry), Arc::new(store), clock, Redactor::new([]));

    for (action, params) in [
        ("add_user", json!({"username": "alice"})),
        ("send_notification", json!({"user": "alice", "message": "The build is green"})),
    ] {
        let call = Call::new(action, ParamsText::from_value(&params)?);
        println!("{action} -> {}", dispatcher.dispatch(call).await?);
    }

    let call = Call::new("send_notification", ParamsText::from_value(&json!({"user": "alice"}))?);
    let refusal = dispatcher.dispatch(call).await.expect_err("the message is missing");
    println!("send_notification -> {refusal}");
    assert_eq!(refusal.message, "message is required");
    Ok(())
}
