//! What the SQLite engine promises beside the contract: searches and pages that are right in parts,
//! counts that agree with the rows, a write-ahead log that stays small, a queue with an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use mcp_core::domain::{
    FieldChange, NewTask, Page, Part, SearchText, Task, TaskChanges, TaskFilter, TaskId, fold,
};
use mcp_core::memory::{Freshness, Memory, Store, StoreError, StoreRuns, Verdict};
use mcp_core::{SystemClock, Timestamp};
use mcp_storage::{Location, Options};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// A store in a file.
fn open(options: &Options) -> (TempDir, Arc<dyn Store>) {
    let folder = tempfile::tempdir().expect("a folder");
    let location = Location::File(folder.path().join("store.db"));
    let store = mcp_storage::open(&location, options, SystemClock::shared()).expect("a store");
    (folder, store)
}

async fn read<T: Send + 'static>(
    store: &Arc<dyn Store>,
    work: impl FnOnce(&mut dyn Memory) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read_for(Freshness::Writes, work).await.expect("a read").expect("read")
}

async fn write<T: Send + 'static>(
    store: &Arc<dyn Store>,
    work: impl FnOnce(&mut dyn Memory) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write_for(work).await.expect("written")
}

fn task(title: &str, description: &str, status: &str) -> NewTask {
    NewTask {
        title: title.into(),
        description: description.into(),
        priority: "medium".into(),
        status: status.into(),
        assigned_to: None,
    }
}

/// A list that is read in parts of so many, put together.
async fn in_parts<F>(store: &Arc<dyn Store>, of: u64, part: F) -> Vec<i64>
where
    F: Fn(&mut dyn Memory, Page) -> Result<Part<Task>, StoreError> + Clone + Send + 'static,
{
    let mut ids = Vec::new();
    let mut page = Page { limit: Some(of), ..Page::ALL };
    loop {
        let part = part.clone();
        let Part { rows, next } = read(store, move |memory| part(memory, page)).await;
        ids.extend(rows.iter().map(|(_, task)| task.id.0));
        match next {
            Some(_) => page.after = next,
            None => return ids,
        }
    }
}

/// Short texts in which letters of several cases and lengths, quotes, wildcards and NUL meet.
fn text() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(vec![
        'a', 'B', 'b', 'ß', 'S', 's', 'Σ', 'ς', 'İ', 'é', '漢', '"', '%', '_', '\0', '\n', ' ',
        '\'', '*', '😀',
    ]);
    prop::collection::vec(letters, 0..12).prop_map(String::from_iter)
}

#[derive(Clone, Debug)]
enum Step {
    Add(String, String),
    Reword(i64, String),
    Remove(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (text(), text()).prop_map(|(title, description)| Step::Add(title, description)),
        1 => (1..20_i64, text()).prop_map(|(id, title)| Step::Reword(id, title)),
        1 => (1..20_i64).prop_map(Step::Remove),
    ]
}

#[test]
fn a_search_finds_what_a_look_at_every_task_finds() {
    let runtime = Runtime::new().expect("a runtime");
    let steps = prop::collection::vec(step(), 1..25);
    let cases = (steps, prop::collection::vec(text(), 1..6), 1..4_u64);
    let config = Config { cases: 40, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&cases, |(steps, queries, part)| {
            runtime.block_on(async {
                let (_folder, store) = open(&Options::default());
                for step in steps {
                    write(&store, move |memory| {
                        match step {
                            Step::Add(title, description) => {
                                memory.add_task(&task(&title, &description, "pending"))?;
                            }
                            Step::Reword(id, title) => {
                                let changes =
                                    TaskChanges { title: Some(title), ..TaskChanges::default() };
                                memory.update_task(TaskId(id), changes)?;
                            }
                            Step::Remove(id) => drop(memory.remove_task(TaskId(id))?),
                        }
                        Ok(())
                    })
                    .await;
                }
                let all =
                    read(&store, |memory| memory.list_tasks(&TaskFilter::default(), Page::ALL));
                let all = all.await.items();
                for query in queries {
                    let text = SearchText::new(&query);
                    let wanted: Vec<i64> =
                        all.iter().filter(|task| text.is_in(task)).map(|task| task.id.0).collect();
                    let found = in_parts(&store, part, move |memory, page| {
                        memory.search_tasks(&text, page)
                    });
                    assert_eq!(found.await, wanted, "{query:?} folded {:?}", fold(&query));
                }
                store.close().await.expect("closed");
            });
            Ok(())
        })
        .expect("every search");
}

