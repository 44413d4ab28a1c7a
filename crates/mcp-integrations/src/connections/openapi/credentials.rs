//! The header fields and query parameters of the settings, which are added to each request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, COOKIE};
use http::{HeaderName, HeaderValue, Request, Uri};
use mcp_core::ActionError;
use secrecy::{ExposeSecret, SecretString};

use super::parameters::Place;
use super::style::encoded;
use crate::connections::settings::Additions;

/// JSON, if the API has the choice.
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, */*;q=0.8");

/// The names of header fields and query parameters whose values are not secret.
const PUBLIC: [&str; 14] = [
    "accept",
    "accept-language",
    "cache-control",
    "content-type",
    "format",
    "from",
    "lang",
    "language",
    "locale",
    "origin",
    "prefer",
    "referer",
    "user-agent",
    "x-requested-with",
];

/// The additions to each request of a connection.
pub(super) struct Credentials {
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Encoded pairs, joined by `&`.
    query: SecretString,
    /// The names of the query parameters and of the cookies.
    query_names: Vec<String>,
    cookie_names: Vec<String>,
    secrets: Vec<SecretString>,
}

impl Credentials {
    /// Checks the additions of the settings.
    ///
    /// # Errors
    /// Names a header field that cannot be sent, without its value.
    pub(super) fn new(additions: &Additions) -> Result<Self, String> {
        let mut headers = Vec::new();
        let (mut secrets, mut cookie_names) = (Vec::new(), Vec::new());
        for (name, value) in &additions.headers {
            let shown: String = name.chars().take(100).collect();
            let key = HeaderName::try_from(name)
                .map_err(|_| format!("headers: {shown:?} is not the name of a header field"))?;
            let text = value.expose_secret();
            let mut value = HeaderValue::from_str(text).map_err(|_| {
                format!("headers: the value of {shown:?} has characters that no header field has")
            })?;
            value.set_sensitive(true);
            if key == COOKIE {
                let names = text.split(';').filter_map(|pair| Some(pair.split_once('=')?.0.trim()));
                cookie_names.extend(names.map(ToOwned::to_owned));
            }
            if !is_public(name) {
                secrets.extend(parts(text).into_iter().map(SecretString::from));
            }
            headers.push((key, value));
        }
        let mut query = Vec::new();
        for (name, value) in &additions.query {
            let plain = value.expose_secret();
            query.push(format!("{}={}", encoded(name), encoded(plain)));
            if !is_public(name) {
                secrets.push(plain.into());
                secrets.push(encoded(plain).into());
            }
        }
        let query_names = additions.query.iter().map(|(name, _)| name.clone()).collect();
        Ok(Self { headers, query: query.join("&").into(), query_names, cookie_names, secrets })
    }

    /// Returns a text that differs for credentials that may get other responses.
    pub(super) fn identity(&self) -> SecretString {
        let header = |(name, value): &(HeaderName, HeaderValue)| {
            format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
        };
        let headers: String = self.headers.iter().map(header).collect();
        format!("{headers}\n{}", self.query.expose_secret()).into()
    }

    /// Returns the secrets that must not be in messages and results.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        self.secrets.clone()
    }

    /// Returns whether the settings supply a parameter.
    pub(super) fn supplies(&self, place: Place, name: &str) -> bool {
        match place {
            Place::Path => false,
            Place::Query => self.query_names.iter().any(|known| known == name),
            Place::Header => {
                self.headers.iter().any(|(known, _)| known.as_str().eq_ignore_ascii_case(name))
            }
            Place::Cookie => self.cookie_names.iter().any(|known| known == name),
        }
    }

    /// Adds what is added to each request, and `Accept`.
    ///
    /// # Errors
    /// Returns `Internal` if the URL cannot be completed.
    pub(super) fn complete(
        &self,
        mut request: Request<Bytes>,
    ) -> Result<Request<Bytes>, ActionError> {
        let query = self.query.expose_secret();
        if !query.is_empty() {
            let uri = request.uri().to_string();
            let separator = if uri.contains('?') { '&' } else { '?' };
            // The cause of an error would show the URL.
            let uri: Uri = format!("{uri}{separator}{query}")
                .parse()
                .map_err(|_| ActionError::internal("the query of the settings makes no URL"))?;
            *request.uri_mut() = uri;
        }
        let headers = request.headers_mut();
        headers.entry(ACCEPT).or_insert(ACCEPTED);
        for (name, value) in &self.headers {
            let own = headers.get(COOKIE).filter(|_| *name == COOKIE);
            let value = match own.map(|own| [value.as_bytes(), b"; ", own.as_bytes()].concat()) {
                Some(both) => HeaderValue::from_bytes(&both).map_err(ActionError::internal)?,
                None => value.clone(),
            };
            headers.insert(name, value);
        }
        Ok(request)
    }
}

/// Returns whether the value under a name is not secret: `Accept`, `X-GitHub-Api-Version`.
fn is_public(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PUBLIC.contains(&&*name) || name.ends_with("version")
}

/// Returns the secrets in the value of a header field: all of it; the token after `Bearer`; the password
/// in `Basic`; the values of cookies.
fn parts(value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    if let Some((scheme, token)) = value.split_once(' ') {
        parts.push(token.trim().to_owned());
        let decoded = STANDARD.decode(token.trim()).ok().and_then(|it| String::from_utf8(it).ok());
        if let Some(pair) = decoded.filter(|_| scheme.eq_ignore_ascii_case("basic")) {
            parts.extend(pair.split_once(':').map(|(_, password)| password.to_owned()));
            parts.push(pair);
        }
    }
    let values = value.split(';').filter_map(|pair| Some(pair.split_once('=')?.1.trim()));
    parts.extend(values.map(ToOwned::to_owned));
    parts
}
