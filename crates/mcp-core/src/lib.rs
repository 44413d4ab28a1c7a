//! The core of the MCP Server: domain types, the ports to stored memory, the action traits, the
//! registry and the dispatcher.
//!
//! It knows no HTTP, no SQL and no network. A program of its own can embed it: implement
//! [`MemoryAction`], [`ListAction`] or [`RemoteAction`], register it beside (or instead of)
//! the built-in [`actions`], and call it through a [`Dispatcher`]; see `examples/embed.rs`.
//!
//! Start reading at [`action`] (what an action is), then [`dispatch`] (what happens to a call) and
//! [`memory`] (what an action can do to stored data).

pub mod action;
pub mod actions;
pub mod answer;
pub mod changes;
pub mod clock;
pub mod content;
pub mod context;
pub mod dispatch;
pub mod domain;
pub mod error;
pub mod json;
pub mod memory;
pub mod progress;
pub mod snapshot;

pub use action::registry::{Registry, RegistryBuilder, RegistryError};
pub use action::{
    Action, CompoundAction, Doc, Effect, Example, Group, ListAction, MemoryAction, RemoteAction,
};
pub use answer::Answer;
pub use clock::{Clock, SystemClock, Timestamp};
pub use context::{Caller, Context};
pub use dispatch::{Call, Dispatcher, Reply, UnknownParams};
pub use error::{ActionError, ErrorCode};
pub use memory::{Memory, Store, StoreError};
pub use progress::Progress;