/// More tasks than a block of counts, with gaps.
async fn fill(store: &Arc<dyn Store>, tasks: i64) {
    write(store, move |memory| {
        for number in 1..=tasks {
            let status = if number % 5 == 0 { "completed" } else { "pending" };
            memory.add_task(&task(&format!("Task {number}"), "", status))?;
        }
        for number in (1..=tasks).filter(|number| number % 3 == 0) {
            memory.remove_task(TaskId(number))?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_page_at_any_offset_is_the_same_part_of_the_list() {
    let (_folder, store) = open(&Options::default());
    fill(&store, 13_000).await;
    for status in [None, Some("completed"), Some("pending"), Some("never")] {
        let filter = TaskFilter { status: status.map(Into::into), assigned_to: None };
        let wanted = filter.clone();
        let all =
            in_parts(&store, 1000, move |memory, page| memory.list_tasks(&wanted, page)).await;
        let counted = filter.clone();
        let total = read(&store, move |memory| memory.count_tasks(&counted)).await;
        assert_eq!(total, all.len() as u64, "{status:?}");
        for offset in [0, 1, 4095, 4096, 4097, 6000, 8192, total.saturating_sub(1), total, 50_000] {
            let wanted = filter.clone();
            let page = Page::new(Some(3), offset);
            let part = read(&store, move |memory| memory.list_tasks(&wanted, page)).await.items();
            let ids: Vec<i64> = part.iter().map(|task| task.id.0).collect();
            let rest: Vec<i64> =
                all.iter().copied().skip(usize::try_from(offset).expect("small")).take(3).collect();
            assert_eq!(ids, rest, "{status:?} from {offset} on");
        }
    }
    write(&store, |memory| memory.reset()).await;
    let counts = read(&store, |memory| memory.task_counts()).await;
    assert_eq!((counts.total, counts.by_status.len()), (0, 0), "after a reset");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_has_what_stays_once_and_in_order() {
    let (_folder, store) = open(&Options::default());
    fill(&store, 900).await;
    let mut ids = Vec::new();
    let mut page = Page { limit: Some(70), ..Page::ALL };
    loop {
        let part =
            read(&store, move |memory| memory.list_tasks(&TaskFilter::default(), page)).await;
        ids.extend(part.rows.iter().map(|(_, task)| task.id.0));
        let Some(next) = part.next else { break };
        page.after = Some(next);
        // One behind and one before what was read go, and a new one comes.
        let (first, last) = (ids[0], *ids.last().expect("rows"));
        write(&store, move |memory| {
            memory.remove_task(TaskId(first))?;
            memory.remove_task(TaskId(last + 1))?;
            memory.add_task(&task("new", "", "pending")).map(|_| ())
        })
        .await;
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "in order, and none twice");
    let stayed = read(&store, |m| m.list_tasks(&TaskFilter::default(), Page::ALL)).await.items();
    for task in stayed.iter().filter(|task| task.title != "new") {
        assert!(ids.contains(&task.id.0), "{} is missing", task.id);
    }
    store.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_ahead_log_stays_small_under_readers_without_a_gap() {
    let (folder, store) = open(&Options::default());
    fill(&store, 3000).await;
    let over = Arc::new(AtomicBool::new(false));
    // Each reader's snapshot overlaps the others': there is no moment without one.
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, over) = (Arc::clone(&store), Arc::clone(&over));
            tokio::spawn(async move {
                // As the server reads a long list.
                let part = Page { limit: Some(1000), ..Page::ALL };
                while !over.load(Ordering::Relaxed) {
                    let all = TaskFilter::default();
                    read(&store, move |memory| memory.list_tasks(&all, part)).await;
                }
            })
        })
        .collect();
    let mut largest = 0;
    for number in 0..600 {
        let text = format!("{number} ").repeat(16 * 1024);
        write(&store, move |memory| memory.add_task(&task("large", &text, "pending"))).await;
        let log = std::fs::metadata(folder.path().join("store.db-wal")).expect("a log");
        largest = largest.max(log.len());
        let id = TaskId(3001 + number);
        write(&store, move |memory| memory.remove_task(id)).await;
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("a reader");
    }
    // Some 60 MB went through it.
    assert!(largest < 40 * 1024 * 1024, "{largest} bytes");
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_large_write_that_fails_is_undone_alone() {
    const TASKS: i64 = 1000;
    let (_folder, store) = open(&Options::default());
    let text = "Needed before the next release. ".repeat(64);
    write(&store, move |memory| {
        (0..TASKS).try_for_each(|_| memory.add_task(&task("stays", &text, "pending")).map(|_| ()))
    })
    .await;
    let all = |m: &mut dyn Memory| m.list_tasks(&TaskFilter::default(), Page::ALL);
    let before = read(&store, all).await.items();

    // More than is kept in memory for undoing it: it goes to a temporary file.
    let fails = store.write_for(|memory| {
        for number in 1..=TASKS {
            let status = FieldChange::Set("completed".into());
            memory.update_task(TaskId(number), TaskChanges { status, ..TaskChanges::default() })?;
        }
        Err::<(), _>(StoreError::Failed("on purpose".into()))
    });
    let beside = write(&store, |memory| memory.add_task(&task("beside", "", "pending")));
    let (failed, _) = tokio::join!(fails, beside);
    assert_eq!(failed.expect_err("it fails").to_string(), "the storage failed: on purpose");

    let mut after = read(&store, all).await.items();
    let added = after.iter().position(|task| task.title == "beside").expect("the one beside it");
    after.remove(added);
    assert_eq!(after, before);
    store.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_finds_no_place_is_refused_at_once_and_a_read_never_waits_for_the_writer() {
    let (_folder, store) = open(&Options { queue: 2, ..Options::default() });
    let (go, waits) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let slow = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let work = Box::new(move |_: &mut dyn Memory| {
                let _ = begun.send(());
                let _ = waits.recv();
                Verdict::Commit
            });
            store.write(work).await
        }
    });
    begins.await.expect("the writer is at work");
    // One place is left, for one of five.
    let mut writes = JoinSet::new();
    for _ in 0..5 {
        let store = Arc::clone(&store);
        writes.spawn(async move { store.write(Box::new(|_| Verdict::Commit)).await });
    }
    for _ in 0..4 {
        let refused = writes.join_next().await.expect("one of them").expect("no panic");
        assert!(matches!(refused, Err(StoreError::Busy)), "{refused:?}");
    }
    let now = read(&store, |memory| Ok(memory.now())).await;
    assert!(now > Timestamp::from_micros(0), "the writer is at work still");
    go.send(()).expect("the writer waits");
    slow.await.expect("no panic").expect("written");
    writes.join_next().await.expect("the last").expect("no panic").expect("written");
    store.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_does_not_wait_for_long_ones_while_a_reader_is_free() {
    let readers = 2 + std::thread::available_parallelism().expect("known").get();
    let options = Options { readers: u32::try_from(readers).expect("few"), ..Options::default() };
    let (_folder, store) = open(&options);
    let mut long = Vec::new();
    // One behind the other, so that each is at another thread.
    for _ in 1..readers {
        let (go, waits) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let store = Arc::clone(&store);
        let reading = tokio::spawn(async move {
            let work = move |_: &mut dyn Memory| {
                let _ = begun.send(());
                let _ = waits.recv();
                Ok(())
            };
            read(&store, work).await;
        });
        begins.await.expect("a thread was free and took it");
        long.push((go, reading));
    }
    read(&store, |memory| memory.count_users()).await;
    for (go, reading) in long {
        go.send(()).expect("it has not ended yet");
        reading.await.expect("read");
    }
    store.close().await.expect("closed");
}

#[tokio::test]
async fn a_search_index_that_is_damaged_stops_no_write() {
    let (folder, store) = open(&Options::default());
    let file = folder.path().join("store.db");
    let mut other =
        SqliteConnection::establish(file.to_str().expect("UTF-8")).expect("it is there");
    other.batch_execute("DROP TABLE tasks_search").expect("it was there");
    fill(&store, 3000).await;
    write(&store, |memory| memory.add_task(&task("t", "", "open"))).await;
    assert_eq!(read(&store, |memory| memory.count_tasks(&TaskFilter::default())).await, 2001);
}
