//! An action as the registry holds it, whatever its trait.

use std::sync::Arc;

use schemars::JsonSchema;
use serde_json::Value;

use super::coerce::EmptyText;
use super::params::ParamsText;
use super::prepared::{self, BeginWork, Prepare, Prepared, RemoteRun};
use super::schema::{self, Parameter};
use super::{CompoundAction, Doc, Effect, ListAction, MemoryAction, RemoteAction};
use crate::error::{ActionError, shown};
use crate::memory::Freshness;
use crate::progress::Progress;

/// An action with its documentation and schemas.
pub struct Action {
    prepare: Prepare,
    /// The name: `snake_case`, unique in its registry.
    pub name: Arc<str>,
    /// Whether the action may write stored data.
    pub effect: Effect,
    /// Whether the action calls an upstream.
    pub remote: bool,
    /// Whether the action calls other actions.
    pub compound: bool,
    /// Whether the action was made at run time, for a tool of another system.
    pub connected: bool,
    /// The writes that a read must see.
    pub freshness: Freshness,
    /// The documentation.
    pub doc: Doc,
    /// The parameters, required ones first.
    pub parameters: Vec<Parameter>,
    /// The call in one line: `add_task(title, description?, priority?=medium)`.
    pub signature: String,
    /// The schema of the parameters: JSON Schema 2020-12, an object, without references.
    pub params_schema: Value,
    /// The schema of the result: JSON Schema 2020-12, without references.
    pub output_schema: Value,
    /// The schema of the rows in the lean API, if they are not the result of v1.
    lean_schema: Option<Value>,
}

impl Action {
    pub(super) fn memory<A: MemoryAction>(action: A) -> Self {
        let doc = action.doc();
        let prepare = prepared::memory(action, doc.required);
        Self {
            effect: A::EFFECT,
            freshness: A::FRESHNESS,
            ..Self::typed::<A::Params, A::Output>(A::NAME, doc, prepare)
        }
    }

    pub(super) fn list<A: ListAction>(action: A) -> Self {
        let doc = action.doc();
        let prepare = prepared::list(action, doc.required);
        Self {
            lean_schema: A::lean_schema(),
            ..Self::typed::<A::Params, Vec<A::Item>>(A::NAME, doc, prepare)
        }
    }

    /// An action that only reads, and whose result is written in parts because it holds a list.
    pub(crate) fn in_parts<P, O>(
        name: &'static str,
        doc: Doc,
        begin: impl Fn(P) -> BeginWork + Send + Sync + 'static,
    ) -> Self
    where
        P: serde::de::DeserializeOwned + JsonSchema,
        O: JsonSchema,
    {
        let prepare = prepared::in_parts(begin, doc.required);
        Self::typed::<P, O>(name, doc, prepare)
    }

    pub(super) fn remote<A: RemoteAction>(action: A) -> Self {
        let doc = action.doc();
        let prepare = prepared::remote(action, doc.required);
        Self { remote: true, ..Self::typed::<A::Params, A::Output>(A::NAME, doc, prepare) }
    }

    pub(super) fn compound<A: CompoundAction>(action: A) -> Self {
        let doc = action.doc();
        let prepare = prepared::compound(action, doc.required);
        Self {
            effect: Effect::Write,
            remote: true,
            compound: true,
            ..Self::typed::<A::Params, A::Output>(A::NAME, doc, prepare)
        }
    }

    /// Makes an action at run time, such as a tool that a connected server offers. The schema of the
    /// parameters is an object's: JSON Schema 2020-12 without references. Unknown parameters are passed
    /// on unless that schema forbids additional properties. The result may be any JSON.
    #[must_use]
    pub fn at_run_time(
        name: impl Into<Arc<str>>,
        effect: Effect,
        doc: Doc,
        params_schema: Value,
        run: impl Fn(ParamsText, Progress) -> RemoteRun + Send + Sync + 'static,
    ) -> Self {
        let prepare = prepared::at_run_time(run);
        Self {
            effect,
            remote: true,
            connected: true,
            ..Self::new(name.into(), doc, params_schema, Value::Bool(true), prepare)
        }
    }

