//! Reads what a connection connects: a program, an MCP server's URL, or an OpenAPI document.

use std::path::{Path, PathBuf};

use reqwest::Url;

use super::additions;
use super::members::Members;
use super::values::{named_texts, path, text, texts};
use crate::connections::settings::{DocumentLocation, System};

/// The kinds of a system, by the member that makes it one.
const KINDS: [&str; 3] = ["command", "url", "openapi"];

/// The members that belong to only some kinds.
const MEMBERS_OF_KINDS: [(&str, &[&str]); 6] = [
    ("args", &["command"]),
    ("env", &["command"]),
    ("cwd", &["command"]),
    ("headers", &["url", "openapi"]),
    ("query", &["url", "openapi"]),
    ("baseUrl", &["openapi"]),
];

/// Takes the members that describe the system. Relative paths start at `folder`.
pub(super) fn read(
    members: &mut Members,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<System, String> {
    let kind = kind(members)?;
    check_type(members, kind, warnings)?;
    for (name, kinds) in MEMBERS_OF_KINDS {
        if !kinds.contains(&kind) && members.remove(name).is_some_and(|value| !is_empty(&value)) {
            let kinds = kinds.join(" or ");
            warnings.push(format!("{name} is not used with {kind}: it belongs to {kinds}"));
        }
    }
    let main = path(members, kind)?.unwrap_or_default();
    match kind {
        "command" => stdio(members, &main, folder),
        "url" => Ok(System::Http {
            url: url(kind, &main)?,
            additions: additions::read(members, true, warnings)?,
        }),
        _ => Ok(System::OpenApi {
            document: document(&main, folder)?,
            base_url: text(members, "baseUrl")?.map(|text| base_url(&text)).transpose()?,
            additions: additions::read(members, false, warnings)?,
        }),
    }
}

fn kind(members: &Members) -> Result<&'static str, String> {
    let given: Vec<_> = KINDS.into_iter().filter(|kind| members.contains_key(kind)).collect();
    match given[..] {
        [kind] => Ok(kind),
        [] => Err("has neither command nor url nor openapi: write one of them".to_owned()),
        _ => Err(format!("has {}: keep one of them", given.join(" and "))),
    }
}

/// Takes `type`, which other programs write, and checks that it fits.
fn check_type(members: &mut Members, kind: &str, warnings: &mut Vec<String>) -> Result<(), String> {
    let Some(given) = text(members, "type")? else { return Ok(()) };
    let plain: String = given.chars().filter(char::is_ascii_alphanumeric).collect();
    let expected = match plain.to_ascii_lowercase().as_str() {
        "stdio" | "local" => "command",
        "http" | "streamablehttp" | "remote" => "url",
        "sse" => {
            if kind == "url" {
                warnings.push(
                    "type sse is read as http: the server must speak streamable HTTP".to_owned(),
                );
            }
            "url"
        }
        "openapi" => "openapi",
        _ => return Err("type must be stdio or http, or be left out".to_owned()),
    };
    if expected == kind {
        return Ok(());
    }
    Err(format!("type does not fit {kind}: leave it out"))
}

fn is_empty(value: &serde_json::Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
        || value.as_array().is_some_and(Vec::is_empty)
}

fn stdio(members: &mut Members, command: &str, folder: &Path) -> Result<System, String> {
    let env = named_texts(members, "env")?;
    if env.iter().any(|(name, _)| name.is_empty() || name.contains(['=', '\0'])) {
        return Err(
            "env has a name that is empty or has a =: write {\"NAME\": \"value\"}".to_owned()
        );
    }
    // A bare name is searched for in PATH.
    let command = if command.contains('/') {
        let path = folder.join(command);
        path.to_str().ok_or("the path of command is not UTF-8")?.to_owned()
    } else {
        command.to_owned()
    };
    Ok(System::Stdio {
        command,
        args: texts(members, "args")?.unwrap_or_default(),
        env: env.into_iter().map(|(name, value)| (name, value.into())).collect(),
        cwd: path(members, "cwd")?.map_or_else(|| folder.to_owned(), |cwd| folder.join(cwd)),
    })
}

fn document(text: &str, folder: &Path) -> Result<DocumentLocation, String> {
    if let Some((scheme, _)) = text.split_once("://") {
        if scheme.eq_ignore_ascii_case("file") {
            return Err("openapi is a path or an http URL: leave file:// out".to_owned());
        }
        return url("openapi", text).map(DocumentLocation::Url);
    }
    Ok(DocumentLocation::File(PathBuf::from(folder).join(text)))
}

fn base_url(text: &str) -> Result<Url, String> {
    let url = url("baseUrl", text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("baseUrl has a ? or #: put parameters into query".to_owned());
    }
    Ok(url)
}

fn url(name: &str, text: &str) -> Result<Url, String> {
    let parsed = Url::parse(text.trim()).ok();
    let url = parsed
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| format!("{name} is not an http or https URL: write https://host/path"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{name} holds a user or password: put an Authorization into headers"));
    }
    Ok(url)
}
