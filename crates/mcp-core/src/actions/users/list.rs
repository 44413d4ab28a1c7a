//! `list_users`

use crate::actions::NoParams;
use crate::domain::{Page, Part};
use crate::{ActionError, Doc, Example, Group, ListAction, Memory};

/// Lists the names of all users, in the order in which they were added.
pub struct ListUsers;

impl ListAction for ListUsers {
    const NAME: &'static str = "list_users";
    type Params = NoParams;
    type Item = String;

    fn doc(&self) -> Doc {
        let example = Example { params: "{}", answer: r#"["alice","bob"]"# };
        Doc::new(Group::Users, "List the names of all users", example).words(&[
            "who everyone everybody every which usernames here accounts people",
            "members teammates colleagues employees team roster staff crew group",
            "directory agents humans",
        ])
    }

    fn part(
        &self,
        _: &NoParams,
        page: Page,
        memory: &mut dyn Memory,
    ) -> Result<Part<String>, ActionError> {
        Ok(memory.list_usernames(page)?)
    }
}
