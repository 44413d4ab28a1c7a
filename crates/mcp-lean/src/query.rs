//! Queries: a call of an action, and how its result is shown.

use std::sync::LazyLock;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::budget::Budget;
use super::cursor::{self, Cursor, Key, digest};
use super::fields::Fields;
use super::format::Format;
use super::reduce::{self, Reductions};
use mcp_core::action::coerce::{self, EmptyText};
use mcp_core::action::params::ParamsText;
use mcp_core::action::{Action, Shape};
use mcp_core::error::ActionError;
use mcp_core::json::RawObject;
use mcp_core::{Call, Context};

/// The members of a query besides the reductions.
pub const NAMES: [&str; 6] = ["action", "params", "fields", "format", "max_tokens", "cursor"];

/// The type of each member, to coerce what models write.
static MEMBERS: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "properties": {
            "action": {"type": "string"},
            "params": {"type": "object"},
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

/// A call of an action, and how its result is shown.
#[derive(Clone, Debug)]
pub struct LeanQuery {
    /// The action's name.
    pub action: String,
    /// The action's parameters.
    pub params: ParamsText,
    /// The fields that are shown.
    pub fields: Fields,
    /// The format of the answer.
    pub format: Format,
    /// The maximum size of the answer.
    pub budget: Budget,
    /// The `next` of the previous page.
    pub cursor: Option<String>,
    /// The reductions of a list.
    pub reductions: Reductions,
    /// The size of the query as it was sent, in bytes.
    pub bytes: usize,
    /// The caller, and the listener to the call's progress.
    pub context: Context,
}

impl LeanQuery {
    /// Returns a query that shows the summary as JSON within 2,000 tokens.
    #[must_use]
    pub fn new(action: impl Into<String>, params: ParamsText) -> Self {
        Self {
            action: action.into(),
            params,
            fields: Fields::Summary,
            format: Format::Json,
            budget: Budget::DEFAULT,
            cursor: None,
            reductions: Reductions::default(),
            bytes: 0,
            context: Context::default(),
        }
    }

    /// Parses a JSON object: `{"action", "params"?, "fields"?, "format"?, "max_tokens"?, "cursor"?}` and the
    /// reductions. `format` is the format if none is named. A member that is null or `""` counts as
    /// absent. JSON in a text is parsed if the member is not a text.
    ///
    /// # Errors
    /// Returns `InvalidParams` that names the member that is unknown, given twice, or has the wrong form.
    pub fn read(text: &str, format: Format) -> Result<Self, ActionError> {
        let bytes = text.len();
        let coerced = coerce::object(&MEMBERS, text, EmptyText::Absent);
        let text = coerced.as_deref().unwrap_or(text);
        let object = RawObject::parse(text).map_err(|error| {
            ActionError::invalid(format!("the query is not a JSON object: {error}"))
        })?;
        let mut query = Self { format, bytes, ..Self::new("", ParamsText::none()) };
        let mut given: Vec<&str> = Vec::new();
        for (name, value) in &object.members {
            if given.contains(&name.as_ref()) {
                return Err(ActionError::invalid(format!("{name} is given twice")));
            }
            given.push(name);
            query.set(name, value)?;
        }
        if query.action.is_empty() {
            return Err(ActionError::invalid("action is required"));
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, raw: &RawValue) -> Result<(), ActionError> {
        if name == "params" {
            self.params = ParamsText::from_json(raw)?;
            return Ok(());
        }
        if !NAMES.contains(&name) && !reduce::NAMES.contains(&name) {
            let known = [&NAMES[..], &reduce::NAMES[..]].concat().join(", ");
            let name: String = name.chars().take(60).collect();
            return Err(ActionError::invalid(format!(
                "unknown member {name:?}: use {known}; parameters of the action go into params"
            )));
        }
        let value: Value = serde_json::from_str(raw.get())
            .map_err(|error| ActionError::invalid(format!("{name}: {error}")))?;
        match name {
            "action" => self.action = text(name, value)?,
            "fields" => self.fields = Fields::read(&value)?,
            "format" => self.format = Format::named(&value)?,
            "max_tokens" => self.budget = budget(&value)?,
            "cursor" => self.cursor = Some(text(name, value)?),
            _ => self.reductions.set(name, &value)?,
        }
        Ok(())
    }

    pub(crate) fn call(&self) -> Call {
        Call::new(self.action.clone(), self.params.clone()).within(self.context.clone())
    }

    /// Returns the query with its parameters coerced to the action's schema. A batch gets the query's budget if
    /// it names none.
    pub(crate) fn for_action(&self, action: &Action) -> Result<Self, ActionError> {
        let mut query = self.clone();
        action.coerce(&mut query.params);
        if action.compound {
            let tokens = to_raw_value(&self.budget.to_tokens()).map_err(ActionError::internal)?;
            query.params.or_member("max_tokens", &tokens)?;
        }
        Ok(query)
    }

    /// Lets the action return its text from a cursor on.
    pub(crate) fn start_text_at(
        &mut self,
        action: &Action,
        cursor: &Cursor,
    ) -> Result<(), ActionError> {
        let Shape::Text { offset, .. } = action.doc.view.shape else { return Ok(()) };
        let Key::Number(start) = cursor.place.key else { return Err(cursor::invalid()) };
        let mut params: Value = serde_json::from_str(self.params.get())
            .map_err(|error| ActionError::invalid(format!("params: {error}")))?;
        params[offset] = start.into();
        self.params = ParamsText::from_value(&params)?;
        Ok(())
    }

    /// Returns the digest of everything that determines the rows and their order. A cursor belongs to it.
    pub(crate) fn digest(&self) -> u32 {
        let reductions = format!("{:?}", self.reductions);
        let params = canonical(self.params.get());
        let texts = [self.action.as_bytes(), params.as_bytes(), reductions.as_bytes()];
        // Three or four digits are enough, and cost a token or two.
        u32::try_from(digest(texts) % (36 * 36 * 36 * 36)).expect("it is small")
    }
}

/// Parses `max_tokens`.
///
/// # Errors
/// Returns `InvalidParams` if it is not a whole number, or 1 to 49.
pub fn budget(value: &Value) -> Result<Budget, ActionError> {
    let tokens = value
        .as_u64()
        .ok_or_else(|| ActionError::invalid("max_tokens must be a whole number; 0 for no limit"))?;
    Budget::tokens(usize::try_from(tokens).unwrap_or(usize::MAX))
}

fn text(name: &str, value: Value) -> Result<String, ActionError> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(ActionError::invalid(format!("{name} must be a string"))),
    }
}

