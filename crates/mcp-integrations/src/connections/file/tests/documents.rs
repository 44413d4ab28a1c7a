//! docs/CONNECTIONS.md and the reader say the same.

use std::path::PathBuf;

use super::*;

fn document() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/CONNECTIONS.md");
    std::fs::read_to_string(path).expect("docs/CONNECTIONS.md")
}

/// Returns the code blocks of a language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    document.split(&begin).skip(1).filter_map(|rest| Some(rest.split_once("```")?.0)).collect()
}

#[test]
fn every_example_is_read_without_a_warning() {
    let document = document();
    let set = |_: &str| Some("value".to_owned());
    for (language, least) in [("json", 9), ("toml", 1)] {
        let blocks = blocks(&document, language);
        assert!(blocks.len() >= least, "{language}: {}", blocks.len());
        let path = PathBuf::from("/etc/mcp/connections").with_extension(language);
        for block in blocks {
            let file = parse(block, &path, &set).expect(block);
            assert!(file.warnings.is_empty(), "{block}: {:?}", file.warnings);
            for entry in file.entries {
                entry.settings.expect(block);
            }
        }
    }
}

#[test]
fn every_member_has_a_row() {
    let document = document();
    for member in super::super::members::names() {
        let row = format!("\n| `{member}` |");
        let is_described =
            document.contains(&row) || document.contains(&format!("`{member}` is its"));
        assert!(is_described, "{member}");
    }
}
