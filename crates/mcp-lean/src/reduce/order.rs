//! Which of two values comes first.

use std::cmp::Ordering;

use serde_json::Value;

/// Numbers before texts before truth values; nothing comes last, also where the highest is first.
pub(super) fn compare(one: &Value, other: &Value, is_down: bool) -> Ordering {
    match (one.is_null(), other.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if is_down => compare_plain(other, one),
        (false, false) => compare_plain(one, other),
    }
}

pub(super) fn compare_plain(one: &Value, other: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        _ => 3,
    };
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i128(), other.as_i128()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal),
        },
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_there_comes_last() {
        assert_eq!(compare(&json!(null), &json!(1), true), Ordering::Greater);
        assert_eq!(compare(&json!(null), &json!("a"), false), Ordering::Greater);
        assert_eq!(compare(&json!(u64::MAX), &json!(-1), false), Ordering::Greater);
    }
}