    fn typed<P: JsonSchema, O: JsonSchema>(name: &'static str, doc: Doc, prepare: Prepare) -> Self {
        Self::new(name.into(), doc, schema::of_params::<P>(), schema::of_output::<O>(), prepare)
    }

    fn new(
        name: Arc<str>,
        doc: Doc,
        params_schema: Value,
        output_schema: Value,
        prepare: Prepare,
    ) -> Self {
        let parameters = schema::parameters(&params_schema);
        Self {
            prepare,
            effect: Effect::Read,
            remote: false,
            compound: false,
            connected: false,
            freshness: Freshness::Writes,
            doc,
            signature: schema::signature(&name, &parameters),
            name,
            parameters,
            params_schema,
            output_schema,
            lean_schema: None,
        }
    }

    /// Returns the schema of the fields that the lean API can select.
    #[must_use]
    pub fn lean_schema(&self) -> &Value {
        self.lean_schema.as_ref().unwrap_or(&self.output_schema)
    }

    /// Returns whether the lean API shows the result of v1, in fewer tokens.
    #[must_use]
    pub fn is_lean_of_v1(&self) -> bool {
        self.lean_schema.is_none()
    }

    /// Returns a title for people: the document's, or `Add task` for `add_task`.
    #[must_use]
    pub fn title(&self) -> String {
        if let Some(title) = &self.doc.title {
            return title.to_string();
        }
        let words = self.name.replace('_', " ");
        let (first, rest) = words.split_at(1);
        first.to_ascii_uppercase() + rest
    }

    /// Returns signature, without defaults, and summary: `delete_task(task_id): Delete a task`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.brief_signature(), self.doc.summary)
    }

    pub(crate) fn brief_signature(&self) -> String {
        schema::brief_signature(&self.name, &self.parameters)
    }

    /// Returns the warning for a write that succeeded but whose result cannot be returned, so that
    /// clients do not retry. Reads have none.
    #[must_use]
    pub fn done(&self) -> Option<String> {
        match (self.effect, self.compound) {
            (Effect::Read, _) => None,
            (Effect::Write, false) => {
                Some(format!("{} was carried out: do not call it again for its result", self.name))
            }
            (Effect::Write, true) => Some(format!(
                "{} was carried out: for a result call those steps again that only read",
                self.name
            )),
        }
    }

    /// Coerces parameters as models write them into the types of the schema: JSON in a string, `1.0`
    /// for an integer, `""` for an optional filter, null where the schema has no null. v2, the Model
    /// Context Protocol and batch steps do this before a call; v1 does not.
    pub fn coerce(&self, params: &mut ParamsText) {
        let stores = self.effect == Effect::Write && !self.compound;
        let empty = if stores { EmptyText::Value } else { EmptyText::Absent };
        params.coerce(&self.params_schema, empty);
    }

    /// Parses the parameters of a call. `null` counts as absent unless the parameter allows it.
    ///
    /// # Errors
    /// Returns `InvalidParams` if a parameter is missing or has a wrong type or value, and
    /// `NotConfigured` if the action lacks a setting.
    pub fn prepare(&self, params: ParamsText) -> Result<Prepared, ActionError> {
        let is_nullable = |name: &str| {
            self.parameters
                .iter()
                .filter(|known| known.name == name)
                .any(|known| known.nullable || (self.doc.sees_null && !known.required))
        };
        (self.prepare)(&params.without_nulls(is_nullable)?)
    }

    pub(crate) fn reject_unknown(&self, params: &ParamsText) -> Result<(), ActionError> {
        if self.connected && self.params_schema["additionalProperties"] != false {
            return Ok(());
        }
        let names = params.names()?;
        let unknown = names.iter().find(|name| !self.parameters.iter().any(|p| p.name == **name));
        unknown.map_or(Ok(()), |name| {
            let message = format!("Unknown parameter: {}. Use {}", shown(name), self.signature);
            Err(ActionError::invalid(message))
        })
    }
}
