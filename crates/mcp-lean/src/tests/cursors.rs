//! Lists that are read on while rows are added and removed: what is there all the time comes once.

use std::collections::HashMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Rig;

/// A change between two pages.
#[derive(Clone, Debug)]
enum Change {
    Add,
    /// The row at this place of those that are there, modulo their number.
    Remove(usize),
}

fn any_changes() -> impl Strategy<Value = Vec<Vec<Change>>> {
    let change = prop_oneof![Just(Change::Add), (0..40_usize).prop_map(Change::Remove)];
    prop::collection::vec(prop::collection::vec(change, 0..4), 0..30)
}

/// Reads a list to its end, with changes between its pages; gives how often each key came, and the
/// keys that were there all the time.
async fn read_on(
    rig: &Rig,
    mut query: Value,
    key: &str,
    changes: Vec<Vec<Change>>,
    change: impl AsyncFn(&Rig, &Change) -> Option<i64>,
) -> (HashMap<i64, usize>, Vec<i64>) {
    let mut seen: HashMap<i64, usize> = HashMap::new();
    let mut removed = Vec::new();
    let mut changes = changes.into_iter();
    for _ in 0..500 {
        let answer = rig.json(query.clone()).await;
        for row in answer["data"].as_array().expect("rows") {
            *seen.entry(row[key].as_i64().expect("a key")).or_default() += 1;
        }
        let Some(next) = answer.get("next") else { return (seen, removed) };
        query["cursor"] = next.clone();
        for step in changes.next().unwrap_or_default() {
            removed.extend(change(rig, &step).await);
        }
    }
    panic!("{query} does not end");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

async fn change_tasks(rig: &Rig, change: &Change) -> Option<i64> {
    let there = rig.data(json!({"action": "list_tasks", "fields": "id", "max_tokens": 0})).await;
    let there = there.as_array().expect("rows");
    match change {
        Change::Add => {
            rig.add_tasks(1).await;
            None
        }
        Change::Remove(_) if there.is_empty() => None,
        Change::Remove(at) => {
            let id = there[at % there.len()]["id"].as_i64().expect("an id");
            rig.data(json!({"action": "delete_task", "params": {"task_id": id}})).await;
            Some(id)
        }
    }
}

async fn change_system(rig: &Rig, change: &Change) -> Option<i64> {
    let mut rows = rig.system.rows.lock().expect("a lock");
    match change {
        Change::Add => {
            let next = rows.iter().max().unwrap_or(&0) + 1;
            rows.insert(0, next);
            None
        }
        Change::Remove(_) if rows.is_empty() => None,
        Change::Remove(at) => {
            let at = at % rows.len();
            Some(rows.remove(at))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn tasks_come_once_in_any_order(
        changes in any_changes(), count in 0..30_usize, max_tokens in 60..200_usize,
        sort in prop::sample::select(vec![None, Some("-priority"), Some("title"), Some("id")]),
        format in prop::sample::select(vec!["json"]),
    ) {
        block_on(async {
            let rig = Rig::new();
            rig.add_tasks(count).await;
            let query = json!({
                "action": "list_tasks", "fields": "id,priority", "max_tokens": max_tokens,
                "sort": sort, "format": format,
            });
            let (seen, removed) = read_on(&rig, query, "id", changes, change_tasks).await;
            for id in 1..=i64::try_from(count).expect("few") {
                let times = seen.get(&id).copied().unwrap_or_default();
                if removed.contains(&id) {
                    prop_assert!(times <= 1, "{id} came {times} times");
                } else {
                    prop_assert_eq!(times, 1, "{}", id);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn another_systems_rows_come_once(
        changes in any_changes(), count in 0..40_i64, max_tokens in 60..200_usize,
        says_more in any::<bool>(), limited in any::<bool>(),
    ) {
        block_on(async {
            let rig = Rig::new();
            *rig.system.rows.lock().expect("a lock") = (1..=count).rev().collect();
            *rig.system.says_more.lock().expect("a lock") = says_more;
            let mut query = json!({
                "action": "system_list_issues", "fields": "number", "max_tokens": max_tokens,
            });
            if limited {
                query["limit"] = 1000.into();
            }
            let (seen, removed) = read_on(&rig, query, "number", changes, change_system).await;
            for number in 1..=count {
                let times = seen.get(&number).copied().unwrap_or_default();
                if removed.contains(&number) {
                    prop_assert!(times <= 1, "{number} came {times} times");
                } else {
                    prop_assert_eq!(times, 1, "{}", number);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn log_entries_come_once(count in 0..40_usize, max_tokens in 60..200_usize) {
        block_on(async {
            let rig = Rig::new();
            rig.add_tasks(count).await;
            let query = json!({
                "action": "list_logs", "fields": "id", "max_tokens": max_tokens,
                "params": {"action": "add_task", "limit": 7},
            });
            let changes = vec![vec![Change::Add]; 10];
            let (seen, _) = read_on(&rig, query, "id", changes, change_tasks).await;
            prop_assert_eq!(seen.len(), count);
            prop_assert!(seen.values().all(|times| *times == 1));
            Ok(())
        })?;
    }

    #[test]
    fn a_limit_holds_over_all_pages(limit in 0..30_u64, max_tokens in 60..120_usize) {
        block_on(async {
            let rig = Rig::new();
            rig.add_tasks(20).await;
            for sort in [None, Some("-id")] {
                let query = json!({
                    "action": "list_tasks", "fields": "id", "max_tokens": max_tokens,
                    "limit": limit, "sort": sort,
                });
                let (seen, _) = read_on(&rig, query, "id", Vec::new(), change_tasks).await;
                prop_assert_eq!(seen.len() as u64, limit.min(20));
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn names_are_read_on_too() {
    let rig = Rig::new();
    for number in 0..40 {
        let params = json!({"username": format!("user-{number}")});
        rig.data(json!({"action": "add_user", "params": params})).await;
    }
    let mut query =
        json!({"action": "list_users", "fields": "username", "max_tokens": 60, "format": "csv"});
    let mut names = Vec::new();
    loop {
        let answer = rig.ask(&query).await.expect("an answer");
        let mut lines: Vec<String> = answer.text.lines().map(ToOwned::to_owned).collect();
        assert_eq!(lines.remove(0), "username");
        let next = lines.pop_if(|line| line.starts_with("# next: "));
        names.extend(lines);
        let Some(next) = next else { break };
        query["cursor"] = next["# next: ".len()..].into();
    }
    let all: Vec<String> = (0..40).map(|number| format!("user-{number}")).collect();
    assert_eq!(names, all);
}
