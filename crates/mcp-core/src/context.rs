//! The context of a call, besides its action and parameters: the caller, and the listener to its
//! progress.

use std::net::IpAddr;
use std::sync::Arc;

use crate::progress::Progress;

/// The caller of an action. Limits per caller, such as one atomic batch at a time, count by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Caller {
    /// The process itself: a program that embeds the core, or the one client of a stdio transport.
    #[default]
    Local,
    /// A session of the Model Context Protocol, by its id.
    Session(Arc<str>),
    /// A client without a session, by its address: for IPv6, its /64 network.
    Address(IpAddr),
}

/// The caller of a call, and the listener to its progress.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The caller.
    pub caller: Caller,
    /// The listener to the progress of the call.
    pub progress: Progress,
}

impl Context {
    /// Makes a context without a listener to the progress.
    #[must_use]
    pub fn of(caller: Caller) -> Self {
        Self { caller, progress: Progress::none() }
    }
}
