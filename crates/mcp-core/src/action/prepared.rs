//! Actions of different traits behind one type: a prepared call has parsed its parameters.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::params::{self, ParamsText};
use super::{CompoundAction, Effect, ListAction, MemoryAction, RemoteAction};
use crate::answer::{Answer, ListWork, RowsText};
use crate::changes::Change;
use crate::domain::{Page, Part, Position};
use crate::error::ActionError;
use crate::json;
use crate::memory::Memory;
use crate::progress::Progress;
use crate::{Context, Dispatcher};

/// The work of a memory action, run inside a transaction.
pub(crate) type MemoryWork =
    Box<dyn FnOnce(&mut dyn Memory) -> Result<MemoryText, ActionError> + Send>;

/// The work of an action whose result is written in parts: it begins the result inside a transaction.
pub(crate) type BeginWork = Box<dyn FnOnce(&mut dyn Memory) -> Result<Answer, ActionError> + Send>;

/// The work of a remote action.
pub(crate) type RemoteWork = Box<dyn FnOnce(Progress) -> RemoteRun + Send>;

/// A running remote action. Dropping it stops the action.
pub type RemoteRun = Pin<Box<dyn Future<Output = Result<RemoteText, ActionError>> + Send>>;

/// The work of a compound action, which gives JSON text.
pub(crate) type CompoundWork =
    Box<dyn for<'a> FnOnce(&'a Dispatcher, Context) -> CompoundRun<'a> + Send>;

/// A running compound action. Dropping it stops the action.
pub(crate) type CompoundRun<'a> =
    Pin<Box<dyn Future<Output = Result<String, ActionError>> + Send + 'a>>;

/// The result of a memory action.
#[derive(Debug)]
pub struct MemoryText {
    /// JSON text.
    pub text: String,
    /// The change that a write made.
    pub change: Option<Change>,
}

/// The result of a remote action.
#[derive(Debug)]
pub struct RemoteText {
    /// JSON text.
    pub text: String,
    /// Whether the text is a page and another page follows.
    pub has_more: bool,
}

/// A call whose parameters are parsed.
pub enum Prepared {
    /// Runs inside a transaction.
    Memory(MemoryWork),
    /// A list, read in parts, each inside a transaction.
    List(Box<dyn ListWork>),
    /// Begins inside a transaction; the result is read in parts.
    Begin(BeginWork),
    /// Waits for an upstream.
    Remote(RemoteWork),
    /// Calls other actions.
    Compound(CompoundWork),
}

/// Parses the parameters of a call.
pub(super) type Prepare = Box<dyn Fn(&ParamsText) -> Result<Prepared, ActionError> + Send + Sync>;

/// The error for a missing required parameter, if the action has its own.
type Required = Option<&'static str>;

pub(super) fn memory<A: MemoryAction>(action: A, required: Required) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        let params = params::parse::<A::Params>(params, required)?;
        let action = Arc::clone(&action);
        Ok(Prepared::Memory(Box::new(move |memory| {
            let output = action.run(params, memory)?;
            let change = (A::EFFECT == Effect::Write).then(|| action.change(&output));
            Ok(MemoryText { text: json::text(&output)?, change })
        })))
    })
}

pub(super) fn list<A: ListAction>(action: A, required: Required) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        let params = params::parse::<A::Params>(params, required)?;
        let action = Arc::clone(&action);
        Ok(Prepared::List(Box::new(Listing { action, params })))
    })
}

struct Listing<A: ListAction> {
    action: Arc<A>,
    params: A::Params,
}

impl<A: ListAction> ListWork for Listing<A> {
    fn part(
        &mut self,
        page: Page,
        memory: &mut dyn Memory,
        rows: &mut RowsText,
    ) -> Result<Option<Position>, ActionError> {
        let part = self.action.part(&self.params, page, memory)?;
        rows.append(&part)?;
        Ok(part.next)
    }

    fn values(&mut self, page: Page, memory: &mut dyn Memory) -> Result<Part<Value>, ActionError> {
        self.action.values(&self.params, page, memory)
    }
}

pub(super) fn in_parts<P: DeserializeOwned>(
    begin: impl Fn(P) -> BeginWork + Send + Sync + 'static,
    required: Required,
) -> Prepare {
    Box::new(move |params| Ok(Prepared::Begin(begin(params::parse::<P>(params, required)?))))
}

pub(super) fn remote<A: RemoteAction>(action: A, required: Required) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        action.available()?;
        let params = params::parse::<A::Params>(params, required)?;
        let action = Arc::clone(&action);
        Ok(Prepared::Remote(Box::new(move |progress| {
            Box::pin(async move {
                let output = action.run(params, &progress).await?;
                Ok(RemoteText { text: json::text(&output)?, has_more: action.has_more(&output) })
            })
        })))
    })
}

pub(super) fn at_run_time(
    run: impl Fn(ParamsText, Progress) -> RemoteRun + Send + Sync + 'static,
) -> Prepare {
    let run = Arc::new(run);
    Box::new(move |params| {
        let (params, run) = (params.clone(), Arc::clone(&run));
        Ok(Prepared::Remote(Box::new(move |progress| run(params, progress))))
    })
}

pub(super) fn compound<A: CompoundAction>(action: A, required: Required) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        let params = params::parse::<A::Params>(params, required)?;
        let action = Arc::clone(&action);
        let work: CompoundWork = Box::new(move |dispatcher, context| {
            Box::pin(async move { json::text(&action.run(params, dispatcher, &context).await?) })
        });
        Ok(Prepared::Compound(work))
    })
}
