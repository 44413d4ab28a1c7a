//! Long works: each ends when its time is used up, and the others do not wait for it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mcp_core::SystemClock;
use mcp_core::domain::{NewTask, Page, SearchText, TaskFilter};
use mcp_core::memory::{Access, Freshness, Memory, Store, StoreError, StoreResult, StoreRuns};
use mcp_storage::{Location, Options};
use tokio::task::JoinSet;
use tokio::time::timeout;

const READ: Access = Access::Read(Freshness::Writes);
/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(1);

fn open(location: &Location) -> Arc<dyn Store> {
    mcp_storage::open(location, &Options::default(), SystemClock::shared()).expect("a store")
}

/// Runs a test on every kind of database.
async fn on_every_database<F: Future<Output = ()>>(test: impl Fn(Arc<dyn Store>) -> F) {
    let folder = tempfile::tempdir().expect("a folder");
    for location in [Location::File(folder.path().join("store.db")), Location::Memory] {
        let store = open(&location);
        test(Arc::clone(&store)).await;
        store.close().await.expect("closed");
    }
    #[cfg(feature = "postgres")]
    {
        let database = test_postgres::Database::new();
        let store = open(&Location::parse(database.url()).expect("an address"));
        test(Arc::clone(&store)).await;
        store.close().await.expect("closed");
    }
}

fn task(title: &str) -> NewTask {
    NewTask {
        title: title.into(),
        description: "words that are searched ".repeat(20),
        priority: "medium".into(),
        status: "pending".into(),
        assigned_to: Some("ana".into()),
    }
}

fn add(memory: &mut dyn Memory) -> StoreResult<()> {
    memory.add_task(&task("Ship it")).map(drop)
}

async fn count(store: &Arc<dyn Store>) -> u64 {
    let count = |memory: &mut dyn Memory| memory.count_tasks(&TaskFilter::default());
    store.read_for(Freshness::Writes, count).await.expect("a read").expect("a count")
}

/// Returns a call that reads every row and finds none.
fn skip_all(memory: &mut dyn Memory) -> StoreResult<()> {
    let filter = TaskFilter { assigned_to: Some("ana".into()), status: None };
    memory.list_tasks(&filter, Page::new(None, 1_000_000)).map(drop)
}

/// Returns such a call as a search without an index.
fn search_all(memory: &mut dyn Memory) -> StoreResult<()> {
    let mut page = Page::ALL;
    loop {
        page.after = memory.search_tasks(&SearchText::new("qq"), page)?.next;
        if page.after.is_none() {
            return Ok(());
        }
    }
}

/// PostgreSQL's error does not name the work.
fn is_out_of_time(error: &StoreError) -> bool {
    match error {
        StoreError::OutOfTime => true,
        StoreError::Unavailable(why) => why.contains("statement timeout"),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_ends_inside_a_step_when_its_time_is_used_up() {
    on_every_database(async |store| {
        for _ in 0..8 {
            store
                .write_for(|memory| (0..1000).try_for_each(|_| add(memory)))
                .await
                .expect("written");
        }
        for step in [skip_all, search_all] {
            for access in [READ, Access::Write] {
                let overrun =
                    store.run_within_for(access, Duration::from_millis(2), move |memory| {
                        if access == Access::Write {
                            add(memory)?;
                        }
                        // One step may fit into the time.
                        let begun = Instant::now();
                        while begun.elapsed() < LONG {
                            step(memory)?;
                        }
                        Ok::<_, StoreError>(())
                    });
                let error = overrun.await.expect_err("it takes longer");
                assert!(is_out_of_time(&error), "{access:?}: {error:?}");
            }
        }
        assert_eq!(count(&store).await, 8000, "what was written is undone");
        // Later calls have their own time, on every connection.
        for _ in 0..4 {
            store.read_for(Freshness::Writes, search_all).await.expect("a read").expect("read");
            let write = store.run_within_for(Access::Write, LONG, |memory| {
                search_all(memory)?;
                add(memory)
            });
            write.await.expect("written");
        }
        assert_eq!(count(&store).await, 8004);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_writes_are_served_between_two_long_ones() {
    on_every_database(async |store| {
        let order: Arc<Mutex<Vec<&str>>> = Arc::default();
        let (begun, first_began) = channel();
        let mut works = JoinSet::new();
        let mut run = |access, name: &'static str, work: Box<dyn FnOnce() + Send>| {
            let (store, order) = (Arc::clone(&store), Arc::clone(&order));
            works.spawn(async move {
                let run = move |memory: &mut dyn Memory| {
                    order.lock().expect("no panic").push(name);
                    work();
                    add(memory)
                };
                match access {
                    Some(access) => store.run_within_for(access, LONG, run).await,
                    None => store.write_for(run).await,
                }
            });
        };
        let (go_on, waits): (Sender<()>, Receiver<()>) = channel();
        let first = Box::new(move || {
            begun.send(()).expect("the test waits");
            waits.recv().expect("the test goes on");
        });
        run(Some(Access::Write), "long", first);
        let first_began = tokio::task::spawn_blocking(move || first_began.recv());
        first_began.await.expect("no panic").expect("the first began");
        for _ in 0..3 {
            run(
                Some(Access::Write),
                "long",
                Box::new(|| std::thread::sleep(Duration::from_millis(5))),
            );
        }
        for _ in 0..2 {
            run(None, "short", Box::new(|| ()));
        }
        // All of them are in the queue.
        tokio::time::sleep(Duration::from_millis(100)).await;
        go_on.send(()).expect("the first waits");
        while let Some(done) = works.join_next().await {
            done.expect("no panic").expect("written");
        }
        let order = order.lock().expect("no panic").clone();
        assert_eq!(order, ["long", "short", "short", "long", "long", "long"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_reads_nor_writes_wait_for_long_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut locations = vec![Location::File(folder.path().join("store.db"))];
    #[cfg(feature = "postgres")]
    let database = test_postgres::Database::new();
    #[cfg(feature = "postgres")]
    locations.push(Location::parse(database.url()).expect("an address"));
    for location in locations {
        let store = open(&location);
        let mut long = JoinSet::new();
        let mut ends = Vec::new();
        for _ in 0..8 {
            let (end, ended) = channel::<()>();
            ends.push(end);
            let store = Arc::clone(&store);
            long.spawn(async move {
                let run = move |_: &mut dyn Memory| {
                    // Until the test drops the sender.
                    let _ = ended.recv();
                    Ok::<_, StoreError>(())
                };
                store.run_within_for(READ, LONG, run).await.expect("read");
            });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        for added in 1..=20 {
            let write = timeout(Duration::from_secs(20), store.write_for::<_, StoreError>(add));
            write.await.expect("it does not wait").expect("written");
            let count = timeout(Duration::from_secs(20), count(&store));
            assert_eq!(count.await.expect("it does not wait"), added);
        }
        drop(ends);
        while let Some(done) = long.join_next().await {
            done.expect("no panic");
        }
        store.close().await.expect("closed");
    }
}
