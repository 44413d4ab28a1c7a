//! The commands that call a running server: JSON to stdout, one line to stderr when it says no.

use std::borrow::Cow;
use std::time::Duration;

use clap::Args;
use mcp_core::json::RawObject;
use mcp_core::snapshot::Entity;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::{Environment, Failure, NO_CONNECTION, REFUSED, USAGE, print};
use crate::http::authority::Authority;

/// How long the server may take to be found, and to send anything.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
const ANSWER_WAIT: Duration = Duration::from_mins(5);
const DEFAULT_BASE_URL: &str = "http://127.0.0.1:8000";

/// Which server is called.
#[derive(Debug, Args)]
pub(super) struct ServerArgs {
    /// The server (or in `MCP_BASE_URL`; otherwise <http://127.0.0.1:8000>)
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Its API key (or in `MCP_API_KEY`, where other users of the machine cannot see it)
    #[arg(long, value_name = "KEY")]
    api_key: Option<String>,
}

/// A call of an action.
#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// The action's name; see `mcp-server actions`
    action: String,
    /// All parameters as a JSON object
    #[arg(long, value_name = "JSON")]
    params: Option<String>,
    /// Parameters as key=value; a value that is JSON is taken as such, anything else as text
    #[arg(value_name = "KEY=VALUE")]
    pairs: Vec<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Which part of the memory is shown.
#[derive(Debug, Args)]
pub(super) struct StateArgs {
    /// Only this kind of thing: users, tasks, config or logs
    #[arg(long, value_parser = Entity::ALL.map(Entity::name))]
    entity: Option<String>,
    /// At most this many of each list
    #[arg(long)]
    limit: Option<u64>,
    /// Leave out this many of each list
    #[arg(long)]
    offset: Option<u64>,
    /// Only tasks with this status, with --entity tasks, --limit or --offset
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Which part of the log is shown.
#[derive(Debug, Args)]
pub(super) struct LogsArgs {
    /// At most this many of the newest
    #[arg(long)]
    limit: Option<u64>,
    /// After leaving out this many of the newest
    #[arg(long)]
    offset: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Whether everything is really to be removed.
#[derive(Debug, Args)]
pub(super) struct ResetArgs {
    /// Yes, remove everything
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
    call(&args.server, environment, &Method::POST, "api/v1/query", &[], Some(body))
}

pub(super) fn state(args: &StateArgs, environment: &Environment) -> Result<(), Failure> {
    let query = [
        ("entity", args.entity.clone()),
        ("limit", args.limit.map(|limit| limit.to_string())),
        ("offset", args.offset.map(|offset| offset.to_string())),
        ("status", args.status.clone()),
    ];
    call(&args.server, environment, &Method::GET, "api/v1/state", &query, None)
}

pub(super) fn logs(args: &LogsArgs, environment: &Environment) -> Result<(), Failure> {
    let query = [
        ("limit", args.limit.map(|limit| limit.to_string())),
        ("offset", args.offset.map(|offset| offset.to_string())),
    ];
    call(&args.server, environment, &Method::GET, "api/v1/logs", &query, None)
}

pub(super) fn reset(args: &ResetArgs, environment: &Environment) -> Result<(), Failure> {
    if !args.yes {
        let line = "reset removes all users, tasks, configuration and logs: say --yes to do it";
        return Err(Failure::new(USAGE, line));
    }
    call(&args.server, environment, &Method::POST, "api/v1/reset", &[], None)
}

/// The parameters: those of `--params`, then the pairs over them. Each value stays as it was
/// written, so that no number loses digits on the way.
fn params(args: &QueryArgs) -> Result<Box<RawValue>, Failure> {
    let given = without_bom(args.params.as_deref().unwrap_or("{}"));
    let mut params = RawObject::parse(given)
        .map_err(|error| Failure::new(USAGE, format!("--params must be a JSON object: {error}")))?;
    let mut pairs = Vec::with_capacity(args.pairs.len());
    for pair in &args.pairs {
        let (key, value) =
            pair.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
                Failure::new(USAGE, format!("{pair:?} is no parameter: expected key=value"))
            })?;
        let value = RawValue::from_string(without_bom(value).to_owned())
            .or_else(|_| to_raw_value(value))
            .map_err(|error| Failure::new(USAGE, error))?;
        if pairs.iter().any(|(known, _)| *known == key) {
            return Err(Failure::new(USAGE, format!("{key} is given twice")));
        }
        pairs.push((key, value));
    }
    for (key, value) in &pairs {
        params.members.retain(|(name, _)| name != key);
        params.members.push((Cow::Borrowed(key), value));
    }
    to_raw_value(&params).map_err(|error| Failure::new(USAGE, error))
}