/// Returns parameters in one spelling: without spaces and nulls, sorted by name.
fn canonical(params: &str) -> String {
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
            ("[]", "the query is not a JSON object"),
            ("{}", "action is required"),
            (r#"{"action":null}"#, "action is required"),
            (r#"{"action":5}"#, "action must be a string"),
            (r#"{"action":"a","action":"b"}"#, "action is given twice"),
            (r#"{"action":"a","params":[]}"#, "params must be an object"),
            (
                r#"{"action":"a","parms":{}}"#,
                "unknown member \"parms\": use action, params, fields",
            ),
            (r#"{"action":"a","max_tokens":49}"#, "max_tokens must be 0 for no limit, or at least"),
            (r#"{"action":"a","max_tokens":1}"#, "max_tokens"),
            (r#"{"action":"a","max_tokens":-1}"#, "max_tokens must be a whole number"),
            (r#"{"action":"a","format":"xml"}"#, "format must be json, csv, toon or auto"),
            (r#"{"action":"a","cursor":5}"#, "cursor must be a string"),
            (r#"{"action":"a","fields":[]}"#, "fields"),
            (r#"{"action":"a","limit":"five"}"#, "limit must be a whole number"),
            (r#"{"action":"a","limit":1.5}"#, "limit must be a whole number"),
            (r#"{"action":"a","params":"list"}"#, "params must be an object"),
            (r#"{"action":"a","parms":null}"#, "unknown member \"parms\""),
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
