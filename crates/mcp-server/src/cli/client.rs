//! The commands that call a running server.

use std::borrow::Cow;

use clap::Args;
use mcp_core::json::RawObject;
use mcp_core::snapshot::Entity;
use reqwest::Method;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::request::{Request, ServerArgs};
use super::{Environment, Failure, USAGE};

#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// Name of the action; `mcp-server actions` lists them
    action: String,
    /// All parameters, as a JSON object
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// Parameters as key=value; a value that is not JSON is text
    #[arg(value_name = "KEY=VALUE")]
    pairs: Vec<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(super) struct StateArgs {
    /// Show only users, tasks, config or logs
    #[arg(long, value_parser = Entity::ALL.map(Entity::name))]
    entity: Option<String>,
    /// Maximum entries of each list
    #[arg(long)]
    limit: Option<u64>,
    /// Entries of each list to skip
    #[arg(long)]
    offset: Option<u64>,
    /// Show only tasks with this status; needs --entity tasks, --limit or --offset
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// Maximum entries, newest first
    #[arg(long)]
    limit: Option<u64>,
    /// Newest entries to skip
    #[arg(long)]
    offset: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Args)]
pub(super) struct ResetArgs {
    /// Confirm that everything is removed
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn query(args: &QueryArgs, environment: &Environment) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Body<'a> {
        action: &'a str,
        params: &'a RawValue,
    }
    let params = params(args)?;
    let body = serde_json::to_string(&Body { action: &args.action, params: &params })
        .map_err(|error| Failure::new(USAGE, error))?;
    Request::new(&args.server, environment, "api/v1/query")?.send(Method::POST, Some(body))
}

pub(super) fn state(args: &StateArgs, environment: &Environment) -> Result<(), Failure> {
    Request::new(&args.server, environment, "api/v1/state")?
        .query("entity", args.entity.as_ref())
        .query("limit", args.limit)
        .query("offset", args.offset)
        .query("status", args.status.as_ref())
        .send(Method::GET, None)
}

pub(super) fn logs(args: &LogsArgs, environment: &Environment) -> Result<(), Failure> {
    Request::new(&args.server, environment, "api/v1/logs")?
        .query("limit", args.limit)
        .query("offset", args.offset)
        .send(Method::GET, None)
}

pub(super) fn reset(args: &ResetArgs, environment: &Environment) -> Result<(), Failure> {
    if !args.yes {
        let line = "reset removes all users, tasks, configuration and logs: confirm with --yes";
        return Err(Failure::new(USAGE, line));
    }
    Request::new(&args.server, environment, "api/v1/reset")?.send(Method::POST, None)
}

/// Merges the pairs into `--params`. Each value keeps its text, so that numbers keep all digits.
fn params(args: &QueryArgs) -> Result<Box<RawValue>, Failure> {
    let json = without_bom(args.params.as_deref().unwrap_or("{}"));
    let mut params = RawObject::parse(json)
        .map_err(|error| Failure::new(USAGE, format!("--params must be a JSON object: {error}")))?;
    let mut pairs = Vec::with_capacity(args.pairs.len());
    for pair in &args.pairs {
        let (key, value) =
            pair.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
                Failure::new(USAGE, format!("{pair:?} is not a parameter: expected key=value"))
            })?;
        let value = RawValue::from_string(without_bom(value).to_owned())
            .or_else(|_| to_raw_value(value))
            .map_err(|error| Failure::new(USAGE, error))?;
        if pairs.iter().any(|(known, _)| *known == key) {
            return Err(Failure::new(USAGE, format!("parameter {key:?} is set twice")));
        }
        pairs.push((key, value));
    }
    for (key, value) in &pairs {
        params.members.retain(|(name, _)| name != key);
        params.members.push((Cow::Borrowed(key), value));
    }
    to_raw_value(&params).map_err(|error| Failure::new(USAGE, error))
}

fn without_bom(json: &str) -> &str {
    json.strip_prefix('\u{feff}').unwrap_or(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(params: Option<&str>, pairs: &[&str]) -> Result<String, String> {
        let server = ServerArgs { base_url: None, api_key: None };
        let pairs = pairs.iter().map(ToString::to_string).collect();
        let params = params.map(ToOwned::to_owned);
        let args = QueryArgs { action: "any".into(), params, pairs, server };
        super::params(&args).map(|text| text.get().to_owned()).map_err(|failure| failure.line)
    }

    #[test]
    fn values_are_sent_as_they_were_written() {
        let large = "12345678901234567890123";
        for (params, pairs, wanted) in [
            (None, vec![], "{}".to_owned()),
            (None, vec!["title=Ship v1", "n=5"], r#"{"title":"Ship v1","n":5}"#.to_owned()),
            (None, vec![r#"title="5""#, "empty="], r#"{"title":"5","empty":""}"#.to_owned()),
            (Some("\u{feff}{\"n\":1}"), vec![], r#"{"n":1}"#.to_owned()),
            (
                None,
                vec!["n=\u{feff}[1]", "t=\u{feff}x"],
                "{\"n\":[1],\"t\":\"\u{feff}x\"}".to_owned(),
            ),
            (Some(r#"{"b":1.0,"a":null}"#), vec!["b=x=y"], r#"{"a":null,"b":"x=y"}"#.to_owned()),
            (None, vec!["n=12345678901234567890123"], format!(r#"{{"n":{large}}}"#)),
            (Some(r#"{"n":12345678901234567890123}"#), vec![], format!(r#"{{"n":{large}}}"#)),
        ] {
            assert_eq!(sent(params, &pairs), Ok(wanted), "{params:?} {pairs:?}");
        }
    }

    #[test]
    fn what_is_no_parameter_is_refused_in_a_line() {
        for (params, pairs) in [(Some("[1]"), vec![]), (Some("{"), vec![]), (None, vec!["x"])] {
            let line = sent(params, &pairs).expect_err("a refusal");
            assert!(line.contains("--params must be") || line.contains("key=value"), "{line}");
        }
        assert!(sent(None, &["=x"]).is_err());
    }
}
