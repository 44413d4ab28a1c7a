//! `calculate`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::GROUP;
use super::number::Number;
use crate::error::shown;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction};

/// Computes a number from a list. Sums of integers are exact.
pub(crate) struct Calculate;

#[derive(Deserialize, JsonSchema)]
#[schemars(extend("required" = ["operation"]))]
pub(crate) struct CalculateParams {
    /// The operation: sum, average, max or min.
    #[serde(default)]
    #[schemars(with = "Operation")]
    operation: Option<String>,
    /// The numbers.
    #[serde(default)]
    numbers: Vec<Number>,
}

/// The operations in the schema. The parameter is parsed as a text, since v1 has its own error for an
/// unknown operation.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it is only the schema")]
enum Operation {
    Sum,
    Average,
    Max,
    Min,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct CalculateOutput {
    /// The operation.
    operation: String,
    /// The number; null for the largest or smallest of none.
    result: Option<Number>,
}

impl MemoryAction for Calculate {
    const NAME: &'static str = "calculate";
    const EFFECT: Effect = Effect::Read;
    type Params = CalculateParams;
    type Output = CalculateOutput;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"operation":"sum","numbers":[10,20,30,40]}"#,
            answer: r#"{"operation":"sum","result":100}"#,
        };
        Doc::new(GROUP, "Compute a sum, average, maximum or minimum", example).words(&[
            "work-out cost costs price add add-up sum-up sum addition plus total mean",
            "median math arithmetic calculation number figures values amounts prices",
            "largest biggest highest greatest max top smallest lowest least min these",
            "several column scores list",
        ])
    }

    fn run(
        &self,
        params: CalculateParams,
        _: &mut dyn Memory,
    ) -> Result<CalculateOutput, ActionError> {
        let CalculateParams { operation, numbers } = params;
        let operation = operation.unwrap_or_else(|| "None".into());
        let result = match operation.as_str() {
            "sum" => Some(sum(&numbers)?),
            "average" if numbers.is_empty() => Some(Number::ZERO),
            "average" => Some(sum(&numbers)?.divided_by(numbers.len()).ok_or_else(too_large)?),
            "max" => numbers.into_iter().reduce(|a, b| if b.compare(a).is_gt() { b } else { a }),
            "min" => numbers.into_iter().reduce(|a, b| if b.compare(a).is_lt() { b } else { a }),
            _ => {
                let message = format!("Unknown operation: {}", shown(&operation));
                return Err(ActionError::invalid(message));
            }
        };
        Ok(CalculateOutput { operation, result })
    }
}

fn sum(numbers: &[Number]) -> Result<Number, ActionError> {
    numbers.iter().try_fold(Number::ZERO, |sum, number| sum.plus(*number)).ok_or_else(too_large)
}

fn too_large() -> ActionError {
    ActionError::invalid("numbers: the result is too large to be written")
}
