//! A call of an action, as a transport makes it.

use crate::Context;
use crate::action::params::ParamsText;

/// The treatment of parameters that the action does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownParams {
    /// The call is rejected, with the signature.
    #[default]
    Refuse,
    /// They are ignored, as in v1.
    Ignore,
}

/// A call of an action.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name of the action.
    pub action: String,
    /// The parameters.
    pub params: ParamsText,
    /// The treatment of parameters that the action does not have.
    pub unknown: UnknownParams,
    /// The caller, and the listener to the progress.
    pub context: Context,
}

impl Call {
    /// Makes a call that rejects unknown parameters.
    #[must_use]
    pub fn new(action: impl Into<String>, params: ParamsText) -> Self {
        let (unknown, context) = (UnknownParams::Refuse, Context::default());
        Self { action: action.into(), params, unknown, context }
    }

    /// Ignores unknown parameters.
    #[must_use]
    pub fn ignoring_unknown(mut self) -> Self {
        self.unknown = UnknownParams::Ignore;
        self
    }

    /// Sets the context.
    #[must_use]
    pub fn within(mut self, context: Context) -> Self {
        self.context = context;
        self
    }
}
