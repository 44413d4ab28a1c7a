//! `list_logs`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::action::params::Bounded;
use crate::action::{Column, Pages, View};
use crate::actions::utilities::GROUP;
use crate::domain::{LogEntry, LogRange, LogStatus, Page, Position};
use crate::memory::Freshness;
use crate::{ActionError, Doc, Effect, Example, Memory, MemoryAction, Timestamp};

/// Entries that are searched at once.
const PART_ENTRIES: i64 = 500;
/// Bytes of entries after which the list ends.
const BYTES_LIMIT: usize = 4 << 20;

/// Lists calls, newest first.
pub(crate) struct ListLogs;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ListLogsParams {
    /// Only calls of this action.
    #[serde(default)]
    action: Option<String>,
    /// Only calls that ended so.
    #[serde(default)]
    status: Option<LogStatus>,
    /// At most this many.
    #[serde(default)]
    limit: Bounded<1, 1000, 20>,
    /// Only entries from before the one of this number.
    #[serde(default)]
    before: Option<i64>,
}

/// An entry, with its number.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NumberedEntry {
    /// The entry's number: later ones are higher.
    id: i64,
    /// When the action was called.
    timestamp: Timestamp,
    /// The action's name, as it was called.
    action: String,
    /// `{"params": …, "result": "…"}`: the parameters with their secrets hidden, and at most 200
    /// characters of the result.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    payload: Box<RawValue>,
    /// How it ended: `success` or `error`.
    status: String,
}

/// The summary in the lean API.
const SUMMARY: View = View::of(&[
    Column::of("id"),
    Column::second("timestamp"),
    Column::of("action"),
    Column::of("status"),
])
.rows("", Some(PAGES));

const PAGES: Pages = Pages::Keyed {
    after: "before",
    size: "limit",
    usual: 20,
    most: 1000,
    bytes: BYTES_LIMIT,
    key: "id",
};

impl MemoryAction for ListLogs {
    const NAME: &'static str = "list_logs";
    const EFFECT: Effect = Effect::Read;
    const FRESHNESS: Freshness = Freshness::WritesAndLogs;
    type Params = ListLogsParams;
    type Output = Vec<NumberedEntry>;

    fn doc(&self) -> Doc {
        let example = Example {
            params: r#"{"action":"add_task","status":"success","limit":1}"#,
            answer: r#"[{"id":3,"timestamp":"2026-02-16T16:00:00.000000","action":"add_task","payload":{"params":{"title":"Ship v1","priority":"high","assigned_to":"alice"},"result":"{\"id\":1,\"title\":\"Ship v1\",\"description\":\"\",\"priority\":\"high\",\"status\":\"pending\",\"assigned_to\":\"alice\",\"created_at\":\"2026-02-16T16:00:00.000000\",\"updated_at\":\"2026-02-16T16:00"},"status":"success"}]"#,
        };
        Doc::new(GROUP, "List what was called, the newest first", example)
            .words(&[
                "history audit trail activity events entries record happened recent recently",
                "last latest past failed failures errors wrong who called what did-what done",
                "hour lately invoke invocations ran run executed commands actions operations calls",
                "timeline today",
            ])
            .view(SUMMARY)
    }

    fn run(
        &self,
        params: ListLogsParams,
        memory: &mut dyn Memory,
    ) -> Result<Vec<NumberedEntry>, ActionError> {
        let limit = params.limit.get() as usize;
        let wanted = |entry: &LogEntry| {
            params.action.as_ref().is_none_or(|action| *action == entry.action)
                && params.status.is_none_or(|status| status.as_str() == entry.status)
        };
        let LogRange { after: Position(oldest), through: Position(newest) } =
            memory.log_range(None, 0)?;
        let mut through =
            params.before.map_or(newest, |before| newest.min(before.saturating_sub(1)));
        let (mut found, mut bytes) = (Vec::new(), 0);
        while through > oldest && found.len() < limit && bytes < BYTES_LIMIT {
            let after = oldest.max(through - PART_ENTRIES);
            let range = LogRange { after: Position(after), through: Position(through) };
            let part = memory.list_logs(range, Page::ALL)?;
            let matching = part.rows.into_iter().rev().filter(|(_, entry)| wanted(entry));
            for (Position(id), entry) in matching.take(limit - found.len()) {
                bytes += entry.size();
                let LogEntry { timestamp, action, payload, status } = entry;
                found.push(NumberedEntry { id, timestamp, action, payload, status });
            }
            through = after;
        }
        Ok(found)
    }
}
