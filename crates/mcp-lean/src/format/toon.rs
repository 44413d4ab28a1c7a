//! TOON, Token-Oriented Object Notation: <https://github.com/toon-format/spec>.

use serde_json::{Map, Value};
use toon_format::EncodeOptions;

/// Writes a value. Rows of plain values all get the same columns, with null for a missing value, so that
/// the names are written once.
pub(super) fn write(data: &Value) -> String {
    let filled = filled(data);
    let data = filled.as_ref().unwrap_or(data);
    // The encoder fails only above its nesting limit, which JSON here does not reach.
    toon_format::encode(data, &EncodeOptions::default()).unwrap_or_else(|_| data.to_string())
}

/// Returns whether a value is read back the same: no number that a double writes in another way, and no
/// empty or unusual name.
pub(super) fn can_be_read_back(data: &Value) -> bool {
    match data {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(items) => items.iter().all(can_be_read_back),
        Value::Object(members) => {
            members.iter().all(|(name, value)| is_name(name) && can_be_read_back(value))
        }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns rows of plain values with every column in every row; `None` for any other value.
fn filled(data: &Value) -> Option<Value> {
    let rows = data.as_array()?;
    let mut columns = Map::new();
    for row in rows {
        for (name, value) in row.as_object()? {
            if value.is_array() || value.is_object() {
                return None;
            }
            columns.entry(name).or_insert(Value::Null);
        }
    }
    let fill = |row: &Value| {
        let mut all = columns.clone();
        all.extend(row.as_object()?.clone());
        Some(Value::Object(all))
    };
    rows.iter().map(fill).collect()
}
