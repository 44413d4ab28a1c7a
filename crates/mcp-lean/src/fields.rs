//! The fields of a query, and finding them in JSON by their paths: at any depth, through lists.

use std::borrow::Cow;

use serde_json::{Map, Value};

use mcp_core::error::ActionError;

/// The maximum number of fields in a query.
const MAX_FIELDS: usize = 100;
/// The maximum length of a path, in bytes.
const MAX_PATH: usize = 300;

/// The fields of a result that an answer shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fields {
    /// The columns that the action declares in its `View`.
    #[default]
    Summary,
    /// All fields.
    All,
    /// The fields at these paths.
    Named(Vec<FieldPath>),
}

impl Fields {
    /// Parses `"id,title,user.login"`, `["id", "title"]` or `"*"`; null means the summary.
    ///
    /// # Errors
    /// Returns `InvalidParams` for any other form, an empty name, or more than 100 names.
    pub(crate) fn read(value: &Value) -> Result<Self, ActionError> {
        let wrong = || {
            ActionError::invalid(
                "fields must be names, as in \"id,title\" or [\"id\",\"title\"], or \"*\" for all",
            )
        };
        let names: Vec<&str> = match value {
            Value::Null => return Ok(Self::Summary),
            Value::String(text) => text.split(',').map(str::trim).collect(),
            Value::Array(names) => names
                .iter()
                .map(|name| name.as_str().map(str::trim).ok_or_else(wrong))
                .collect::<Result<_, _>>()?,
            _ => return Err(wrong()),
        };
        if names.contains(&"*") {
            return Ok(Self::All);
        }
        if names.len() > MAX_FIELDS {
            return Err(ActionError::invalid(format!("fields has more than {MAX_FIELDS} names")));
        }
        let mut paths: Vec<FieldPath> = Vec::new();
        for name in names {
            let path = FieldPath::read(name).ok_or_else(wrong)?;
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        if paths.is_empty() { Err(wrong()) } else { Ok(Self::Named(paths)) }
    }

    /// Returns whether they are named fields of a result around its rows, and of no row.
    pub(crate) fn are_around(&self, result: &Value, rows: &[Value]) -> bool {
        let Self::Named(paths) = self else { return false };
        let are_in = |value: &Value| paths.iter().all(|path| is_in(value, path.as_str()));
        are_in(result) && !rows.iter().any(are_in)
    }
}

/// A path to a field: `user.login`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(String);

impl FieldPath {
    /// Parses a path; `None` if a name is empty or the path is too long.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let named = text.len() <= MAX_PATH && text.split('.').all(|name| !name.is_empty());
        named.then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first name of the path.
    pub(crate) fn first(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

/// Returns the value at a path; `None` if the field does not exist.
///
/// A list on the path is mapped: the result is the list of what each item has there. A number picks an
/// item of a list. A path that meets a null ends there, with null.
pub(crate) fn find<'a>(value: &'a Value, path: &str) -> Option<Cow<'a, Value>> {
    match value {
        Value::Null => Some(Cow::Borrowed(value)),
        Value::Object(members) => steps(members, path).find_map(|(member, rest)| match rest {
            None => Some(Cow::Borrowed(member)),
            Some(rest) => find(member, rest),
        }),
        Value::Array(items) => {
            let (first, rest) = split_first(path);
            if let Ok(index) = first.parse::<usize>() {
                let item = items.get(index)?;
                return rest.map_or(Some(Cow::Borrowed(item)), |rest| find(item, rest));
            }
            let found: Vec<_> = items.iter().map(|item| find(item, path)).collect();
            let is_known = items.is_empty() || found.iter().any(Option::is_some);
            let or_null =
                |found: Option<Cow<'_, Value>>| found.map(Cow::into_owned).unwrap_or_default();
            is_known.then(|| Cow::Owned(found.into_iter().map(or_null).collect()))
        }
        _ => None,
    }
}

/// Returns whether there is a field at a path.
pub(crate) fn is_in(value: &Value, path: &str) -> bool {
    find(value, path).is_some()
}

/// Returns the value with only the fields at these paths, in the order of the paths. Every list keeps
/// its length.
pub(crate) fn prune(value: &Value, paths: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            let mut kept: Map<String, Value> = Map::new();
            // Each member once, with the rests of all paths through it.
            let mut ways: Vec<(&str, &Value, Vec<&str>, bool)> = Vec::new();
            for path in paths {
                let Some((name, member, rest)) = step(members, path) else { continue };
                let known = ways.iter().position(|(known, ..)| *known == name);
                let index = known.unwrap_or_else(|| {
                    ways.push((name, member, Vec::new(), false));
                    ways.len() - 1
                });
                match rest {
                    None => ways[index].3 = true,
                    Some(rest) => ways[index].2.push(rest),
                }
            }
            for (name, member, rest, whole) in ways {
                let part = if whole { member.clone() } else { prune(member, &rest) };
                kept.insert(name.to_owned(), part);
            }
            Value::Object(kept)
        }
        Value::Array(items) => {
            let is_index = |path: &&str| split_first(path).0.parse::<usize>().is_ok();
            let (picked, mapped): (Vec<&str>, Vec<&str>) =
                paths.iter().copied().partition(is_index);
            if mapped.is_empty() && !picked.is_empty() {
                let of = |path: &&str| find(value, path);
                return picked.iter().filter_map(of).map(Cow::into_owned).collect();
            }
            items.iter().map(|item| prune(item, &mapped)).collect()
        }
        plain => plain.clone(),
    }
}

