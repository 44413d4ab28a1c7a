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
