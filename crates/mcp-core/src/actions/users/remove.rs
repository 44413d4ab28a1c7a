//! `remove_user`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GROUP;
use crate::action::params::Text;
use crate::action::{Column, View};
use crate::changes::Change;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Removes a user. The tasks that are assigned to it stay as they are.
pub struct RemoveUser;

/// The parameters of `remove_user`.
#[derive(Deserialize, JsonSchema)]
pub struct RemoveUserParams {
    /// The user's name.
    username: Text,
}

/// What `remove_user` answers.
#[derive(Serialize, JsonSchema)]
pub struct RemoveUserOutput {
    /// The name.
    username: String,
    /// Always true.
    removed: bool,
}

/// What is said of it on the lean face where nothing more is asked for.
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
