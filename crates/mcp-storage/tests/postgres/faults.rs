//! Faults of the database: it is stopped, blocked, or rejects a statement.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mcp_core::domain::{Page, TaskFilter};
use mcp_core::memory::{Freshness, Store, StoreError, StoreRuns, Verdict};
use mcp_storage::Options;
use test_postgres::{Database, Setup, Stop};

use crate::support::{add, open, read, task, try_open};

async fn until_ready(store: &Arc<dyn Store>) {
    // Far longer than it takes: this tests that the store recovers at all.
    for _ in 0..3000 {
        if store.ready().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_the_database_is_survived_and_loses_nothing_that_was_answered() {
    let mut database = Database::in_own_server(Setup::default());
    let store = open(database.url());
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut answered = BTreeSet::new();
                while !stop.load(Ordering::Relaxed) {
                    match add(&store, "t").await {
                        Ok(number) => assert!(answered.insert(number)),
                        Err(StoreError::Unavailable(_) | StoreError::InDoubt(_)) => {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                answered
            })
        })
        .collect();
    let mut database = tokio::task::spawn_blocking(move || {
        for how in [Stop::Fast, Stop::Immediate] {
            std::thread::sleep(Duration::from_millis(100));
            database.restart(how);
        }
        database
    })
    .await
    .expect("restarted");
    until_ready(&store).await;
    add(&store, "after").await.expect("it writes again without a restart of its own");
    stop.store(true, Ordering::Relaxed);
    let mut answered = BTreeSet::new();
    for caller in callers {
        answered.extend(caller.await.expect("joined"));
    }
    let tasks = read(&store, |m| m.list_tasks(&TaskFilter::default(), Page::ALL)).await.items();
    let stored: BTreeSet<i64> = tasks.iter().map(|task| task.id.0).collect();
    assert!(answered.is_subset(&stored), "{:?}", answered.difference(&stored));
    assert!(stored.iter().copied().eq(1..=*stored.last().expect("tasks")), "no gaps");

    // A broken idle connection is not reported to callers.
    database.restart(Stop::Fast);
    add(&store, "at once").await.expect("written");
    database.restart(Stop::Fast);
    read(&store, |memory| memory.count_logs()).await;
    store.close().await.expect("closed");
}

#[tokio::test]
async fn without_a_database_every_call_is_refused_as_unavailable() {
    let mut database = Database::in_own_server(Setup::default());
    let store = open(database.url());
    database.server().stop(Stop::Fast);
    assert!(matches!(add(&store, "t").await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.ready().await, Err(StoreError::Unavailable(_))));
    let read = store.read(mcp_core::memory::Freshness::Writes, Box::new(|_| Verdict::Commit)).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    store.close().await.expect("closed");
}

/// Makes the database end the connection at the end of a transaction that added a task of this
/// name.
const DIES_AT_COMMIT: &str = "
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.title = 'die') EXECUTE FUNCTION die()";

#[tokio::test]
async fn a_commit_of_unknown_outcome_is_said_to_be_one_and_not_tried_again() {
    let database = Database::new();
    let store = open(database.url());
    database.sql(DIES_AT_COMMIT);
    let outcome = add(&store, "die").await;
    assert!(matches!(outcome, Err(StoreError::InDoubt(_))), "{outcome:?}");
    assert_eq!(add(&store, "next").await.expect("added"), 1, "it was not written after all");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_read_only_and_readable() {
    let database = Database::new();
    let store = open(database.url());
    add(&store, "t").await.expect("added");
    database
        .sql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name()));
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    let outcome = add(&store, "t").await;
    assert!(matches!(outcome, Err(StoreError::ReadOnly(_))), "{outcome:?}");
    let count = store
        .read_for(mcp_core::memory::Freshness::Writes, |m| m.count_tasks(&TaskFilter::default()))
        .await
        .expect("a read");
    assert_eq!(count.expect("read"), 1);
    assert!(matches!(store.ready().await, Err(StoreError::ReadOnly(_))));
    store.close().await.expect("closed");
}

