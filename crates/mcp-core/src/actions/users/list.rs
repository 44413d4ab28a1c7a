//! `list_users`

use crate::actions::NoParams;
use crate::domain::Page;
use crate::{ActionError, Doc, Effect, Example, Group, Memory, MemoryAction};

/// Lists the names of all users, in the order in which they were added.
pub struct ListUsers;

impl MemoryAction for ListUsers {
    const NAME: &'static str = "list_users";
    const EFFECT: Effect = Effect::Read;
    type Params = NoParams;
    type Output = Vec<String>;

    fn doc(&self) -> Doc {
        let example = Example { params: "{}", answer: r#"["alice","bob"]"# };
        Doc::new(Group::Users, "List the names of all users", example).words(&["who everyone everybody which usernames registered here accounts people members teammates colleagues employees", "team roster staff crew group directory agents humans"])
    }

    fn run(&self, _: NoParams, memory: &mut dyn Memory) -> Result<Vec<String>, ActionError> {
        Ok(memory.list_usernames(Page::ALL)?)
    }
}
