//! Users: who tasks are assigned to.

mod add;
mod get;
mod list;
mod remove;

pub use add::AddUser;
pub use get::GetUser;
pub use list::ListUsers;
pub use remove::RemoveUser;
