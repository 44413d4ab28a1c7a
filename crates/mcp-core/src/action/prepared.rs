//! Actions of different types behind one shape: from parameters to work that only has to be run.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use super::params::{self, ParamsText};
use super::{CompoundAction, ListAction, LongAction, MemoryAction, RemoteAction};
use crate::answer::{Answer, ListWork, RowsText};
use crate::domain::{Page, Part, Position};
use crate::error::ActionError;
use crate::json;
use crate::memory::Memory;
use crate::progress::Progress;
use crate::{Context, Dispatcher};

/// What is left of a call of a memory action: it runs inside a transaction and gives JSON text.
pub type MemoryWork = Box<dyn FnOnce(&mut dyn Memory) -> Result<String, ActionError> + Send>;

/// What is left of a call of a long action: it runs inside a transaction and begins its answer.
pub type LongWork = Box<dyn FnOnce(&mut dyn Memory) -> Result<Answer, ActionError> + Send>;

/// What is left of a call of a remote action: it waits for another system. Dropping the future stops
/// it.
pub type RemoteWork = Box<dyn FnOnce(Progress) -> RemoteRun + Send>;

/// A remote action at work.
pub type RemoteRun = Pin<Box<dyn Future<Output = Result<RemoteText, ActionError>> + Send>>;

/// What is left of a call of a compound action: it calls others and gives JSON text.
pub type CompoundWork = Box<dyn for<'a> FnOnce(&'a Dispatcher, Context) -> CompoundRun<'a> + Send>;

/// A compound action that runs.
pub type CompoundRun<'a> = Pin<Box<dyn Future<Output = Result<String, ActionError>> + Send + 'a>>;

/// What another system's answer came to.
#[derive(Debug)]
pub struct RemoteText {
    /// JSON text.
    pub text: String,
    /// Whether it is a page and another follows.
    pub goes_on: bool,
}

/// A call whose parameters are parsed: only the work is left.
pub enum Prepared {
    /// Runs inside a transaction.
    Memory(MemoryWork),
    /// Is read in parts, each inside a transaction.
    List(Box<dyn ListWork>),
    /// Begins inside a transaction, and is read on in parts.
    Long(LongWork),
    /// Waits for another system.
    Remote(RemoteWork),
    /// Calls other actions.
    Compound(CompoundWork),
}

/// Parses the parameters of a call.
pub(super) type Prepare = Box<dyn Fn(&ParamsText) -> Result<Prepared, ActionError> + Send + Sync>;

pub(super) fn over_memory<A: MemoryAction>(action: A) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        let params = params::parse::<A::Params>(params, action.doc().required)?;
        let action = Arc::clone(&action);
        Ok(Prepared::Memory(Box::new(move |memory| json::text(&action.run(params, memory)?))))
    })
}

pub(super) fn over_list<A: ListAction>(action: A) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        let params = params::parse::<A::Params>(params, action.doc().required)?;
        let action = Arc::clone(&action);
        Ok(Prepared::List(Box::new(Listing { action, params })))
    })
}

/// A call of a list action.
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

pub(super) fn over_long<A: LongAction>(action: A) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        let params = params::parse::<A::Params>(params, action.doc().required)?;
        let action = Arc::clone(&action);
        Ok(Prepared::Long(Box::new(move |memory| action.begin(params, memory))))
    })
}

pub(super) fn over_network<A: RemoteAction>(action: A) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        action.available()?;
        let params = params::parse::<A::Params>(params, action.doc().required)?;
        let action = Arc::clone(&action);
        Ok(Prepared::Remote(Box::new(move |progress| {
            Box::pin(async move {
                let output = action.run(params, &progress).await?;
                Ok(RemoteText { text: json::text(&output)?, goes_on: action.goes_on(&output) })
            })
        })))
    })
}

pub(super) fn over_actions<A: CompoundAction>(action: A) -> Prepare {
    let action = Arc::new(action);
    Box::new(move |params| {
        let params = params::parse::<A::Params>(params, action.doc().required)?;
        let action = Arc::clone(&action);
        let work: CompoundWork = Box::new(move |dispatcher, context| {
            Box::pin(async move { json::text(&action.run(params, dispatcher, &context).await?) })
        });
        Ok(Prepared::Compound(work))
    })
}
