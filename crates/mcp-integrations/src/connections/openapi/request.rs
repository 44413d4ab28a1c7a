//! The request of a call.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_core::ActionError;
use mcp_core::action::params::ParamsText;
use mcp_core::json::RawObject;
use reqwest::Url;
use serde_json::value::RawValue;

use super::encode::{self, Member};
use super::operations::Operation;
use super::parameters::{Parameter, Place};
use super::style::{Pairs, encoded};
use crate::upstream::Request;

/// A parameter and its value.
type Given<'a> = (&'a Parameter, &'a RawValue);

impl Operation {
    /// Returns the request of a call with these parameters.
    ///
    /// # Errors
    /// Returns `InvalidParams` if a parameter of the path is missing, a value cannot be sent in its place,
    /// or a parameter is unknown and the operation takes no body.
    pub(super) fn request(&self, name: &str, params: &ParamsText) -> Result<Request, ActionError> {
        let params = RawObject::parse(params.get()).map_err(ActionError::internal)?;
        let mut given: Vec<Given<'_>> = Vec::new();
        let mut rest: Vec<Member<'_>> = Vec::new();
        for (key, value) in params.members {
            match self.parameters.iter().find(|parameter| *parameter.key == *key) {
                Some(_) if value.get() == "null" => {}
                Some(parameter) => given.push((parameter, value)),
                None => rest.push((key, value)),
            }
        }
        let mut headers = Self::headers(&given)?;
        let body = self.body(rest)?;
        if let Some((content_type, _)) = &body {
            headers.insert(CONTENT_TYPE, content_type.clone());
        }
        Ok(Request {
            method: self.method.clone(),
            url: self.url(&given)?,
            headers,
            body: body.map(|(_, body)| body).unwrap_or_default(),
            resource: name.into(),
        })
    }

    fn url(&self, given: &[Given<'_>]) -> Result<Url, ActionError> {
        let base = self.base.as_str().trim_end_matches('/');
        let text = format!("{base}{}", self.path(given)?);
        let mut url = Url::parse(&text).map_err(ActionError::internal)?;
        url.set_fragment(None);
        let mut pairs = Pairs::default();
        for (parameter, value) in placed(given, Place::Query) {
            parameter.writing.pairs(parameter.name(), value, &mut pairs);
        }
        if !pairs.0.is_empty() {
            // A few documents have a query in the path.
            let query = url.query().map_or_else(String::new, |query| format!("{query}&"));
            url.set_query(Some(&(query + &pairs.0)));
        }
        Ok(url)
    }

    /// Returns the path with its values, each encoded so that it stays one segment.
    fn path(&self, given: &[Given<'_>]) -> Result<String, ActionError> {
        let (mut path, mut rest) = (String::new(), &*self.template);
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            path.push_str(before);
            rest = after;
            let find = |(parameter, _): &Given<'_>| parameter.name() == name;
            let (parameter, value) = placed(given, Place::Path)
                .find(find)
                .ok_or_else(|| ActionError::invalid(format!("{} is required", self.key(name))))?;
            let text = parameter.writing.inline(name, value, |text| {
                if parameter.has_segments {
                    text.split('/').map(encoded).collect::<Vec<_>>().join("/")
                } else {
                    encoded(text)
                }
            });
            if text.is_empty() {
                return Err(ActionError::invalid(format!("{} must not be empty", parameter.key)));
            }
            path.push_str(&text);
            // A segment of dots would lead to another path. The template may add dots itself.
            let next = rest.split('/').next().unwrap_or_default();
            let end = if next.contains('{') { "" } else { next };
            let begin = path.len() - text.len();
            let begin = path[..begin].rfind('/').map_or(0, |slash| slash + 1);
            let whole = format!("{}{end}", &path[begin..]);
            if whole.split('/').any(|segment| matches!(segment, "." | "..")) {
                let message = format!("{} must not be \".\" or \"..\"", parameter.key);
                return Err(ActionError::invalid(message));
            }
        }
        path.push_str(rest);
        Ok(path)
    }

    /// Returns the key of a parameter of the path.
    fn key<'a>(&'a self, name: &'a str) -> &'a str {
        let of_path = |it: &&Parameter| it.place == Place::Path && it.name() == name;
        self.parameters.iter().find(of_path).map_or(name, |parameter| &parameter.key)
    }

    fn headers(given: &[Given<'_>]) -> Result<HeaderMap, ActionError> {
        let mut headers = HeaderMap::new();
        for (parameter, value) in placed(given, Place::Header) {
            let text = parameter.writing.inline(parameter.name(), value, ToOwned::to_owned);
            let name = HeaderName::try_from(parameter.name()).map_err(ActionError::internal)?;
            headers.insert(name, header(&parameter.key, &text)?);
        }
        let mut cookies = Vec::new();
        for (parameter, value) in placed(given, Place::Cookie) {
            let text = parameter.writing.inline(parameter.name(), value, encoded);
            cookies.push(format!("{}={text}", parameter.name()));
        }
        if !cookies.is_empty() {
            headers.insert(COOKIE, header("a cookie", &cookies.join("; "))?);
        }
        Ok(headers)
    }

    /// Returns the body and its media type.
    fn body(&self, mut rest: Vec<Member<'_>>) -> Result<Option<(HeaderValue, Bytes)>, ActionError> {
        let unknown = |(key, _): &Member<'_>| {
            let keys = self.parameters.iter().map(|parameter| &*parameter.key);
            let body = self.body.as_ref().and_then(|body| body.key.as_deref());
            let known: Vec<&str> = keys.chain(body).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            let key: String = key.chars().take(100).collect();
            ActionError::invalid(format!("unknown parameter {key:?}: use {known}"))
        };
        let Some(body) = &self.body else {
            return rest.first().map_or(Ok(None), |first| Err(unknown(first)));
        };
        match &body.key {
            Some(own) => {
                let value = rest.iter().position(|(key, _)| **key == **own);
                let value = value.map(|index| rest.remove(index).1);
                if let Some(first) = rest.first() {
                    return Err(unknown(first));
                }
                value.map(|value| encode::whole(body, value)).transpose()
            }
            None if rest.is_empty() && !body.is_required => Ok(None),
            None => encode::members(body, rest).map(Some),
        }
    }
}

fn placed<'g, 'a>(given: &'g [Given<'a>], place: Place) -> impl Iterator<Item = Given<'a>> + 'g {
    given.iter().copied().filter(move |(parameter, _)| parameter.place == place)
}

fn header(key: &str, text: &str) -> Result<HeaderValue, ActionError> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        let message = format!("{key} has characters that no header field has");
        ActionError::invalid(message)
    })
}
