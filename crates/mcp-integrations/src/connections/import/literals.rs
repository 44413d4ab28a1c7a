//! Replaces the secrets of a connection by variables.

use serde_json::{Map, Value};

use super::needed::Variables;
use crate::connections::file::variables::{is_variable_name, variable_name};
use crate::connections::secret_names::names_secret;

/// Beginnings of well-known tokens.
const BEGINNINGS: [&str; 22] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_",
    "pk_",
    "xox",
    "ntn_",
    "secret_",
    "figd_",
    "AKIA",
    "AIza",
    "eyJ",
    "hf_",
    "npm_",
    "lin_api_",
    "sntry",
    "pat-",
    "ctx7sk",
];

/// Headers whose values are not secrets.
const PLAIN_HEADERS: [&str; 4] = ["accept", "accept-language", "content-type", "user-agent"];

/// Replaces the secrets of a connection by variables, and takes note of the variables it has already.
pub(super) fn replace(name: &str, members: &mut Map<String, Value>, variables: &mut Variables) {
    members.values().for_each(|value| variables.refer(name, value));
    let prefix = variable_name(name);
    let mut literals = Literals { name, prefix, variables };
    for (member, value) in members {
        match (member.as_str(), value) {
            ("env", Value::Object(env)) => literals.env(env),
            ("headers", Value::Object(headers)) => {
                each_text(headers, |header, text| literals.header(header, text));
            }
            ("query", Value::Object(query)) => {
                each_text(query, |key, text| literals.own(key, text));
            }
            ("args", Value::Array(args)) => literals.args(args),
            ("url" | "openapi" | "baseUrl" | "command", Value::String(text)) => {
                *text = literals.url(text);
            }
            _ => {}
        }
    }
}

fn each_text(members: &mut Map<String, Value>, mut replace: impl FnMut(&str, &str) -> String) {
    for (name, value) in members {
        let text = match value {
            Value::String(text) if !text.is_empty() && !text.contains("${") => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        *value = Value::String(replace(name, &text));
    }
}

/// Replaces the literals of one connection.
struct Literals<'a> {
    name: &'a str,
    /// The connection's name as the beginning of a variable's.
    prefix: String,
    variables: &'a mut Variables,
}

impl Literals<'_> {
    /// Returns a variable with the connection's name in its own.
    fn own(&mut self, key: &str, value: &str) -> String {
        let name = format!("{}_{}", self.prefix, variable_name(key.trim_start_matches('-')));
        self.variables.take([&name, &name], value, self.name)
    }

    /// Returns a variable that has the name of an environment variable of the connection.
    fn shared(&mut self, key: &str, value: &str) -> String {
        let key = if is_variable_name(key) { key.to_owned() } else { variable_name(key) };
        let own = format!("{}_{key}", self.prefix);
        self.variables.take([&key, &own], value, self.name)
    }

    fn env(&mut self, env: &mut Map<String, Value>) {
        each_text(env, |key, text| self.shared(key, text));
    }

    fn header(&mut self, header: &str, value: &str) -> String {
        if PLAIN_HEADERS.iter().any(|plain| header.eq_ignore_ascii_case(plain)) {
            return value.to_owned();
        }
        let scheme = value.split_once(' ').filter(|(scheme, _)| {
            ["bearer", "basic", "token", "apikey"].contains(&&*scheme.to_ascii_lowercase())
        });
        match scheme {
            Some((scheme, credentials)) => {
                format!("{scheme} {}", self.own("TOKEN", credentials.trim()))
            }
            None if header.eq_ignore_ascii_case("authorization") => self.own("TOKEN", value),
            None => self.own(header, value),
        }
    }

    fn args(&mut self, args: &mut [Value]) {
        let mut option = String::new();
        for arg in args {
            let Value::String(text) = arg else { continue };
            let replaced =
                if text.contains("${") { text.clone() } else { self.argument(&option, text) };
            option = std::mem::replace(text, replaced);
        }
    }

    /// Returns an argument without secrets. `option` is the argument before it.
    fn argument(&mut self, option: &str, text: &str) -> String {
        let header =
            text.split_once(':').filter(|_| matches!(option, "-H" | "--header" | "--headers"));
        if let Some((header, value)) = header {
            let space = if value.starts_with(' ') { " " } else { "" };
            return format!("{header}:{space}{}", self.header(header, value.trim()));
        }
        match text.split_once('=').filter(|(key, value)| !key.contains("://") && !value.is_empty())
        {
            Some((key, value)) if matches!(option, "-e" | "--env") => {
                return format!("{key}={}", self.shared(key, value));
            }
            Some((key, value)) if is_variable_name(key) && names_secret(key) => {
                return format!("{key}={}", self.shared(key, value));
            }
            Some((key, value)) if names_secret(key) || is_like_secret(value) => {
                return format!("{key}={}", self.own(key, value));
            }
            Some((key, value)) if value.contains("://") => {
                return format!("{key}={}", self.url(value));
            }
            _ => {}
        }
        // `--no-auth` has no value.
        let is_option =
            |text: &str| text.starts_with('-') && !text.starts_with("--no-") && !text.contains('=');
        if is_option(option) && names_secret(option) && !is_option(text) && !text.is_empty() {
            self.own(option, text)
        } else if is_like_secret(text) {
            self.own("SECRET", text)
        } else {
            self.url(text)
        }
    }

    /// Returns a URL without the password, and without the parts of path and query that are secrets.
    /// Another text stays as it is.
    fn url(&mut self, text: &str) -> String {
        let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
        let (address, query) = rest.split_once('?').map_or((rest, None), |(a, q)| (a, Some(q)));
        let (host, path) = address.split_once('/').map_or((address, None), |(h, p)| (h, Some(p)));
        let mut url = format!("{scheme}://");
        match host.rsplit_once('@').map(|(user, host)| (user.split_once(':'), user, host)) {
            Some((Some((user, password)), _, host)) if !password.contains("${") => {
                url.extend([user, ":", &self.own("PASSWORD", password), "@", host]);
            }
            Some((None, user, host)) if is_like_secret(user) => {
                url.extend([&self.own("TOKEN", user), "@", host]);
            }
            _ => url.push_str(host),
        }
        for segment in path.into_iter().flat_map(|path| path.split('/')) {
            let secret = is_like_secret(segment).then(|| self.own("SECRET", segment));
            url.extend(["/", secret.as_deref().unwrap_or(segment)]);
        }
        for (index, pair) in query.into_iter().flat_map(|query| query.split('&')).enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            match pair.split_once('=') {
                Some((key, value))
                    if !value.is_empty()
                        && !value.contains("${")
                        && (names_secret(key) || is_like_secret(value)) =>
                {
                    url.extend([key, "=", &self.own(key, value)]);
                }
                _ => url.push_str(pair),
            }
        }
        url
    }
}

/// Returns whether a text looks like a token: it begins like a well-known one, or is long and random.
fn is_like_secret(text: &str) -> bool {
    let count = |is: fn(&u8) -> bool| text.as_bytes().iter().filter(|byte| is(byte)).count();
    let is_plain =
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.=+".contains(&byte));
    let has_beginning = BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
    let hexadecimal = count(u8::is_ascii_hexdigit);
    let is_mixed = count(u8::is_ascii_digit) >= 3
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3;
    is_plain
        && ((has_beginning && text.len() >= 16)
            || (text.len() >= 20 && is_mixed)
            || (hexadecimal >= 32 && hexadecimal + 4 >= text.len()))
}
