//! Random calls: few names, so that calls interact, and texts that databases treat differently.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// One random step.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Calls an action.
    Call { action: String, params: Value },
    /// Reads a part of the lists.
    Part { limit: Option<u64>, offset: u64 },
    /// Stores a document of the server.
    Put { kind: &'static str, key: String, text: String },
    /// Removes a document of the server.
    Remove { kind: &'static str, key: String },
    /// Removes the other documents of this kind.
    Keep { kind: &'static str, keys: Vec<String> },
    /// Removes everything, except documents.
    Reset,
}

/// The kinds of documents. One begins like another.
pub(crate) const KINDS: &[&str] = &["list", "lis"];

/// Texts that databases treat differently: NUL and its stored form, case beyond ASCII, wildcards
/// and escapes, trailing spaces, letters of two code points.
const LETTERS: &[&str] = &[
    "a",
    "A",
    "b",
    "ß",
    "ẞ",
    "s",
    "S",
    "İ",
    "i",
    "I",
    "ı",
    "Σ",
    "ς",
    "é",
    "e",
    "\u{301}",
    "\u{323}",
    "Å",
    "\u{212b}",
    "\u{212a}",
    "k",
    "한",
    "\u{1112}\u{1161}\u{11ab}",
    "ﬁ",
    "f",
    "\u{1fb3}",
    "α\u{345}",
    "漢",
    "🙂",
    "%",
    "_",
    "\\",
    "'",
    "\"",
    " ",
    "\n",
    "\t",
    "\0",
    "\u{1}",
    "\u{2}",
    "\u{fffd}",
    "\u{10ffff}",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(select(LETTERS), 0..6).prop_map(|letters| letters.concat()),
        // Longer than an indexed prefix, with equal prefixes.
        1 => (select(LETTERS), 900_usize..1000, select(LETTERS))
            .prop_map(|(letter, times, end)| format!("{}{end}", letter.repeat(times))),
    ]
}

/// Some are the same text in another spelling.
pub(crate) const NAMES: &[&str] = &[
    "alice",
    "Alice",
    "bob",
    "a\0b",
    "a\u{1}\u{2}b",
    "Zoë",
    "Zoe\u{308}",
    "Kim",
    "\u{212a}im",
    "한글",
    "\u{1112}\u{1161}\u{11ab}글",
];

fn name() -> impl Strategy<Value = String> {
    prop_oneof![select(NAMES).prop_map(String::from), text()]
}

/// The key of a document: a short text.
fn key() -> impl Strategy<Value = String> {
    let letters = prop::collection::vec(select(LETTERS), 0..6);
    prop_oneof![select(NAMES).prop_map(String::from), letters.prop_map(|key| key.concat())]
}

fn word() -> impl Strategy<Value = String> {
    let words =
        &["pending", "in_progress", "completed", "high", "medium", "Pending", "é", "e\u{301}"][..];
    prop_oneof![3 => select(words).prop_map(String::from), 1 => text()]
}

fn task_id() -> impl Strategy<Value = i64> {
    prop_oneof![8 => 1_i64..12, 1 => any::<i64>()]
}

/// A parameter that may be absent or null.
fn maybe(value: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Option<Value>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Value::Null)),
        4 => value.prop_map(|text| Some(Value::String(text))),
    ]
    .boxed()
}

fn call(action: &str, params: Value) -> Step {
    Step::Call { action: action.into(), params }
}

/// Returns the object of the members that are present.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect())
}

fn add_task() -> impl Strategy<Value = Step> {
    (text(), maybe(text()), maybe(word()), maybe(word()), maybe(name())).prop_map(
        |(title, description, priority, status, assigned_to)| {
            call(
                "add_task",
                object([
                    ("title", Some(title.into())),
                    ("description", description),
                    ("priority", priority),
                    ("status", status),
                    ("assigned_to", assigned_to),
                ]),
            )
        },
    )
}

fn update_task() -> impl Strategy<Value = Step> {
    (task_id(), maybe(text()), maybe(text()), maybe(word()), maybe(name())).prop_map(
        |(id, title, description, status, assigned_to)| {
            call(
                "update_task",
                object([
                    ("task_id", Some(id.into())),
                    ("title", title),
                    ("description", description),
                    ("status", status),
                    ("assigned_to", assigned_to),
                ]),
            )
        },
    )
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let one = |action: &'static str, key: &'static str, value: BoxedStrategy<String>| {
        value.prop_map(move |value| call(action, json!({ key: value })))
    };
    prop_oneof![
        8 => add_task(),
        4 => update_task(),
        2 => task_id().prop_map(|id| call("delete_task", json!({ "task_id": id }))),
        4 => (name(), maybe(text())).prop_map(|(name, role)| call(
            "add_user",
            object([("username", Some(name.into())), ("role", role)]),
        )),
        2 => one("remove_user", "username", name().boxed()),
        2 => one("get_user", "username", name().boxed()),
        1 => Just(call("list_users", json!({}))),
        3 => (maybe(word()), maybe(name())).prop_map(|(status, assigned_to)| call(
            "list_tasks",
            object([("status", status), ("assigned_to", assigned_to)]),
        )),
        4 => one("search_tasks", "query", text().boxed()),
        2 => (name(), maybe(text())).prop_map(|(key, value)| call(
            "update_config",
            object([("key", Some(key.into())), ("value", value)]),
        )),
        1 => maybe(name()).prop_map(|key| call("get_config", object([("key", key)]))),
        1 => Just(call("summarize_data", json!({}))),
        1 => text().prop_map(|name| call(&format!("no_{name}"), json!({}))),
        2 => (prop::option::of(0_u64..9), 0_u64..9)
            .prop_map(|(limit, offset)| Step::Part { limit, offset }),
        3 => (select(KINDS), key(), text()).prop_map(|(kind, key, text)| Step::Put { kind, key, text }),
        1 => (select(KINDS), key()).prop_map(|(kind, key)| Step::Remove { kind, key }),
        1 => (select(KINDS), prop::collection::vec(key(), 0..4))
            .prop_map(|(kind, keys)| Step::Keep { kind, keys }),
        1 => Just(Step::Reset),
    ]
}
