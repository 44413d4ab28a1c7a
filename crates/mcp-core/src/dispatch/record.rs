//! What the log keeps of a call: bounded, and without secrets.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::redact::end_of;
use super::{Call, Redactor};
use crate::Timestamp;
use crate::action::params::ParamsText;
use crate::domain::{LogEntry, LogStatus};
use crate::error::ActionError;

/// How many characters of a result are kept.
const RESULT_CHARS: usize = 200;
/// How many bytes of parameters are kept as they are.
const PARAMS_BYTES: usize = 64 * 1024;

#[derive(Serialize)]
struct Payload<'a> {
    params: &'a RawValue,
    result: &'a str,
}

/// The entry of a call of a known action. `params` are [`kept_params`]; what it gave is JSON text.
pub(super) fn log_entry(
    redactor: &Redactor,
    timestamp: Timestamp,
    action: &str,
    params: &RawValue,
    outcome: Result<&str, &ActionError>,
) -> LogEntry {
    let (status, result) = match outcome {
        Ok(text) => (LogStatus::Success, redactor.json_beginning(text, RESULT_CHARS)),
        Err(error) => (LogStatus::Error, redactor.scrub(&error.message)),
    };
    let payload = Payload { params, result: cut(&result) };
    LogEntry {
        timestamp,
        action: action.to_owned(),
        payload: serde_json::value::to_raw_value(&payload).expect("text and JSON are JSON"),
        status: status.as_str().to_owned(),
    }
}

/// The entry of a call that names no action. The name is what somebody sent: it is bounded and
/// searched for secrets too.
pub(super) fn unknown_action_entry(
    redactor: &Redactor,
    timestamp: Timestamp,
    call: &Call,
    error: &ActionError,
) -> LogEntry {
    let name = redactor.scrub(&call.action);
    let params = kept_params(redactor, &call.params);
    log_entry(redactor, timestamp, cut(&name), &params, Err(error))
}

/// What is kept of parameters: without secrets, which most are as they were given, and bounded.
pub(super) fn kept_params<'a>(redactor: &Redactor, given: &'a ParamsText) -> Cow<'a, RawValue> {
    let text = match given.get().len() {
        0..=PARAMS_BYTES => match redactor.json(given.get()) {
            Cow::Borrowed(_) => return Cow::Borrowed(given.raw()),
            Cow::Owned(params) => params,
        },
        bytes => format!("{{\"omitted\":\"{bytes} bytes of parameters\"}}"),
    };
    Cow::Owned(RawValue::from_string(text).expect("redaction keeps JSON"))
}

fn cut(text: &str) -> &str {
    &text[..end_of(text, RESULT_CHARS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_cut_between_characters() {
        let text = "ü".repeat(300);
        assert_eq!(cut(&text).chars().count(), 200);
        assert_eq!(cut("short"), "short");
    }
}
