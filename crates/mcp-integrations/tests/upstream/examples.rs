//! The worked examples of the documents.

use serde_json::Value;

use crate::rig::{Rig, json};

/// What the other system says where an action answers this.
fn upstream_body(action: &str, answer: &str) -> String {
    let items = || {
        let items = answer.split_once("\"items\":").expect("items").1;
        items.strip_suffix('}').expect("an object")
    };
    match action {
        "github_search_repositories" | "github_search_issues" => {
            let total = &serde_json::from_str::<Value>(answer).expect("JSON")["total"];
            format!(r#"{{"total_count":{total},"incomplete_results":false,"items":{}}}"#, items())
        }
        "github_list_issues" | "github_list_pulls" => items().to_owned(),
        _ => answer.to_owned(),
    }
}

#[tokio::test]
async fn every_example_runs_and_answers_as_it_says() {
    let examples: Vec<_> = Rig::new()
        .await
        .registry()
        .actions()
        .iter()
        .filter(|action| ["github", "figma"].iter().any(|group| action.name.starts_with(group)))
        .map(|action| (action.name.to_string(), action.doc.example.expect("an example")))
        .collect();
    assert_eq!(examples.len(), 9);
    for (action, example) in examples {
        let rig = Rig::new().await;
        rig.answers_always(json(&upstream_body(&action, example.answer))).await;
        let params = serde_json::from_str(example.params).expect("JSON");
        assert_eq!(rig.text(&action, params).await.expect(&action), example.answer);
    }
}

#[tokio::test]
async fn the_guide_shows_every_example_signature_and_error() {
    let guide = include_str!("../../../../docs/MCP_INTEGRATIONS.md");
    for action in Rig::new()
        .await
        .registry()
        .actions()
        .iter()
        .filter(|action| action.remote && !action.compound)
    {
        let example = action.doc.example.expect("an example");
        let call = format!(r#"{{"action":"{}","params":{}}}"#, action.name, example.params);
        assert!(guide.contains(&call), "{call}");
        assert!(guide.contains(example.answer), "{}", example.answer);
        assert!(guide.contains(&action.signature), "{}", action.signature);
    }
    for row in mcp_core::error::ERROR_TABLE {
        let named = row.name.starts_with("upstream") || row.name == "not_configured";
        assert!(!named || guide.contains(&format!("`{}`", row.name)), "{}", row.name);
    }
}
