//! `get_config`

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ConfigMap, GROUP, json};
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Gets a configuration value, or all.
pub(crate) struct GetConfig;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct GetConfigParams {
    /// The name of the value; all values when it is left out.
    #[serde(default)]
    key: Option<String>,
}

impl MemoryAction for GetConfig {
    const NAME: &'static str = "get_config";
    const EFFECT: Effect = Effect::Read;
    type Params = GetConfigParams;
    type Output = ConfigMap;

    fn doc(&self) -> Doc {
        let example = Example { params: r#"{"key":"max_tasks"}"#, answer: r#"{"max_tasks":100}"# };
        Doc::new(GROUP, "Get a configuration value, or all", example).words(&[
            "read check inspect dump current currently which value configured all set-to",
            "turned-on turned-off switched-on switched-off enabled disabled",
        ])
    }

    fn run(
        &self,
        params: GetConfigParams,
        memory: &mut dyn Memory,
    ) -> Result<ConfigMap, ActionError> {
        match params.key.filter(|key| !key.is_empty()) {
            None => Ok(memory.list_config()?.into()),
            Some(key) => {
                let value = memory.find_config(&key)?.unwrap_or_else(|| json("null"));
                let mut answer = ConfigMap::default();
                answer.set(key, value);
                Ok(answer)
            }
        }
    }
}
