//! OpenAPI documents from reading to calls.

mod calls;
mod credentials;
mod definitions;
mod loading;
mod problems;
mod real;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, Progress, SystemClock};
use reqwest::Url;
use serde_json::{Value, json};

use super::*;
use crate::upstream::{HttpSettings, Jitter};

struct NoJitter;

impl Jitter for NoJitter {
    fn share(&self) -> f64 {
        0.0
    }
}

/// Reads a document whose API is at this address.
fn read_at(base: &str, text: &str, additions: &Additions) -> Result<OpenApi, String> {
    let http = HttpSettings { backoff: Duration::from_millis(1), ..HttpSettings::default() };
    let base = Url::parse(base).expect("a URL");
    let settings = ApiSettings {
        name: "shop",
        base_url: Some(&base),
        additions,
        timeout: Duration::from_secs(30),
        concurrency: 8,
        client: SharedClient::new(http.clone()),
        exchange: Arc::new(Exchange::new(http, SystemClock::shared(), Arc::new(NoJitter))),
    };
    OpenApi::read(text, &DocumentLocation::File("shop.json".into()), settings)
}

fn read(document: &Value) -> OpenApi {
    read_at("https://shop.example/v1/", &document.to_string(), &Additions::default())
        .expect("an API")
}

/// Returns a document of one operation.
fn of_operation(method: &str, path: &str, operation: &Value) -> Value {
    json!({"openapi": "3.1.0", "paths": {path: {method: operation}}})
}

fn params(value: &Value) -> ParamsText {
    ParamsText::from_value(value).expect("an object")
}

async fn call(api: &OpenApi, name: &str, given: &Value) -> Result<Value, ActionError> {
    let result = api.call(name, &params(given), &Progress::none()).await?;
    Ok(serde_json::from_str(&result.text).expect("JSON"))
}