/// JSON without the mark of its encoding, which files that were pasted begin with.
fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Sends one request and prints the answer.
fn call(
    args: &ServerArgs,
    environment: &Environment,
    method: &Method,
    path: &str,
    query: &[(&str, Option<String>)],
    body: Option<String>,
) -> Result<(), Failure> {
    let base = args.base_url.clone().or_else(|| environment.text("MCP_BASE_URL"));
    let base = base.as_deref().unwrap_or(DEFAULT_BASE_URL);
    let wrong = |error: &dyn std::fmt::Display| {
        let line = format!("--base-url {base:?}: {error}; expected http://host:port");
        Failure::new(USAGE, line)
    };
    let mut url: Url =
        format!("{}/{path}", base.trim_end_matches('/')).parse().map_err(|error| wrong(&error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&"it is no web address"));
    }
    // The path above would be part of it, and another one be asked.
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(&"it has a query or a fragment"));
    }
    for (name, value) in query {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    let key = args.api_key.clone().or_else(|| environment.text("MCP_API_KEY"));
    let key = key.map(|key| HeaderValue::from_str(&key)).transpose().map_err(|_| {
        Failure::new(USAGE, "the API key must be text of visible ASCII characters without spaces")
    })?;
    let (status, text) =
        actix_web::rt::System::new().block_on(send(method.clone(), url.clone(), key, body))?;
    if !status.is_success() {
        return Err(refusal(status, &text));
    }
    if serde_json::from_str::<&RawValue>(&text).is_err() {
        let line = format!("what answers at {} is no mcp-server: it sends no JSON", origin(&url));
        return Err(Failure::new(NO_CONNECTION, line));
    }
    print(&text)
}

async fn send(
    method: Method,
    url: Url,
    key: Option<HeaderValue>,
    body: Option<String>,
) -> Result<(StatusCode, String), Failure> {
    let no_connection = |error: reqwest::Error| {
        let error = error.without_url();
        let cause = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source())
            .last()
            .map_or_else(String::new, ToString::to_string);
        Failure::new(NO_CONNECTION, format!("no answer from {}: {cause}", origin(&url)))
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_WAIT)
        .read_timeout(ANSWER_WAIT);
    // To a proxy this machine's own names mean itself; and the key is not for it to see.
    if is_loopback(&url) {
        client = client.no_proxy();
    }
    let client = client.build().map_err(no_connection)?;
    let mut request = client.request(method, url.clone());
    if let Some(key) = key {
        request = request.header("X-API-Key", key);
    }
    if let Some(body) = body {
        request = request.header("Content-Type", "application/json").body(body);
    }
    let answer = request.send().await.map_err(no_connection)?;
    let status = answer.status();
    Ok((status, answer.text().await.map_err(no_connection)?))
}

/// Whether the server is on this machine.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().and_then(|host| host.parse::<Authority>().ok());
    host.is_some_and(|host| host.host.is_loopback())
}

/// Where a request went, without what else a URL may hold.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// One line from an answer that is no success.
fn refusal(status: StatusCode, text: &str) -> Failure {
    let body: Value = serde_json::from_str(text).unwrap_or_default();
    let said = body["detail"].as_str().or(body["error"].as_str());
    let line = said.map_or_else(|| status.to_string(), ToOwned::to_owned);
    Failure::new(REFUSED, line)
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
    fn what_is_on_this_machine_is_told_from_what_is_not() {
        for (url, wanted) in [
            ("http://127.0.0.1:8000", true),
            ("http://127.9.9.9", true),
            ("http://127.1", true),
            ("http://[::1]:8000", true),
            ("http://LocalHost.:8000", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://localhost@example.com", false),
            ("http://10.0.0.1", false),
            ("http://[fe80::1]", false),
        ] {
            assert_eq!(is_loopback(&url.parse().expect("a URL")), wanted, "{url}");
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
