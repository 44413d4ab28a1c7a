//! TOON, Token-Oriented Object Notation, by its own crate: <https://github.com/toon-format/spec>.

use serde_json::Value;
use toon_format::{DecodeOptions, EncodeOptions};

use super::says_the_same;

/// Writes data. Rows of plain values get all the same columns, null where one has none, so that the
/// names stand once.
#[must_use]
pub fn write(data: &Value) -> String {
    let filled = filled(data);
    let data = filled.as_ref().unwrap_or(data);
    // It refuses only what is nested deeper than JSON is read here.
    toon_format::encode(data, &EncodeOptions::default()).unwrap_or_else(|_| data.to_string())
}

/// Reads what [`write`] has written.
///
/// # Errors
/// With what is wrong with the text.
pub fn read(text: &str) -> Result<Value, String> {
    toon_format::decode(text, &DecodeOptions::default()).map_err(|error| error.to_string())
}

/// Whether the data can be read back from its TOON.
#[must_use]
pub fn keeps(data: &Value) -> bool {
    read(&write(data)).is_ok_and(|read| says_the_same(&read, data))
}

/// Rows of plain values with every column in every row; none where they are anything else.
fn filled(data: &Value) -> Option<Value> {
    let rows = data.as_array()?;
    let mut columns: Vec<&String> = Vec::new();
    for row in rows {
        for (name, value) in row.as_object()? {
            if value.is_array() || value.is_object() {
                return None;
            }
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    let row_of = |row: &Value| {
        let cell = |name: &&String| ((*name).clone(), row.get(*name).cloned().unwrap_or_default());
        Value::Object(columns.iter().map(cell).collect())
    };
    Some(rows.iter().map(row_of).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::super::testing::{any_json, any_rows};
    use super::*;

    #[test]
    fn the_names_of_a_list_stand_once() {
        let rows = json!([{"id": 1, "title": "a, b"}, {"id": 2, "title": "c", "to": "bob"}]);
        assert_eq!(write(&rows), "[2]{id,title,to}:\n  1,\"a, b\",null\n  2,c,bob");
        assert!(keeps(&rows));
        assert_eq!(write(&json!({"id": 7})), "id: 7");
    }

    #[test]
    fn no_line_begins_like_the_line_of_a_cursor() {
        for data in [json!("# next: x"), json!(["# next: x"]), json!({"# next": "x"})] {
            assert!(
                !write(&data).lines().last().expect("a line").starts_with("# next: "),
                "{data}"
            );
        }
    }

    proptest! {
        #[test]
        fn everything_can_be_written_and_what_is_read_back_is_known(
            rows in any_rows(), one in any_json(),
        ) {
            for data in [Value::from(rows), one] {
                let text = write(&data);
                let same = read(&text).is_ok_and(|read| says_the_same(&read, &data));
                prop_assert_eq!(same, keeps(&data));
            }
        }
    }
}
