//! The log entry of a call: bounded, and without secrets.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::redact::end_of;
use super::{Call, Redactor};
use crate::Timestamp;
use crate::action::params::ParamsText;
use crate::domain::{LogEntry, LogStatus};
use crate::error::ActionError;

/// Characters of a result in the log.
const RESULT_CHARS: usize = 200;
/// Bytes of parameters in the log; longer ones are omitted.
const PARAMS_BYTES: usize = 64 * 1024;

#[derive(Serialize)]
struct Payload<'a> {
    params: &'a RawValue,
    result: &'a str,
}

/// Returns the entry of a call of a known action. `params` are [`logged_params`].
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

/// Returns the entry of a call of an unknown action, whose name may be long or a secret.
pub(super) fn unknown_action_entry(
    redactor: &Redactor,
    timestamp: Timestamp,
    call: &Call,
    error: &ActionError,
) -> LogEntry {
    let name = redactor.scrub(&call.action);
    let params = logged_params(redactor, &call.params);
    log_entry(redactor, timestamp, cut(&name), &params, Err(error))
}

/// Returns the parameters without secrets, or their size if they are long.
pub(super) fn logged_params<'a>(redactor: &Redactor, params: &'a ParamsText) -> Cow<'a, RawValue> {
    let text = match params.get().len() {
        0..=PARAMS_BYTES => match redactor.json(params.get()) {
            Cow::Borrowed(_) => return Cow::Borrowed(params.raw()),
            Cow::Owned(redacted) => redacted,
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
