//! The port to actions that are on their way to the registry.

use std::future::Future;
use std::pin::Pin;

use crate::error::ActionError;

/// A wait for an action, bounded in time.
pub type Arrival = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Port: knows the actions of other systems that are not in the registry.
pub trait Arrivals: Send + Sync + 'static {
    /// Waits for an action that is not in the registry, if it may still come.
    fn wait(&self, action: &str) -> Arrival;

    /// Returns why an action is not in the registry, if that is known.
    fn why_missing(&self, action: &str) -> Option<ActionError>;
}
