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

/// Adds a user under a name that is not taken.
pub struct AddUser;

/// The parameters of `add_user`.
#[derive(Deserialize, JsonSchema)]
pub struct AddUserParams {
    /// The name; no two users share one.
    username: Text,
    /// What the user is to the team.
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

/// What `add_user` answers.
#[derive(Serialize, JsonSchema)]
pub struct AddUserOutput {
    /// The name.
    username: String,
    /// Always true.
    added: bool,
}

/// What is said of it on the lean face where nothing more is asked for.
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
