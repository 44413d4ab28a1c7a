//! Actions over users.

mod add;
mod get;
mod list;
mod remove;

pub(crate) use add::AddUser;
pub(crate) use get::get_user;
pub(crate) use list::ListUsers;
pub(crate) use remove::RemoveUser;

use crate::Group;

const GROUP: Group = Group::new(
    "users",
    "person people somebody someone member account colleague teammate coworker employee agent",
);
