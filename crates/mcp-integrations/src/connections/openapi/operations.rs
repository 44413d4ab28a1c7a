//! The operations of a document, and their definitions.

use std::collections::HashSet;
use std::sync::Arc;

use http::Method;
use mcp_core::json::RawObject;
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::body::{self, Body};
use super::document::Document;
use super::parameters::{self, Parameter, Place};
use super::servers::Servers;
use super::{describe, text};
use crate::connections::definition::Definition;

/// The methods that become tools.
const METHODS: [(&str, Method); 6] = [
    ("get", Method::GET),
    ("head", Method::HEAD),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
];

/// The maximum number of operations.
const MAX_OPERATIONS: usize = 10_000;

/// The maximum number of problems that are kept.
const MAX_PROBLEMS: usize = 20;

/// An operation, as far as a request needs it.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    pub(super) base: Arc<Url>,
    /// The path with the names of its parameters: `/users/{id}`.
    pub(super) template: Box<str>,
    pub(super) parameters: Box<[Parameter]>,
    pub(super) body: Option<Body>,
}

/// The operations of a document.
#[derive(Default)]
pub(super) struct Operations {
    /// The definitions, in the order of the document.
    pub(super) definitions: Vec<Definition>,
    /// The operation of each definition.
    pub(super) calls: Vec<Operation>,
    /// The reasons why operations were left out.
    pub(super) problems: Vec<String>,
}

/// The members of an operation that are used.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Described {
    operation_id: Option<Value>,
    summary: Option<Value>,
    description: Option<Value>,
    parameters: Option<Value>,
    request_body: Option<Value>,
    servers: Option<Value>,
    deprecated: Option<Value>,
}

/// Members that all operations of a path share.
#[derive(Default)]
struct Shared {
    parameters: Option<Value>,
    servers: Option<Value>,
}

/// Reads all operations. An operation that cannot be used is left out.
///
/// # Errors
/// Says what is wrong if the document has no usable operation.
pub(super) fn read(
    document: &Document<'_>,
    servers: &Servers<'_>,
    supplied: &dyn Fn(Place, &str) -> bool,
) -> Result<Operations, String> {
    let paths =
        document.member("paths").ok_or("paths is missing: add the operations of the API")?;
    let paths = RawObject::parse(paths.get()).map_err(|_| "paths is not an object")?;
    let own_servers = document.member("servers").map(RawValue::get);
    let own_servers = own_servers.and_then(|text| serde_json::from_str(text).ok());
    let mut reader = Reader {
        document,
        servers,
        own_servers,
        supplied,
        read: Operations::default(),
        names: HashSet::new(),
        bases: Vec::new(),
    };
    for (path, item) in &paths.members {
        if path.starts_with("x-") {
            continue;
        }
        if let Err(problem) = reader.path(path, item) {
            reader.problem(path, &problem);
        }
    }
    let read = reader.read;
    if read.definitions.is_empty() {
        let first = read.problems.into_iter().next();
        return Err(first.unwrap_or_else(|| "the document has no operations".into()));
    }
    Ok(read)
}

struct Reader<'r, 'a> {
    document: &'r Document<'a>,
    servers: &'r Servers<'r>,
    own_servers: Option<Value>,
    supplied: &'r dyn Fn(Place, &str) -> bool,
    read: Operations,
    names: HashSet<String>,
    bases: Vec<Arc<Url>>,
}

impl Reader<'_, '_> {
    fn problem(&mut self, place: &str, problem: &str) {
        if self.read.problems.len() < MAX_PROBLEMS {
            self.read.problems.push(text::line(&format!("{place}: {problem}"), 300));
        }
    }

    fn path(&mut self, path: &str, item: &RawValue) -> Result<(), String> {
        if !path.starts_with('/') {
            return Err("a path must start with \"/\"".into());
        }
        let not_an_object = |_| "the path is not an object".to_owned();
        let resolved;
        let mut item = RawObject::parse(item.get()).map_err(not_an_object)?;
        if let Some((_, reference)) = item.members.iter().find(|(name, _)| name == "$ref") {
            let reference: Value = parsed(reference)?;
            resolved = self.document.resolved(&json!({"$ref": reference}))?.to_string();
            item = serde_json::from_str(&resolved).map_err(not_an_object)?;
        }
        let mut shared = Shared::default();
        for (name, value) in &item.members {
            match &**name {
                "parameters" => shared.parameters = Some(parsed(value)?),
                "servers" => shared.servers = Some(parsed(value)?),
                _ => {}
            }
        }
        for (name, value) in &item.members {
            let Some((name, method)) = METHODS.iter().find(|(known, _)| known == name) else {
                continue;
            };
            if self.read.calls.len() >= MAX_OPERATIONS {
                return Err(format!("there are more than {MAX_OPERATIONS} operations"));
            }
            let place = format!("{name} {path}");
            if let Err(problem) = self.operation(method, &place, path, &shared, value) {
                self.problem(&place, &problem);
            }
        }
        Ok(())
    }

    fn operation(
        &mut self,
        method: &Method,
        place: &str,
        path: &str,
        shared: &Shared,
        raw: &RawValue,
    ) -> Result<(), String> {
        let described: Described = serde_json::from_str(raw.get())
            .map_err(|_| "the operation is not an object".to_owned())?;
        let lists =
            [described.servers.as_ref(), shared.servers.as_ref(), self.own_servers.as_ref()];
        let base = self.servers.base(lists)?;
        let lists = [shared.parameters.as_ref(), described.parameters.as_ref()];
        let parameters = parameters::read(self.document, lists, path, self.supplied)?;
        let has_body = !matches!(*method, Method::GET | Method::HEAD);
        let body = described.request_body.as_ref().filter(|_| has_body);
        let mut body = match body {
            Some(body) => body::read(self.document, body)?,
            None => None,
        };
        if let Some(body) = &mut body {
            let taken: Vec<&str> = parameters.iter().map(|it| &*it.parameter.key).collect();
            body.place(self.document, &taken);
        }
        let params = describe::params(self.document, &parameters, body.as_ref());
        let definition = Definition {
            name: self.name(described.operation_id.as_ref(), place),
            title: None,
            description: describe::description(
                described.summary.as_ref(),
                described.description.as_ref(),
                described.deprecated == Some(Value::Bool(true)),
            ),
            params,
            read_only: !has_body,
            additive: false,
            idempotent: matches!(
                *method,
                Method::GET | Method::HEAD | Method::PUT | Method::DELETE
            ),
        };
        let base = self.base(base);
        self.read.definitions.push(definition);
        self.read.calls.push(Operation {
            method: method.clone(),
            base,
            template: path.into(),
            parameters: parameters.into_iter().map(|it| it.parameter).collect(),
            body: body.map(|described| described.body),
        });
        Ok(())
    }

    /// Returns the `operationId`, or method and path if there is none or it is not unique.
    fn name(&mut self, id: Option<&Value>, place: &str) -> String {
        let id = id.and_then(Value::as_str).map(|id| text::line(id, 200));
        let id = id.filter(|id| !id.is_empty() && !self.names.contains(id));
        let mut name = id.unwrap_or_else(|| place.to_owned());
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        name
    }

    /// Returns a base that operations share.
    fn base(&mut self, url: Url) -> Arc<Url> {
        if let Some(known) = self.bases.iter().find(|known| ***known == url) {
            return Arc::clone(known);
        }
        let url = Arc::new(url);
        self.bases.push(Arc::clone(&url));
        url
    }
}

fn parsed(raw: &RawValue) -> Result<Value, String> {
    serde_json::from_str(raw.get()).map_err(|error| error.to_string())
}
