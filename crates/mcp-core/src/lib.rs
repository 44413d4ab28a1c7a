//! The core of the MCP Server: domain types, the ports to stored memory, the action traits, the
//! registry and the dispatcher.
//!
//! It knows no HTTP, no SQL and no network. Another program can embed it: implement [`MemoryAction`],
//! [`ListAction`] or [`RemoteAction`], register it with or without the built-in [`actions`], and call
//! it through a [`Dispatcher`]; see `examples/embed.rs`.
//!
//! Start reading at [`action`], then [`dispatch`] and [`memory`].

pub mod action;
pub mod actions;
mod answer;
pub mod changes;
mod clock;
pub mod content;
mod context;
pub mod dispatch;
pub mod domain;
pub mod error;
pub mod json;
pub mod memory;
pub mod progress;
pub mod snapshot;

pub use action::{
    Action, CompoundAction, Doc, Effect, Example, Group, ListAction, MemoryAction, Registry,
    RegistryBuilder, RegistryError, RemoteAction,
};
pub use clock::{Clock, SystemClock, Timestamp};
pub use context::{Caller, Context};
pub use dispatch::{Call, Dispatcher, Reply, UnknownParams};
pub use error::{ActionError, ErrorCode};
pub use memory::{Memory, Store, StoreError};
pub use progress::Progress;
