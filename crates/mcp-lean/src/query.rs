//! What a caller of the lean face asks for.

use std::sync::LazyLock;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::budget::Budget;
use super::cursor::digest;
use super::fields::Fields;
use super::format::Format;
use super::reduce::{self, Reductions};
use super::tokens;
use mcp_core::action::Action;
use mcp_core::action::coerce::{self, EmptyText};
use mcp_core::action::params::ParamsText;
use mcp_core::error::ActionError;
use mcp_core::json::RawObject;
use mcp_core::{Call, Context};

/// The members of a query, the reductions aside.
pub const NAMES: [&str; 6] = ["action", "params", "fields", "format", "max_tokens", "cursor"];

/// The type of each member, to understand what models write instead.
static MEMBERS: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "properties": {
            "action": {"type": "string"},
            "params": {"type": "object"},
            // A text is names with commas between, unless it is JSON.
            "fields": {"type": "array"},
            "format": {"type": "string"},
            "max_tokens": {"type": "integer"},
            "cursor": {"type": "string"},
            "filter": {"type": "object"},
            "sort": {"type": "string"},
            "group_by": {"type": "string"},
            "count": {"type": "boolean"},
            "limit": {"type": "integer"},
        },
        "required": ["action"],
    })
});

/// A call of an action, and what is wanted of its result.
#[derive(Clone, Debug)]
pub struct LeanQuery {
    /// The action's name.
    pub action: String,
    /// Its parameters.
    pub params: ParamsText,
    /// Which fields of the result are wanted.
    pub fields: Fields,
    /// The form of the answer.
    pub format: Format,
    /// How large the answer may be.
    pub budget: Budget,
    /// Where a list goes on.
    pub cursor: Option<String>,
    /// What is made of a list before it is answered.
    pub reductions: Reductions,
    /// How many tokens the query is, as it was sent.
    pub tokens: usize,
    /// The caller, and the listener to its progress.
    pub context: Context,
}

impl LeanQuery {
    /// A call with nothing said about its result.
    ///
    /// # Panics
    /// Never: the usual budget is one.
    #[must_use]
    pub fn new(action: impl Into<String>, params: ParamsText) -> Self {
        Self {
            action: action.into(),
            params,
            fields: Fields::Summary,
            format: Format::Json,
            budget: Budget::tokens(Budget::USUAL).expect("the usual budget is one"),
            cursor: None,
            reductions: Reductions::default(),
            tokens: 0,
            context: Context::default(),
        }
    }

    /// Reads the text of a JSON object: `{"action", "params"?, "fields"?, "format"?, "max_tokens"?,
    /// "cursor"?}` and the reductions. `usual` is the form where none is named. A member that is null or
    /// `""` counts as absent; JSON in a text is read where the member is no text.
    ///
    /// # Errors
    /// When it is of another form: the message names the member.
    pub fn read(text: &str, usual: Format) -> Result<Self, ActionError> {
        let tokens = tokens::count(text);
        let coerced = coerce::object(&MEMBERS, text, EmptyText::Absent);
        let text = coerced.as_deref().unwrap_or(text);
        let object = RawObject::parse(text).map_err(|error| {
            ActionError::invalid(format!("The query is not a JSON object: {error}"))
        })?;
        let mut query = Self { format: usual, tokens, ..Self::new("", ParamsText::none()) };
        let mut given: Vec<&str> = Vec::new();
        for (name, value) in &object.members {
            if given.contains(&name.as_ref()) {
                return Err(ActionError::invalid(format!("{name} is given twice")));
            }
            given.push(name);
            query.take(name, value)?;
        }
        if query.action.is_empty() {
            return Err(ActionError::invalid("action is required"));
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, raw: &RawValue) -> Result<(), ActionError> {
        if name == "params" {
            self.params = ParamsText::from_json(raw)?;
            return Ok(());
        }
        if !NAMES.contains(&name) && !reduce::NAMES.contains(&name) {
            let known = [&NAMES[..], &reduce::NAMES[..]].concat().join(", ");
            let shown: String = name.chars().take(60).collect();
            return Err(ActionError::invalid(format!("Unknown member: {shown}. Use {known}")));
        }
        let value: Value = serde_json::from_str(raw.get())
            .map_err(|error| ActionError::invalid(format!("{name}: {error}")))?;
        match name {
            "action" => self.action = text(name, value)?,
            "fields" => self.fields = Fields::read(&value)?,
            "format" => self.format = Format::named(&value)?,
            "max_tokens" => self.budget = budget(&value)?,
            "cursor" => self.cursor = Some(text(name, value)?),
            _ => self.reductions.take(name, &value)?,
        }
        Ok(())
    }

    /// The call of its action.
    pub(super) fn call(&self) -> Call {
        Call::new(self.action.clone(), self.params.clone()).within(self.context.clone())
    }

    /// The query with its parameters as the action's schema asks for them, and with its budget for
    /// the steps where the action has some and none is said there.
    pub(super) fn for_action(&self, action: &Action) -> Result<Self, ActionError> {
        let mut query = self.clone();
        action.coerce(&mut query.params);
        if action.compound {
            let tokens = to_raw_value(&self.budget.to_tokens()).map_err(ActionError::internal)?;
            query.params.or_member("max_tokens", &tokens)?;
        }
        Ok(query)
    }

    /// A digest of what a cursor belongs to: everything that says which rows there are, in which
    /// order.
    #[must_use]
    pub fn digest(&self) -> u32 {
        let reductions = format!("{:?}", self.reductions);
        let params = plain(self.params.get());
        let texts = [self.action.as_bytes(), params.as_bytes(), reductions.as_bytes()];
        // Three or four digits tell queries apart well enough, and cost a token or two.
        u32::try_from(digest(texts) % (36 * 36 * 36 * 36)).expect("it is small")
    }
}

/// How large an answer may be.
///
/// # Errors
/// When the value is no whole number, or too small.
pub fn budget(value: &Value) -> Result<Budget, ActionError> {
    let tokens = value
        .as_u64()
        .ok_or_else(|| ActionError::invalid("max_tokens must be a whole number; 0 is no limit"))?;
    Budget::tokens(usize::try_from(tokens).unwrap_or(usize::MAX))
}

fn text(name: &str, value: Value) -> Result<String, ActionError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ActionError::invalid(format!("{name} must be a string"))),
    }
}

