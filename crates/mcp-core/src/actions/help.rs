//! `help`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::action::Action;
use crate::action::catalogue::{Catalogue, CatalogueHandle};
use crate::action::params::JsonText;
use crate::{ActionError, Doc, Effect, Example, Group, Memory, MemoryAction};

/// How many characters of a request are read.
const LONGEST_QUERY: usize = 1000;

/// Finds actions, tells all about one, or lists all.
pub struct Help {
    catalogue: CatalogueHandle,
}

impl Help {
    /// Over the catalogue of the registry that it is put into.
    #[must_use]
    pub fn new(catalogue: CatalogueHandle) -> Self {
        Self { catalogue }
    }
}

/// The parameters of `help`.
#[derive(Deserialize, JsonSchema)]
pub struct HelpParams {
    /// What is to be done, in any words: the best three actions are told.
    #[serde(default)]
    query: Option<String>,
    /// The action to be told all about.
    #[serde(default)]
    action: Option<String>,
}

/// What `help` answers.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum HelpOutput {
    /// To a query: a line for each action that fits, the best first: its signature and what it
    /// does. To nothing: all signatures, by group.
    Lines(Vec<String>),
    /// To an action's name.
    Action(ActionHelp),
}

/// All about an action.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub struct ActionHelp {
    /// The call in one line: `?` may be left out, `=` shows what it is then.
    signature: String,
    /// What it does.
    summary: String,
    /// By name: the type and the meaning of each parameter.
    params: serde_json::Map<String, serde_json::Value>,
    /// The parameters of a call that works.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "JsonText")]
    example: Option<Box<RawValue>>,
}

const GROUP: Group = Group::new("help", "");

impl MemoryAction for Help {
    const NAME: &'static str = "help";
    const EFFECT: Effect = Effect::Read;
    type Params = HelpParams;
    type Output = HelpOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"query":"who is on the team"}"#,
            answer: r#"["list_users(): List the names of all users"]"#,
        };
        Doc::new(GROUP, "Tell which actions there are and what each takes", example).words(&[
            "what-can what-you you-can can-you available offer supported possible which",
            "tools functions commands capabilities features catalogue api reference",
            "documentation manual server parameters arguments signature explain howto use",
            "call usage suitable right-tool right-action know-how can-do i-can",
        ])
    }

    fn run(&self, params: HelpParams, _: &mut dyn Memory) -> Result<HelpOutput, ActionError> {
        let catalogue = &*self.catalogue.get()?;
        match (params.query, params.action) {
            (Some(_), Some(_)) => Err(ActionError::invalid("give query or action, not both")),
            (Some(query), None) => search(catalogue, &query).map(HelpOutput::Lines),
            (None, Some(name)) => about(catalogue, &name).map(HelpOutput::Action),
            (None, None) => Ok(HelpOutput::Lines(catalogue.lines())),
        }
    }
}

/// The lines of the actions that fit a request, the best first.
///
/// # Errors
/// When none does, or the request is too long.
pub fn search(catalogue: &Catalogue, query: &str) -> Result<Vec<String>, ActionError> {
    if query.chars().nth(LONGEST_QUERY).is_some() {
        let message = format!("query must have at most {LONGEST_QUERY} characters");
        return Err(ActionError::invalid(message));
    }
    let found = catalogue.search(query);
    if found.is_empty() {
        let message = "No action fits the query; help without parameters lists all";
        return Err(ActionError::not_found(message));
    }
    Ok(found.into_iter().map(Action::line).collect())
}

fn about(catalogue: &Catalogue, name: &str) -> Result<ActionHelp, ActionError> {
    let Some(action) = catalogue.find(name) else {
        let nearest = catalogue.nearest(name);
        let message = format!("No such action; the nearest are {}", nearest.join(", "));
        return Err(ActionError::not_found(message));
    };
    let params = action.parameters.iter().map(|parameter| {
        (parameter.name.clone(), format!("{}: {}", parameter.kind, parameter.description).into())
    });
    Ok(ActionHelp {
        signature: action.signature.clone(),
        summary: action.doc.summary.to_string(),
        params: params.collect(),
        example: action.doc.example.and_then(|it| serde_json::from_str(it.params).ok()),
    })
}
