//! Actions of different types behind one shape, for the registry.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::params::{self, ParamsText};
use super::schema;
use super::{Doc, Effect, MemoryAction, RemoteAction};
use crate::error::ActionError;
use crate::memory::Memory;

/// What is left of a call of a memory action: it runs inside a transaction and gives JSON text.
pub type MemoryWork = Box<dyn FnOnce(&mut dyn Memory) -> Result<String, ActionError> + Send>;

/// What is left of a call of a remote action: it waits for another system and gives JSON text.
pub type RemoteWork = Pin<Box<dyn Future<Output = Result<String, ActionError>> + Send>>;

/// A call whose parameters are parsed: only the work is left.
pub enum Prepared {
    /// Runs inside a transaction.
    Memory(MemoryWork),
    /// Waits for another system.
    Remote(RemoteWork),
}

/// What the registry needs to know of any action.
pub(super) trait Erased: Send + Sync {
    fn name(&self) -> &'static str;
    fn effect(&self) -> Effect;
    fn remote(&self) -> bool;
    fn doc(&self) -> Doc;
    fn params_schema(&self) -> Value;
    fn output_schema(&self) -> Value;
    fn prepare(&self, params: &ParamsText) -> Result<Prepared, ActionError>;
}

pub(super) struct OverMemory<A>(pub(super) Arc<A>);

impl<A: MemoryAction> Erased for OverMemory<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn effect(&self) -> Effect {
        A::EFFECT
    }

    fn remote(&self) -> bool {
        false
    }

    fn doc(&self) -> Doc {
        self.0.doc()
    }

    fn params_schema(&self) -> Value {
        schema::of_params::<A::Params>()
    }

    fn output_schema(&self) -> Value {
        schema::of_output::<A::Output>()
    }

    fn prepare(&self, params: &ParamsText) -> Result<Prepared, ActionError> {
        let params = params::parse::<A::Params>(params, self.0.doc().required)?;
        let action = Arc::clone(&self.0);
        Ok(Prepared::Memory(Box::new(move |memory| json(&action.run(params, memory)?))))
    }
}

pub(super) struct OverNetwork<A>(pub(super) Arc<A>);

impl<A: RemoteAction> Erased for OverNetwork<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn effect(&self) -> Effect {
        Effect::Read
    }

    fn remote(&self) -> bool {
        true
    }

    fn doc(&self) -> Doc {
        self.0.doc()
    }

    fn params_schema(&self) -> Value {
        schema::of_params::<A::Params>()
    }

    fn output_schema(&self) -> Value {
        schema::of_output::<A::Output>()
    }

    fn prepare(&self, params: &ParamsText) -> Result<Prepared, ActionError> {
        self.0.available()?;
        let params = params::parse::<A::Params>(params, self.0.doc().required)?;
        let action = Arc::clone(&self.0);
        Ok(Prepared::Remote(Box::pin(async move { json(&action.run(params).await?) })))
    }
}

fn json(output: &impl Serialize) -> Result<String, ActionError> {
    serde_json::to_string(output).map_err(ActionError::internal)
}
