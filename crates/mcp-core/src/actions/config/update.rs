//! `update_config`

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ConfigMap, GROUP, json};
use crate::action::params::{JsonText, Text};
use crate::action::{Column, View};
use crate::changes::Change;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Sets a configuration value.
pub(crate) struct UpdateConfig;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct UpdateConfigParams {
    /// The name of the value.
    key: Text,
    /// The value: any JSON, null too.
    value: JsonText,
}

/// The summary in the lean API.
const ACKNOWLEDGMENT: View = View::of(&[Column::of("updated")]);

impl MemoryAction for UpdateConfig {
    const NAME: &'static str = "update_config";
    const EFFECT: Effect = Effect::Write;
    type Params = UpdateConfigParams;
    type Output = ConfigMap;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"key":"app_name","value":"My MCP Server"}"#,
            answer: r#"{"app_name":"My MCP Server","updated":true}"#,
        };
        Doc::new(GROUP, "Set a configuration value", example)
            .idempotent()
            .words(&[
                "write store save put configure reconfigure override persist remember assign",
                "new turn-on turn-off turn enable disable switch toggle increase decrease",
                "raise lower",
            ])
            .view(ACKNOWLEDGMENT)
    }

    fn run(
        &self,
        params: UpdateConfigParams,
        memory: &mut dyn Memory,
    ) -> Result<ConfigMap, ActionError> {
        let Text(key) = params.key;
        let JsonText(value) = params.value;
        memory.set_config(&key, &value)?;
        let mut answer = ConfigMap::default();
        answer.set(key, value);
        answer.set("updated".into(), json("true"));
        Ok(answer)
    }

    fn change(&self, _: &ConfigMap) -> Change {
        Change::Config
    }
}
