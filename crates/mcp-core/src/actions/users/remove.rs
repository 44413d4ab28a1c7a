//! `remove_user`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GROUP;
use crate::action::params::Text;
use crate::action::{Column, View};
use crate::changes::Change;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Removes a user. The tasks that are assigned to it stay as they are.
pub(crate) struct RemoveUser;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct RemoveUserParams {
    /// The user's name.
    username: Text,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct RemoveUserOutput {
    /// The name.
    username: String,
    /// Always true.
    removed: bool,
}

/// The summary in the lean API.
const ACKNOWLEDGMENT: View = View::of(&[Column::of("username")]);

impl MemoryAction for RemoveUser {
    const NAME: &'static str = "remove_user";
    const EFFECT: Effect = Effect::Write;
    type Params = RemoveUserParams;
    type Output = RemoveUserOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"username":"bob"}"#,
            answer: r#"{"username":"bob","removed":true}"#,
        };
        Doc::new(GROUP, "Remove a user; its tasks stay", example)
            .idempotent()
            .words(&[
                "offboard unregister deactivate kick ban expel fire revoke take account quit",
                "left leave leaving gone longer no-longer anymore team close roster disappear deregister",
            ])
            .view(ACKNOWLEDGMENT)
    }

    fn run(
        &self,
        params: RemoveUserParams,
        memory: &mut dyn Memory,
    ) -> Result<RemoveUserOutput, ActionError> {
        let Text(username) = params.username;
        if memory.remove_user(&username)? {
            Ok(RemoveUserOutput { username, removed: true })
        } else {
            Err(ActionError::not_found(format!("User {username} not found")))
        }
    }

    fn change(&self, _: &RemoveUserOutput) -> Change {
        Change::Users
    }
}