/// Returns the names of the fields of a value, or of a list's items: at most `most`.
pub(crate) fn names_in(value: &Value, most: usize) -> Vec<String> {
    let mut names = Vec::new();
    collect_names(value, &mut names, most);
    names
}

fn collect_names(value: &Value, names: &mut Vec<String>, most: usize) {
    match value {
        Value::Object(members) => {
            for name in members.keys() {
                if names.len() < most && !names.contains(name) {
                    names.push(name.clone());
                }
            }
        }
        Value::Array(items) => {
            items.iter().take(100).for_each(|item| collect_names(item, names, most));
        }
        _ => {}
    }
}

/// Returns each member that a path can start with, the longest name first since names may contain
/// dots, and the rest of the path.
fn steps<'a, 'p>(
    members: &'a Map<String, Value>,
    path: &'p str,
) -> impl Iterator<Item = (&'a Value, Option<&'p str>)> {
    let whole = members.get(path).map(|member| (member, None));
    let parts = path
        .rmatch_indices('.')
        .filter_map(|(dot, _)| Some((members.get(&path[..dot])?, Some(&path[dot + 1..]))));
    whole.into_iter().chain(parts)
}

/// Returns the member that a path leads through, its name, and the rest of the path.
fn step<'a>(
    members: &'a Map<String, Value>,
    path: &'a str,
) -> Option<(&'a str, &'a Value, Option<&'a str>)> {
    if let Some(member) = members.get(path) {
        return Some((path, member, None));
    }
    path.rmatch_indices('.').find_map(|(dot, _)| {
        let (name, rest) = (&path[..dot], &path[dot + 1..]);
        let member = members.get(name)?;
        is_in(member, rest).then_some((name, member, Some(rest)))
    })
}

fn split_first(path: &str) -> (&str, Option<&str>) {
    path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::any_json;
    use super::*;

    fn issue() -> Value {
        json!({
            "number": 7, "user": {"login": "octocat", "id": 1}, "assignee": null,
            "labels": [{"name": "bug", "color": "f00"}, {"name": "ui", "color": "0f0"}],
            "a.b": {"c.d": 1}, "none": [],
        })
    }

    #[test]
    fn a_path_leads_through_objects_lists_and_names_with_dots() {
        let issue = issue();
        for (path, found) in [
            ("number", json!(7)),
            ("user.login", json!("octocat")),
            ("labels.name", json!(["bug", "ui"])),
            ("labels.1.name", json!("ui")),
            ("assignee.login", json!(null)),
            ("none.name", json!([])),
            ("a.b.c.d", json!(1)),
        ] {
            assert_eq!(find(&issue, path).as_deref(), Some(&found), "{path}");
            assert!(is_in(&issue, path), "{path}");
        }
        for path in ["nope", "user.nope", "labels.nope", "labels.2", "number.x", "a.b.c"] {
            assert_eq!(find(&issue, path), None, "{path}");
            assert!(!is_in(&issue, path), "{path}");
        }
    }

    #[test]
    fn what_is_picked_keeps_its_shape() {
        let paths = ["labels.name", "user.login", "number", "labels.color", "assignee.login"];
        assert_eq!(
            prune(&issue(), &paths).to_string(),
            r#"{"labels":[{"name":"bug","color":"f00"},{"name":"ui","color":"0f0"}],"user":{"login":"octocat"},"number":7,"assignee":null}"#
        );
        let list = json!([{"id": 1, "x": 2}, {"id": 3}]);
        assert_eq!(prune(&list, &["id"]), json!([{"id": 1}, {"id": 3}]));
        assert_eq!(prune(&issue(), &["labels.0.name"]), json!({"labels": ["bug"]}));
    }

    #[test]
    fn fields_are_a_list_or_a_text() {
        let named = |names: &[&str]| {
            Ok(Fields::Named(names.iter().map(|name| FieldPath((*name).into())).collect()))
        };
        let read = |value: Value| Fields::read(&value).map_err(|error| error.message);
        assert_eq!(read(json!("id, title,user.login")), named(&["id", "title", "user.login"]));
        assert_eq!(read(json!(["id", "id", "a.b"])), named(&["id", "a.b"]));
        assert_eq!(read(json!("*")), Ok(Fields::All));
        assert_eq!(read(json!(["id", "*"])), Ok(Fields::All));
        assert_eq!(read(json!(null)), Ok(Fields::Summary));
        for wrong in [json!(""), json!([]), json!("a,,b"), json!("a..b"), json!([1]), json!(5)] {
            assert!(read(wrong.clone()).expect_err("a refusal").starts_with("fields"), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn fields_never_panic_and_agree_with_each_other(
            value in any_json(),
            paths in prop::collection::vec("[a-c0-2](\\.[a-c0-2]){0,3}", 1..4),
        ) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let pruned = prune(&value, &paths);
            for path in &paths {
                prop_assert_eq!(find(&value, path).is_some(), is_in(&value, path));
                let by_number = path.split('.').any(|name| name.parse::<usize>().is_ok());
                if !by_number && value.is_object() {
                    prop_assert_eq!(find(&value, path).is_some(), find(&pruned, path).is_some());
                }
            }
            let _ = names_in(&value, 10);
        }
    }
}
