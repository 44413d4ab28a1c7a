//! `add_user`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GROUP;
use crate::action::params::{ObjectText, Text};
use crate::action::{Column, View};
use crate::changes::Change;
use crate::domain::NewUser;
use crate::error::ErrorCode;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Adds a user.
pub(crate) struct AddUser;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct AddUserParams {
    /// The name; no two users share one.
    username: Text,
    /// The role in the team.
    #[serde(default = "default_role")]
    role: String,
    /// Anything else to keep with the user.
    #[serde(default)]
    #[schemars(default = "no_metadata")]
    metadata: ObjectText,
}

fn default_role() -> String {
    "user".into()
}

fn no_metadata() -> serde_json::Map<String, serde_json::Value> {
    serde_json::Map::new()
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct AddUserOutput {
    /// The name.
    username: String,
    /// Always true.
    added: bool,
}

/// The summary in the lean API.
const ACKNOWLEDGMENT: View = View::of(&[Column::of("username")]);

impl MemoryAction for AddUser {
    const NAME: &'static str = "add_user";
    const EFFECT: Effect = Effect::Write;
    type Params = AddUserParams;
    type Output = AddUserOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"username":"carol","role":"admin","metadata":{"team":"engineering"}}"#,
            answer: r#"{"username":"carol","added":true}"#,
        };
        Doc::new(GROUP, "Add a user", example)
            .additive()
            .words(&[
                "make register invite onboard enroll enrol join hire sign sign-up set-up",
                "introduce admit put account team newcomer starter role developer admin into",
                "directory roster join joining",
            ])
            .view(ACKNOWLEDGMENT)
    }

    fn run(
        &self,
        params: AddUserParams,
        memory: &mut dyn Memory,
    ) -> Result<AddUserOutput, ActionError> {
        let Text(username) = params.username;
        let user = NewUser { username, role: params.role, metadata: params.metadata.0 };
        if memory.add_user(&user)? {
            Ok(AddUserOutput { username: user.username, added: true })
        } else {
            let message = format!("User {} already exists", user.username);
            Err(ActionError::new(ErrorCode::Conflict, message))
        }
    }

    fn change(&self, _: &AddUserOutput) -> Change {
        Change::Users
    }
}
