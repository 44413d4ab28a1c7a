//! `help`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::action::Action;
use crate::action::catalogue::{Catalogue, CatalogueHandle};
use crate::action::params::JsonText;
use crate::{ActionError, Doc, Effect, Example, Group, Memory, MemoryAction};

/// Characters that a query may have.
const QUERY_LIMIT: usize = 1000;

/// Finds actions, describes one, or lists all.
pub(crate) struct Help {
    catalogue: CatalogueHandle,
}

impl Help {
    /// Makes the action for the registry of this catalogue.
    pub(crate) fn new(catalogue: CatalogueHandle) -> Self {
        Self { catalogue }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct HelpParams {
    /// The task in any words, to get the best three actions.
    #[serde(default)]
    query: Option<String>,
    /// The name of an action, to get its details.
    #[serde(default)]
    action: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum HelpOutput {
    /// For a query, a line for each matching action, best first: signature and summary. Without
    /// parameters, all signatures by group.
    Lines(Vec<String>),
    /// For the name of an action, its details.
    Action(ActionHelp),
}

/// The details of an action.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct ActionHelp {
    /// The call in one line: `?` marks optional parameters, `=` their defaults.
    signature: String,
    /// The summary.
    summary: String,
    /// The type and meaning of each parameter, by name.
    params: serde_json::Map<String, serde_json::Value>,
    /// Parameters that work.
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

/// Returns a line for each action that matches a query, best first.
///
/// # Errors
/// Returns `NotFound` if no action matches, and `InvalidParams` if the query is too long.
fn search(catalogue: &Catalogue, query: &str) -> Result<Vec<String>, ActionError> {
    if query.chars().nth(QUERY_LIMIT).is_some() {
        let message = format!("query must have at most {QUERY_LIMIT} characters");
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
        summary: action.doc.details.as_deref().unwrap_or(&action.doc.summary).to_owned(),
        params: params.collect(),
        example: action.doc.example.and_then(|it| serde_json::from_str(it.params).ok()),
    })
}