/// Locks the row that every writer needs.
struct Holder(Child);

impl Holder {
    fn new(database: &Database) -> Self {
        let mut psql = Command::new("psql")
            .args(["-X", "-q", "-A", "-t", "-d", database.url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("psql can be run");
        let statements = b"BEGIN; SELECT 'held' FROM counters FOR UPDATE;\n";
        psql.stdin.as_mut().expect("a pipe").write_all(statements).expect("written");
        let mut line = String::new();
        let stdout = psql.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line.trim(), "held");
        Self(psql)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_another_server_for_a_bounded_time_and_reads_do_not_wait() {
    let database = Database::new();
    let options = Options { statement_timeout: Duration::from_secs(1), ..Options::default() };
    let store = try_open(database.url(), &options).expect("a store");
    let holder = Holder::new(&database);
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { add(&store, "t").await }
    });
    let count = store
        .read_for(mcp_core::memory::Freshness::Writes, |m| m.count_tasks(&TaskFilter::default()))
        .await
        .expect("a read");
    assert_eq!(count.expect("read"), 0);
    let outcome = waiting.await.expect("joined");
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    drop(holder);
    add(&store, "t").await.expect("added when the other is done");
    store.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_jobs_that_share_a_commit_one_that_fails_takes_nothing_of_the_others_along() {
    let database = Database::new();
    let store = open(database.url());
    // A constraint of the database, which a job in the middle violates.
    database.sql("ALTER TABLE tasks ADD CHECK (title <> 'refused')");
    let adds: Vec<_> = (0..60)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store
                    .write_for(move |memory| {
                        let added = memory.add_task(&task("kept"))?;
                        if number % 4 == 1 {
                            // Sent at once because of its size, inside the job's own savepoint.
                            let mut refused = task("refused");
                            refused.description = "x".repeat(100_000);
                            memory.add_task(&refused)?;
                        }
                        if number % 4 == 2 {
                            memory.find_task(added.id)?.expect("a job sees what it wrote");
                        }
                        Ok::<_, StoreError>(added.id.0)
                    })
                    .await
            })
        })
        .collect();
    let mut numbers = BTreeSet::new();
    for (index, add) in adds.into_iter().enumerate() {
        let outcome = add.await.expect("joined");
        assert_eq!(outcome.is_err(), index % 4 == 1, "{outcome:?}");
        numbers.extend(outcome);
    }
    assert_eq!(numbers, (1..=45).collect());
    let stored = read(&store, |m| m.list_tasks(&TaskFilter::default(), Page::ALL)).await.items();
    assert_eq!(stored.iter().map(|task| task.id.0).collect::<BTreeSet<_>>(), numbers);
    store.close().await.expect("closed");
}

/// Stops or continues the processes of PostgreSQL that serve a database.
fn signal(pids: &str, signal: &str) {
    let sent = Command::new("kill").arg(signal).args(pids.split_whitespace()).status();
    assert!(sent.expect("kill can be run").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_keeps_nobody_waiting_for_ever() {
    let database = Database::in_own_server(Setup::default());
    let options = Options { statement_timeout: Duration::from_secs(1), ..Options::default() };
    let store = try_open(database.url(), &options).expect("a store");
    add(&store, "t").await.expect("written");
    let pids = database.sql(
        "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    signal(&pids, "-STOP");
    let read = async { store.read_for(Freshness::Writes, |memory| memory.count_logs()).await };
    let (read, written) = tokio::join!(read, add(&store, "perhaps"));
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    assert!(matches!(written, Err(StoreError::InDoubt(_))), "{written:?}");
    let closed = store.close().await;
    assert!(matches!(closed, Err(StoreError::Unavailable(_))), "{closed:?}");
    signal(&pids, "-CONT");
}
