//! What v1 would have cost: the tokens of its rendering of what an action gave. It is only counted,
//! so a long result is estimated by its beginning.

use serde_json::Value;

use super::tokens;

/// How many bytes are counted; what follows is taken to be like them.
const COUNTED: usize = 64 * 1024;
/// v1's envelope around the data.
const ENVELOPE: &str = r#"{"success":true,"data":,"message":"Action '' completed successfully","timestamp":"2026-01-01T00:00:00.000000"}"#;

/// The tokens of one result.
pub(super) fn of_one(action: &str, value: &Value) -> usize {
    around(action) + of_text(&value.to_string())
}

/// The tokens of a list with these rows.
pub(super) fn of_rows<'a>(action: &str, rows: impl ExactSizeIterator<Item = &'a Value>) -> usize {
    let all = rows.len();
    let mut text = String::new();
    let mut seen = 0;
    for row in rows {
        text.push_str(&row.to_string());
        text.push(',');
        seen += 1;
        if text.len() >= COUNTED {
            break;
        }
    }
    around(action) + of_text(&text) * all / seen.max(1)
}

fn around(action: &str) -> usize {
    tokens::count(ENVELOPE) + tokens::count(action)
}

fn of_text(text: &str) -> usize {
    let end = text.floor_char_boundary(COUNTED);
    let counted = tokens::count(&text[..end]);
    if end == text.len() { counted } else { counted * (text.len() / 1024) / (end / 1024) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_long_is_estimated_by_its_beginning() {
        let row = json!({"title": "The build is green", "status": "pending"});
        let exact = around("list_tasks") + tokens::count(&format!("{row},")) * 20;
        let rows = vec![row; 20];
        assert!(of_rows("list_tasks", rows.iter()).abs_diff(exact) <= 20);
        let text = "many words of a long text ".repeat(20_000);
        let (exact, estimated) = (tokens::count(&text), of_one("x", &json!(text)));
        assert!(estimated.abs_diff(exact) < exact / 50, "{estimated} for {exact}");
    }
}
