//! What the actions answer: GitHub's own JSON, field for field.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::JsonObject;

/// A page of what a search found.
#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Found {
    /// How many there are on all pages together (GitHub's `total_count`). GitHub hands out the
    /// first 1000 of them.
    #[serde(rename(deserialize = "total_count"))]
    pub total: u64,
    /// Whether GitHub's search ran out of time before it had looked through everything: the total and
    /// the items may lack some.
    #[serde(default)]
    pub incomplete_results: bool,
    /// Those on this page, each as GitHub wrote it.
    pub items: Vec<JsonObject>,
    /// Whether another page follows.
    #[serde(skip)]
    pub goes_on: bool,
}

/// A page of a list.
#[derive(Serialize, JsonSchema)]
pub struct Listed {
    /// What is on this page, each as GitHub wrote it.
    pub items: Vec<JsonObject>,
    /// Whether another page follows.
    #[serde(skip)]
    pub goes_on: bool,
}
