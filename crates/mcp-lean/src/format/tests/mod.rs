//! Rules of the formats, checked by reading answers back.

mod reader;

use proptest::prelude::*;
use serde_json::{Value, json};
use toon_format::DecodeOptions;

use super::{Content, Format, Notes, csv, toon};
use crate::select::Selection;
use crate::testing::{any_json, any_rows, any_text};
use reader::{Columns, read, says_the_same, without_nothing};

fn content(data: &Value) -> Content<'_> {
    match data {
        Value::Array(rows) => Content::list(rows, Selection::ALL),
        one => Content::one(one, Selection::ALL),
    }
}

fn written(data: &Value, format: Format) -> String {
    let count = data.as_array().map_or(1, Vec::len);
    content(data).write(count, format, Notes::default())
}

fn is_read_back(data: &Value) -> bool {
    let read = read(&written(data, Format::Csv), &Columns::of(data));
    read.is_ok_and(|read| says_the_same(&without_nothing(&read), &without_nothing(data)))
}

#[test]
fn csv_joins_lists_writes_objects_as_json_and_names_once() {
    let rows = json!([
        {"number": 1, "title": "a, \"b\"", "labels": ["bug", "ui"], "user": {"id": 1}},
        {"number": 2, "title": "7", "labels": [], "user": null},
        {"number": 3, "title": "", "labels": ["a;b"]},
        {"number": 4, "title": "x"},
    ]);
    assert_eq!(
        written(&rows, Format::Csv),
        "number,title,labels,user\n\
         1,\"a, \"\"b\"\"\",bug;ui,\"{\"\"id\"\":1}\"\n\
         2,\"7\",,\n\
         3,\"\",\"[\"\"a;b\"\"]\",\n\
         4,x,,"
    );
    assert!(is_read_back(&rows));
}

#[test]
fn csv_of_plain_values_has_one_column() {
    assert_eq!(written(&json!(["alice", "bob, jr"]), Format::Csv), "value\nalice\n\"bob, jr\"");
    assert_eq!(written(&json!(5), Format::Csv), "value\n5");
    assert_eq!(written(&json!({"id": 7}), Format::Csv), "id\n7");
    assert_eq!(written(&json!([]), Format::Csv), "");
}

#[test]
fn no_line_of_data_starts_like_the_line_of_a_cursor() {
    assert_eq!(
        written(&json!([{"a": "# next: x"}, {"a": ["# next: x"]}]), Format::Csv),
        "a\n\"# next: x\"\n\"[\"\"# next: x\"\"]\""
    );
    for data in [json!("# next: x"), json!(["# next: x"]), json!({"# next": "x"})] {
        let text = written(&data, Format::Toon);
        assert!(!text.lines().last().expect("a line").starts_with("# next: "), "{data}");
    }
}

#[test]
fn toon_writes_the_names_of_a_list_once() {
    let rows = json!([{"id": 1, "title": "a, b"}, {"id": 2, "title": "c", "to": "bob"}]);
    assert_eq!(written(&rows, Format::Toon), "[2]{id,title,to}:\n  1,\"a, b\",null\n  2,c,bob");
    assert_eq!(written(&json!({"id": 7}), Format::Toon), "id: 7");
}

#[test]
fn auto_is_csv_for_rows_of_plain_values() {
    let of = |data: Value| content(&data).formats(Format::Auto);
    assert_eq!(of(json!([{"id": 1, "tags": ["a", "b"]}, {"id": null}])), [Format::Csv]);
    assert_eq!(of(json!([{"id": {"x": 1}}])), [Format::Json, Format::Csv, Format::Toon]);
    assert_eq!(of(json!([{"id": 1}, {"id": "a"}, {"id": [1]}])), [Format::Json, Format::Toon]);
    assert_eq!(of(json!([])), [Format::Json, Format::Toon]);
    assert_eq!(of(json!({"id": 1.5})), [Format::Json, Format::Csv]);
}

proptest! {
    #[test]
    fn auto_takes_no_format_that_cannot_be_read_back(rows in any_rows(), one in any_json()) {
        for data in [Value::from(rows), one] {
            let content = content(&data);
            if csv::can_be_read_back(content.table()) && !data.as_array().is_some_and(Vec::is_empty) {
                prop_assert!(is_read_back(&data), "{}\n{}", data, written(&data, Format::Csv));
            }
            if toon::can_be_read_back(&data) {
                let text = written(&data, Format::Toon);
                let read = toon_format::decode::<Value>(&text, &DecodeOptions::default());
                prop_assert!(read.is_ok_and(|read| says_the_same(&read, &data)), "{}\n{}", data, text);
            }
        }
    }

    #[test]
    fn rows_of_texts_are_always_read_back(rows in prop::collection::vec(
        prop::collection::vec(any_text(), 3), 1..6,
    )) {
        let row = |row: &Vec<String>| {
            json!({"a": row[0], "b": row[1], "n": row[2].len(), "m": [row[2]]})
        };
        let rows: Value = rows.iter().map(row).collect();
        prop_assert!(csv::can_be_read_back(content(&rows).table()));
        prop_assert!(is_read_back(&rows), "{}", written(&rows, Format::Csv));
    }
}
