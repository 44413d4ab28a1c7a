//! The name of a repository, `owner` and `repo`, from names or addresses.

use mcp_core::ActionError;
use mcp_core::action::params::not_given;
use reqwest::Url;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

use crate::address::{Address, is_segment, name_or_address};

/// The error if `owner` or `repo` is missing.
pub(super) const REQUIRED: &str = "owner and repo are required";

/// The hosts of repository URLs at github.com.
const HOSTS: &[&str] = &[
    "github.com",
    "www.github.com",
    "api.github.com",
    "ssh.github.com",
    "codeload.github.com",
    "raw.githubusercontent.com",
];

/// The parts of a repository's name that one parameter contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Parts {
    host: Option<String>,
    owner: Option<String>,
    repo: Option<String>,
}

/// The parameter `owner`: `octocat`, `octocat/Hello-World`, or an address of either.
#[derive(Clone, Debug)]
pub(super) struct Owner(Parts);

/// The parameter `repo`: `Hello-World`, `octocat/Hello-World`, or an address.
#[derive(Clone, Debug)]
pub(super) struct RepoName(Parts);

name_or_address!(Owner);
name_or_address!(RepoName);

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "an account such as octocat, or an address such as \
                        https://github.com/octocat/Hello-World";
        let plain = |owner| Parts { owner: Some(owner), ..Parts::default() };
        read(deserializer, expected, plain).map(Self)
    }
}

impl<'de> Deserialize<'de> for RepoName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a repository such as Hello-World or octocat/Hello-World, or an address such \
                        as https://github.com/octocat/Hello-World";
        let plain = |repo: String| Parts { repo: Some(without_git(&repo)), ..Parts::default() };
        let parts = read(deserializer, expected, plain)?;
        if parts.repo.is_none() {
            return Err(D::Error::invalid_value(Unexpected::Other("a text"), &expected));
        }
        Ok(Self(parts))
    }
}

/// Reads a name or an address. The empty string counts as absent.
fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    expected: &'static str,
    plain: impl FnOnce(String) -> Parts,
) -> Result<Parts, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Err(not_given());
    }
    let parts = if is_segment(text) {
        Some(plain(text.to_owned()))
    } else {
        Address::read(text).and_then(|address| Parts::of(&address))
    };
    parts.ok_or_else(|| D::Error::invalid_value(Unexpected::Other("a text"), &expected))
}

impl Parts {
    /// Reads the owner and the repository from an address on the site or in the API.
    fn of(address: &Address) -> Option<Self> {
        let mut path: &[String] = &address.path;
        let starts = |path: &[String], with: &str| path.first().is_some_and(|part| part == with);
        if starts(path, "api") && starts(&path[1..], "v3") {
            path = &path[2..];
        }
        if starts(path, "repos") && path.len() > 2 {
            path = &path[1..];
        }
        let is_account = path.len() > 1 && (starts(path, "orgs") || starts(path, "users"));
        let (owner, repo) = if is_account {
            (path.get(1)?, None)
        } else {
            (path.first()?, path.get(1).map(|repo| without_git(repo)))
        };
        let are_names = is_segment(owner) && repo.as_deref().is_none_or(is_segment);
        let host = address.host.clone();
        are_names.then(|| Self { host, owner: Some(owner.clone()), repo })
    }

    /// Returns whether the address is at github.com, or at the server whose API has this base.
    fn is_at(&self, base: &Url) -> bool {
        let Some(host) = self.host.as_deref() else { return true };
        let own = base.host_str().unwrap_or_default();
        HOSTS.contains(&host) || host == own || own.strip_prefix("api.") == Some(host)
    }
}

