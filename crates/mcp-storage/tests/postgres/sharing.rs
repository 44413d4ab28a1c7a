//! Several servers on one database.

use std::collections::BTreeSet;
use std::sync::Arc;

use mcp_core::domain::{NewUser, TaskFilter};
use mcp_core::memory::{StoreError, StoreRuns};
use serde_json::value::RawValue;
use test_postgres::{Database, Setup};

use crate::support::{add, open, read};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_on_an_empty_database_all_come_up() {
    let mut database = Database::in_own_server(Setup::default());
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let url = database.url().to_owned();
            tokio::task::spawn_blocking(move || open(&url))
        })
        .collect();
    for start in starts {
        let store = start.await.expect("it came up");
        let config = read(&store, |memory| memory.list_config()).await;
        let keys: Vec<_> = config.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["max_tasks", "default_priority"]);
        store.close().await.expect("closed");
    }
    // Nothing was created twice, including the search index.
    let log = database.server().log();
    assert!(!log.contains("ERROR:"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_given_out_once_and_without_gaps_whoever_asks() {
    let database = Database::new();
    let servers = [open(database.url()), open(database.url()), open(database.url())];
    let writes: Vec<_> = (0..240)
        .map(|number| {
            let store = Arc::clone(&servers[number % servers.len()]);
            tokio::spawn(async move {
                if number % 5 == 0 {
                    let undone: Result<(), _> = store
                        .write_for(|memory| {
                            memory.add_task(&crate::support::task("lost"))?;
                            memory.count_tasks(&TaskFilter::default())?;
                            Err(StoreError::Failed("on purpose".into()))
                        })
                        .await;
                    undone.expect_err("undone");
                    None
                } else {
                    Some(add(&store, "kept").await.expect("added"))
                }
            })
        })
        .collect();
    let mut numbers = BTreeSet::new();
    for write in writes {
        if let Some(number) = write.await.expect("joined") {
            assert!(numbers.insert(number), "{number} twice");
        }
    }
    assert_eq!(numbers, (1..=192).collect());
    for store in &servers {
        let counted = read(store, |memory| memory.count_tasks(&TaskFilter::default())).await;
        assert_eq!(counted, 192, "each sees what all have written");
    }
    for store in servers {
        store.close().await.expect("closed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_that_add_one_user_one_is_refused() {
    let database = Database::new();
    let servers = [open(database.url()), open(database.url())];
    for round in 0..20 {
        let adds = servers.clone().map(|store| {
            let user = NewUser {
                username: format!("user {round}"),
                role: String::new(),
                metadata: RawValue::from_string("{}".into()).expect("JSON"),
            };
            tokio::spawn(async move {
                store.write_for(move |memory| memory.add_user(&user)).await.expect("written")
            })
        });
        let mut added = 0;
        for add in adds {
            added += u32::from(add.await.expect("joined"));
        }
        assert_eq!(added, 1);
    }
    assert_eq!(read(&servers[1], |memory| memory.count_users()).await, 20);
    for store in servers {
        store.close().await.expect("closed");
    }
}

#[tokio::test]
async fn what_one_server_resets_is_reset_for_all() {
    let database = Database::new();
    let (one, other) = (open(database.url()), open(database.url()));
    assert_eq!(add(&one, "a").await.expect("added"), 1);
    assert_eq!(add(&other, "b").await.expect("added"), 2);
    one.write_for(|memory| memory.reset()).await.expect("reset");
    assert_eq!(read(&other, |memory| memory.count_tasks(&TaskFilter::default())).await, 0);
    assert_eq!(add(&other, "c").await.expect("added"), 1);
    one.close().await.expect("closed");
    other.close().await.expect("closed");
}
