//! `list_users`

use serde_json::Value;

use super::GROUP;
use crate::action::{Column, View, output_schema};
use crate::actions::NoParams;
use crate::domain::{Page, Part, User};
use crate::{ActionError, Doc, Example, ListAction, Memory};

/// Lists all users in the order in which they were added: names in v1, rows in the lean API.
pub(crate) struct ListUsers;

/// The fields of a user in the lean API.
const SUMMARY: View = View::of(&[Column::of("username"), Column::of("role")]);

impl ListAction for ListUsers {
    const NAME: &'static str = "list_users";
    type Params = NoParams;
    type Item = String;

    fn doc(&self) -> Doc {
        let example = Example { params: "{}", answer: r#"["alice","bob"]"# };
        Doc::new(GROUP, "List the names of all users", example)
            .words(&[
                "who everyone everybody every which usernames here accounts people",
                "members teammates colleagues employees team roster staff crew group",
                "directory agents humans",
            ])
            .view(SUMMARY)
    }

    fn part(
        &self,
        _: &NoParams,
        page: Page,
        memory: &mut dyn Memory,
    ) -> Result<Part<String>, ActionError> {
        Ok(memory.list_usernames(page)?)
    }

    fn values(
        &self,
        _: &NoParams,
        page: Page,
        memory: &mut dyn Memory,
    ) -> Result<Part<Value>, ActionError> {
        memory.list_users(page)?.to_values()
    }

    fn lean_schema() -> Option<Value> {
        Some(output_schema::<Vec<User>>())
    }
}