fn without_git(name: &str) -> String {
    name.strip_suffix(".git").filter(|rest| !rest.is_empty()).unwrap_or(name).to_owned()
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repository {
    pub(super) owner: String,
    pub(super) name: String,
}

impl Repository {
    /// Returns the repository that `owner` and `repo` name together. Either may contain both names.
    /// `base` is the base URL of GitHub's API.
    ///
    /// # Errors
    /// Returns `InvalidParams` if a name is missing, if the two contradict each other, or if an address
    /// is not at GitHub.
    pub(super) fn named(
        owner: Option<Owner>,
        repo: Option<RepoName>,
        base: &Url,
    ) -> Result<Self, ActionError> {
        let Owner(owner) = owner.unwrap_or(Owner(Parts::default()));
        let RepoName(repo) = repo.unwrap_or(RepoName(Parts::default()));
        for (name, parts) in [("owner", &owner), ("repo", &repo)] {
            if !parts.is_at(base) {
                let host = parts.host.as_deref().unwrap_or_default();
                return Err(ActionError::invalid(format!(
                    "{name} is an address at {host}, which is not GitHub: give one such as \
                     https://github.com/octocat/Hello-World"
                )));
            }
        }
        let owner_of = one("owner", owner.owner, repo.owner)?;
        let name = one("repo", repo.repo, owner.repo)?;
        match (owner_of, name) {
            (Some(owner), Some(name)) => Ok(Self { owner, name }),
            _ => Err(ActionError::invalid(REQUIRED)),
        }
    }

    /// Returns the repository's path in GitHub's API.
    pub(super) fn path(&self) -> [&str; 3] {
        ["repos", &self.owner, &self.name]
    }
}

/// Returns the name that either parameter contains; both may contain the same name.
fn one(
    parameter: &str,
    first: Option<String>,
    second: Option<String>,
) -> Result<Option<String>, ActionError> {
    match (first, second) {
        (Some(first), Some(second)) if !first.eq_ignore_ascii_case(&second) => {
            Err(ActionError::invalid(format!(
                "owner and repo name two repositories: {parameter} is \"{first}\" or \"{second}\"; \
                 give one of them"
            )))
        }
        (first, second) => Ok(first.or(second)),
    }
}

/// Returns a search query with addresses of accounts and repositories as qualifiers:
/// `https://github.com/a/b` becomes `repo:a/b`. `base` is the base URL of GitHub's API.
pub(super) fn in_search(query: &str, base: &Url) -> String {
    let word = |word: &str| {
        let (qualifier, text) = match word.split_once(':') {
            Some((name @ ("repo" | "-repo" | "user" | "-user" | "org" | "-org"), text)) => {
                (Some(name), text)
            }
            _ => (None, word),
        };
        let address = Address::read(text).filter(|address| address.host.is_some());
        let parts = address.as_ref().and_then(Parts::of).filter(|parts| parts.is_at(base));
        let (Some(address), Some(Parts { owner: Some(owner), repo, .. })) = (address, parts) else {
            return word.to_owned();
        };
        match (qualifier, repo) {
            (Some(name @ ("user" | "-user" | "org" | "-org")), _) => format!("{name}:{owner}"),
            (Some(name), Some(repo)) => format!("{name}:{owner}/{repo}"),
            // A longer address may be a text to search for.
            (None, Some(_)) if address.path.len() > 3 => word.to_owned(),
            (None, Some(repo)) => format!("repo:{owner}/{repo}"),
            (None, None) => format!("user:{owner}"),
            (Some(_), None) => word.to_owned(),
        }
    };
    query.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn named(owner: &Value, repo: &Value) -> Result<String, String> {
        let base = Url::parse("https://api.ghe.example/api/v3").expect("a URL");
        let owner = serde_json::from_value(owner.clone()).map_err(|error| error.to_string())?;
        let repo = serde_json::from_value(repo.clone()).map_err(|error| error.to_string())?;
        let repository = Repository::named(owner, repo, &base).map_err(|error| error.message)?;
        Ok(repository.path().join("/"))
    }

    #[test]
    fn a_repository_is_understood_however_it_is_named() {
        for text in [
            "octocat/Hello-World",
            "/octocat/Hello-World/",
            "octocat/Hello-World.git",
            "octocat/Hello-World/issues/5",
            "https://github.com/octocat/Hello-World",
            "https://github.com/octocat/Hello-World.git",
            "http://www.GitHub.com/octocat/Hello-World/pull/7/files?w=1#diff",
            "https://github.com/octocat/Hello-World/tree/main/src",
            "github.com/octocat/Hello-World",
            "git@github.com:octocat/Hello-World.git",
            "ssh://git@github.com/octocat/Hello-World.git",
            "git+https://github.com/octocat/Hello-World.git",
            "https://api.github.com/repos/octocat/Hello-World/issues/1347",
            "https://raw.githubusercontent.com/octocat/Hello-World/main/README",
            "https://ghe.example/octocat/Hello-World",
            "https://api.ghe.example/api/v3/repos/octocat/Hello-World",
            " https://github.com/octocat/Hello-World ",
        ] {
            let expected = Ok("repos/octocat/Hello-World".to_owned());
            for (owner, repo) in [
                (json!(null), json!(text)),
                (json!(text), json!(null)),
                (json!("octocat"), json!(text)),
                (json!("Octocat/hello-world"), json!(text)),
                (json!(text), json!("Hello-World")),
                (json!(text), json!(text)),
                (json!("https://github.com/octocat"), json!(text)),
                (json!("https://github.com/orgs/octocat/repositories"), json!(text)),
            ] {
                let named = named(&owner, &repo).map(|path| path.to_lowercase());
                let expected = expected.clone().map(|path| path.to_lowercase());
                assert_eq!(named, expected, "{owner} {repo}");
            }
        }
    }

    #[test]
    fn what_names_no_repository_or_two_is_refused_with_what_to_give() {
        for (owner, repo, part) in [
            (json!("octocat"), json!("rust-lang/rust"), "owner is \"octocat\" or \"rust-lang\""),
            (json!("a/b"), json!("c"), "repo is \"c\" or \"b\"; give one of them"),
            (json!("https://gitlab.com/a/b"), json!("b"), "owner is an address at gitlab.com"),
            (
                json!("a"),
                json!("https://gist.github.com/a/b"),
                "such as https://github.com/octocat",
            ),
            (json!("a"), json!("https://github.com/a"), "a repository such as Hello-World"),
            (json!("https://github.com/"), json!("b"), "an account such as octocat"),
            (json!("../x"), json!("b"), "an account such as octocat"),
            (json!("a/b%2fc"), json!("b"), "an account such as octocat"),
            (json!("https://github.com/a/..%2f"), json!("b"), "an account such as octocat"),
            (json!("octocat"), json!(null), "owner and repo are required"),
            (json!("https://github.com/octocat"), json!(null), "owner and repo are required"),
        ] {
            let refusal = named(&owner, &repo).expect_err(part);
            assert!(refusal.contains(part), "{owner} {repo}: {refusal}");
        }
    }

    #[test]
    fn addresses_in_a_search_become_qualifiers() {
        let base = Url::parse("https://api.github.com").expect("a URL");
        for (query, expected) in [
            ("parser https://github.com/rust-lang/rust", "parser repo:rust-lang/rust"),
            ("https://github.com/rust-lang/rust/issues?q=x crash", "repo:rust-lang/rust crash"),
            ("https://github.com/rust-lang", "user:rust-lang"),
            ("repo:https://github.com/rust-lang/rust.git is:pr", "repo:rust-lang/rust is:pr"),
            ("org:https://github.com/rust-lang", "org:rust-lang"),
            ("-repo:github.com/a/b", "-repo:a/b"),
            ("repo:rust-lang/rust label:bug", "repo:rust-lang/rust label:bug"),
            ("https://github.com/a/b/issues/5", "https://github.com/a/b/issues/5"),
            ("TCP/IP node.js/express", "TCP/IP node.js/express"),
            ("https://example.com/a/b", "https://example.com/a/b"),
            ("\"https://github.com/a/b\"", "\"https://github.com/a/b\""),
        ] {
            assert_eq!(in_search(query, &base), expected);
        }
    }
}
