use super::*;

const LIST: &str = r#"["a b", 1.0]"#;
const OBJECT: &str = r#"{"x":"a&b","y":[12345678901234567890123]}"#;

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.into()).expect("JSON")
}

#[test]
fn a_query_has_the_documented_style() {
    for (style, explode, value, expected) in [
        (Style::Form, true, r#""a b/ü""#, "p=a%20b%2F%C3%BC"),
        (Style::Form, true, "12345678901234567890123", "p=12345678901234567890123"),
        (Style::Form, true, "true", "p=true"),
        (Style::Form, true, LIST, "p=a%20b&p=1.0"),
        (Style::Form, false, LIST, "p=a%20b,1.0"),
        (Style::Form, true, "[]", ""),
        (Style::Form, false, "[]", ""),
        (Style::Form, true, OBJECT, "x=a%26b&y=%5B12345678901234567890123%5D"),
        (Style::Form, false, r#"{"x":1,"y":"b"}"#, "p=x,1,y,b"),
        (Style::SpaceDelimited, false, LIST, "p=a%20b%201.0"),
        (Style::PipeDelimited, false, LIST, "p=a%20b%7C1.0"),
        (Style::PipeDelimited, true, LIST, "p=a%20b&p=1.0"),
        (
            Style::DeepObject,
            true,
            r#"{"a":{"b c":1},"d":["e","f"]}"#,
            "p%5Ba%5D%5Bb%20c%5D=1&p%5Bd%5D%5B%5D=e&p%5Bd%5D%5B%5D=f",
        ),
        (Style::DeepObject, true, r#""x""#, "p=x"),
        (Style::Json, true, r#"{"a": 1}"#, "p=%7B%22a%22%3A%201%7D"),
    ] {
        let mut pairs = Pairs::default();
        Writing { style, explode, reserved: false }.pairs("p", &raw(value), &mut pairs);
        assert_eq!(pairs.0, expected, "{style:?} {explode} {value}");
    }
    let mut pairs = Pairs::default();
    let writing = Writing { style: Style::Form, explode: true, reserved: true };
    writing.pairs("p", &raw(r#""a/b?c&d#e+f%""#), &mut pairs);
    assert_eq!(pairs.0, "p=a/b?c%26d%23e%2Bf%25");
}

#[test]
fn a_path_has_the_documented_style() {
    for (style, explode, value, expected) in [
        (Style::Simple, false, r#""a/b c.~ü%2e""#, "a%2Fb%20c.~%C3%BC%252e"),
        (Style::Simple, false, LIST, "a%20b,1.0"),
        (Style::Simple, true, r#"{"x":1,"y":2}"#, "x=1,y=2"),
        (Style::Simple, false, r#"{"x":1,"y":2}"#, "x,1,y,2"),
        (Style::Label, false, LIST, ".a%20b,1.0"),
        (Style::Label, true, LIST, ".a%20b.1.0"),
        (Style::Matrix, false, LIST, ";p=a%20b,1.0"),
        (Style::Matrix, true, LIST, ";p=a%20b;p=1.0"),
        (Style::Matrix, false, "5", ";p=5"),
    ] {
        let writing = Writing { style, explode, reserved: false };
        assert_eq!(writing.inline("p", &raw(value), encoded), expected, "{style:?} {explode}");
    }
}