/// Parameters in one spelling: without spaces, in the order of their names, without nulls.
fn plain(params: &str) -> String {
    let Ok(Value::Object(mut members)) = serde_json::from_str(params) else {
        return params.to_owned();
    };
    members.retain(|_, value| !value.is_null());
    members.sort_keys();
    Value::Object(members).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LeanQuery, String> {
        LeanQuery::read(text, Format::Json).map_err(|error| error.message)
    }

    #[test]
    fn everything_has_its_place() {
        let query = read(
            r#"{"action":"list_tasks","params":{"status":"open"},"fields":"id","format":"csv",
                "max_tokens":0,"cursor":"x","limit":5,"sort":null}"#,
        );
        let query = query.expect("a query");
        assert_eq!(query.action, "list_tasks");
        assert_eq!(query.format, Format::Csv);
        assert_eq!(query.budget, Budget::tokens(0).expect("none"));
        assert_eq!(query.cursor.as_deref(), Some("x"));
        assert_eq!(query.reductions.limit, Some(5));
        assert!(query.reductions.sort.is_empty());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (text, message) in [
            ("[]", "The query is not a JSON object"),
            ("{}", "action is required"),
            (r#"{"action":null}"#, "action is required"),
            (r#"{"action":5}"#, "action must be a string"),
            (r#"{"action":"a","action":"b"}"#, "action is given twice"),
            (r#"{"action":"a","params":[]}"#, "params must be an object"),
            (r#"{"action":"a","parms":{}}"#, "Unknown member: parms. Use action, params, fields"),
            (r#"{"action":"a","max_tokens":49}"#, "max_tokens must be 0 for no limit, or at least"),
            (r#"{"action":"a","max_tokens":1}"#, "max_tokens"),
            (r#"{"action":"a","max_tokens":-1}"#, "max_tokens must be a whole number"),
            (r#"{"action":"a","format":"xml"}"#, "format must be json, csv, toon or auto"),
            (r#"{"action":"a","cursor":5}"#, "cursor must be a string"),
            (r#"{"action":"a","fields":[]}"#, "fields"),
            (r#"{"action":"a","limit":"five"}"#, "limit must be a whole number"),
            (r#"{"action":"a","limit":1.5}"#, "limit must be a whole number"),
            (r#"{"action":"a","params":"list"}"#, "params must be an object"),
            (r#"{"action":"a","parms":null}"#, "Unknown member: parms"),
        ] {
            let refusal = read(text).expect_err(text);
            assert!(refusal.starts_with(message), "{text}: {refusal}");
        }
    }

    #[test]
    fn members_are_read_as_models_write_them() {
        let query = read(
            r#"{"action":"a","params":"{\"n\": 12345678901234567890123}","fields":"[\"id\",\"title\"]",
                "max_tokens":"500","limit":5.0,"count":"false","filter":"{\"id\":1}","sort":"",
                "group_by":"","cursor":"","format":""}"#,
        );
        let query = query.expect("a query");
        assert_eq!(query.params.get(), r#"{"n": 12345678901234567890123}"#);
        assert_eq!(query.fields, Fields::read(&json!(["id", "title"])).expect("fields"));
        assert_eq!(query.budget, Budget::tokens(500).expect("a budget"));
        assert_eq!((query.cursor, query.format), (None, Format::Json));
        let Reductions { filter, sort, group_by, count, limit } = query.reductions;
        assert_eq!(
            (filter.len(), sort.len(), group_by, count, limit),
            (1, 0, None, false, Some(5))
        );
        let plain = read(r#"{"action":"a","fields":"id, title","params":"","limit":null}"#);
        assert_eq!(plain.expect("a query").fields, query.fields);
    }

    #[test]
    fn every_member_says_what_it_is() {
        let names: Vec<&str> = [&NAMES[..], &reduce::NAMES[..]].concat();
        let known: Vec<&String> = MEMBERS["properties"].as_object().expect("one").keys().collect();
        assert_eq!(known, names);
    }

    #[test]
    fn a_cursor_belongs_to_rows_and_their_order_and_to_nothing_else() {
        let digest = |text: &str| read(text).expect("a query").digest();
        let one = digest(r#"{"action":"a","params":{"x":1,"y":2}}"#);
        for same in [
            r#"{"params":{"y":2, "x":1,"z":null},"action":"a"}"#,
            r#"{"action":"a","params":{"x":1,"y":2},"fields":"id","format":"csv","max_tokens":60}"#,
        ] {
            assert_eq!(digest(same), one, "{same}");
        }
        for other in [
            r#"{"action":"b","params":{"x":1,"y":2}}"#,
            r#"{"action":"a","params":{"x":1,"y":3}}"#,
            r#"{"action":"a","params":{"x":1,"y":2},"sort":"id"}"#,
        ] {
            assert_ne!(digest(other), one, "{other}");
        }
    }
}
