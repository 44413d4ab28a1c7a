//! `batch`: several steps in one call.
//!
//! A step is a query whose parameters can refer to the results of earlier steps. Steps run one after another,
//! each as a call of its own, or all in one transaction. A result that is not returned costs no tokens.

mod answers;
mod reference;
mod run;
mod step;
mod writes;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use answers::StepAnswer;
use step::StepParams;
pub use writes::writing_action;

use crate::blobs::Blobs;
use mcp_core::action::CompoundAction;
use mcp_core::action::params::Bounded;
use mcp_core::actions::utilities::GROUP;
use mcp_core::{ActionError, Context, Dispatcher, Doc, Example};

/// The maximum number of steps.
const MAX_STEPS: usize = 100;

/// Runs several steps.
pub(crate) struct Batch {
    blobs: Arc<Blobs>,
}

impl Batch {
    pub(crate) fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs }
    }
}

/// The parameters of `batch`.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct BatchParams {
    /// The steps in their order, 1 to 100: `{"id","action","params"?,"fields"?,"when"?}`
    /// and `filter`, `sort`, `group_by`, `count`, `limit` on the rows. A param can be
    /// `{"$ref":"earlier_id.data.0.id"}`.
    #[schemars(length(min = 1, max = 100))]
    steps: Vec<StepParams>,
    /// Whether all steps run or none: in one transaction, memory actions only.
    #[serde(default)]
    atomic: bool,
    /// The ids of the steps whose results are returned, or `last`; default all.
    #[serde(default, rename = "return")]
    returned: Option<Vec<String>>,
    /// The maximum tokens of the answer; 0 for no limit, otherwise at least 50.
    #[serde(default)]
    max_tokens: Bounded<0, { u32::MAX }, 2000>,
}

impl CompoundAction for Batch {
    const NAME: &'static str = "batch";
    type Params = BatchParams;
    type Output = Vec<StepAnswer>;

    fn doc(&self) -> Doc {
        let example = Example {
            // Without a `$ref` in an object: tools take it for one of the OpenAPI document's.
            params: r#"{"steps":[{"id":"urgent","action":"list_tasks","filter":{"priority":"high"},"count":true},{"id":"plan","action":"add_task","when":"urgent.data","params":{"title":"Plan the day"}}],"return":["last"]}"#,
            answer: r#"[{"id":"plan","data":{"id":2}}]"#,
        };
        Doc::new(GROUP, "Run several steps in one call", example).words(&[
            "many multiple several together once at-once bulk single operations requests",
            "actions combine transaction atomic atomically all-or all or nothing rollback",
            "calls round-trip round-trips save pipeline chain sequence first perform commands one-go one-request into-one in-one",
        ])
    }

    async fn run(
        &self,
        params: BatchParams,
        dispatcher: &Dispatcher,
        context: &Context,
    ) -> Result<Vec<StepAnswer>, ActionError> {
        run::run(&self.blobs, params, dispatcher, context).await
    }
}
