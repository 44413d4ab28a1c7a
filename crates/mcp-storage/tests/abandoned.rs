//! Abandoned calls: they leave no permit, no place in the queue and no work, on every store.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::join_all;
use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::{Opened, Redactor};
use mcp_core::domain::{NewTask, Page, TaskFilter};
use mcp_core::memory::{Freshness, Memory, Store, StoreError, StoreRuns, Verdict, Work};
use mcp_core::{
    ActionError, Call, Dispatcher, Doc, Example, Group, Progress, Registry, RemoteAction, Reply,
    SystemClock, actions, snapshot,
};
use mcp_lean::Lean;
use mcp_lean::blobs::{BlobLimits, Blobs};
use mcp_storage::{Location, Options};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::timeout;

/// The capacity of the queue.
const QUEUE: u32 = 64;
/// The number of calls of each kind that are abandoned after each number of polls. It exceeds the
/// 1,024 reads that may wait, so that a place leaked by each call blocks the store.
const CALLS: usize = 1100;
/// Calls are polled 0 to 5 times before they are dropped.
const MOST_POLLS: usize = 5;
/// Long enough for a busy machine; a blocked store never answers.
const DEADLINE: Duration = Duration::from_mins(1);

/// Runs a test on SQLite in a file and in memory, and on PostgreSQL if the feature is enabled.
async fn on_every_store<F: Future<Output = ()>>(
    options: Options,
    test: impl Fn(&'static str, Arc<dyn Store>) -> F,
) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Location::File(folder.path().join("store.db"));
    #[cfg(feature = "postgres")]
    let database = test_postgres::Database::new();
    for (name, location) in [
        ("SQLite in a file", file),
        ("SQLite in memory", Location::Memory),
        #[cfg(feature = "postgres")]
        ("PostgreSQL", Location::parse(database.url()).expect("an address")),
    ] {
        let store = mcp_storage::open(&location, &options, SystemClock::shared()).expect("a store");
        test(name, Arc::clone(&store)).await;
        store.close().await.expect("closed");
    }
}

/// Polls a future this many times, and drops it.
fn abandon<T>(future: impl Future<Output = T>, polls: usize) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if future.as_mut().poll(&mut context).is_ready() {
            return;
        }
    }
}

fn task(title: &str) -> NewTask {
    NewTask {
        title: title.into(),
        description: String::new(),
        priority: "medium".into(),
        status: "pending".into(),
        assigned_to: None,
    }
}

async fn add(store: &dyn Store, title: &str) -> Result<(), StoreError> {
    let task = task(title);
    store.write_for(move |memory| memory.add_task(&task).map(drop)).await
}

/// Returns the titles of all tasks.
async fn titles(store: &dyn Store) -> Vec<String> {
    let all = |memory: &mut dyn Memory| memory.list_tasks(&TaskFilter::default(), Page::ALL);
    let tasks = store.read_for(Freshness::Writes, all).await.expect("a read").expect("tasks");
    tasks.items().into_iter().map(|task| task.title).collect()
}

/// A remote action that answers at once.
struct Remote;

#[derive(Deserialize, schemars::JsonSchema)]
struct NoParams {}

impl RemoteAction for Remote {
    const NAME: &'static str = "remote";
    type Params = NoParams;
    type Output = bool;

    fn doc(&self) -> Doc {
        Doc::new(Group::CUSTOM, "Wait for another system", Example { params: "{}", answer: "true" })
    }

    async fn run(&self, _: NoParams, _: &Progress) -> Result<bool, ActionError> {
        yield_now().await;
        Ok(true)
    }
}

/// A dispatcher over a store.
struct Server {
    dispatcher: Dispatcher,
}

impl Server {
    fn new(store: Arc<dyn Store>) -> Self {
        let clock = SystemClock::shared();
        let lean = Lean::new(Arc::new(Blobs::new(BlobLimits::default(), 1)));
        let registry = Registry::builder().with(actions::register).remote(Remote);
        let registry = lean.register(registry).build().expect("a registry");
        let redactor = Redactor::new([]);
        Self { dispatcher: Dispatcher::new(Arc::new(registry), store, clock, redactor) }
    }

    fn store(&self) -> &dyn Store {
        self.dispatcher.store()
    }

    async fn call(&self, action: &str, params: Value) -> Outcome {
        let params = ParamsText::from_value(&params)?;
        let reply = self.dispatcher.call(Call::new(action, params)).await?;
        reply.whole(self.store(), usize::MAX).await.map(drop)
    }

    /// Reads all parts of a list.
    async fn parts(&self) -> Outcome {
        let call = Call::new("list_tasks", ParamsText::none());
        let Opened::Rows(mut rows) = self.dispatcher.open(call, None).await? else {
            panic!("list_tasks is a list")
        };
        while rows.next(self.store()).await?.is_some() {}
        Ok(())
    }

    async fn batch(&self, atomic: bool) -> Outcome {
        let steps = json!([
            {"id": "count", "action": "list_tasks", "count": true},
            {"id": "set", "action": "update_config", "params": {"key": "k", "value": 2}},
        ]);
        self.call("batch", json!({"steps": steps, "atomic": atomic})).await
    }

    async fn state(&self) -> Outcome {
        let read =
            Reply::read(Freshness::WritesAndLogs, snapshot::full(Page::ALL, None), self.store());
        read.await?.whole(self.store(), usize::MAX).await.map(drop)
    }
}

type Outcome = Result<(), ActionError>;
type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;
type Kind = (&'static str, for<'a> fn(&'a Server) -> Running<'a>);

/// Calls of every kind.
const KINDS: [Kind; 9] = [
    ("a read", |it| Box::pin(it.call("get_config", json!({})))),
    ("a write", |it| Box::pin(it.call("update_config", json!({"key": "k", "value": 1})))),
    ("a long answer", |it| Box::pin(it.call("list_tasks", json!({})))),
    ("the parts of a list", |it| Box::pin(it.parts())),
    ("a batch", |it| Box::pin(it.batch(false))),
    ("an atomic batch", |it| Box::pin(it.batch(true))),
    ("a read that flushes the log", |it| Box::pin(it.state())),
    ("a remote call", |it| Box::pin(it.call("remote", json!({})))),
    ("a probe", |it| Box::pin(async { Ok(it.store().ready().await?) })),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_calls_of_every_kind_leave_nothing_behind() {
    let options = Options { queue: QUEUE, ..Options::default() };
    on_every_store(options, |name, store| async move {
        let server = Server::new(store);
        for title in ["a", "b", "c"] {
            add(server.store(), title).await.expect("added");
        }
        for (kind, call) in KINDS {
            for polls in 0..=MOST_POLLS {
                for _ in 0..CALLS {
                    abandon(call(&server), polls);
                    yield_now().await;
                }
                let answer = timeout(DEADLINE, call(&server)).await;
                let case = format!("{name}: {kind}, abandoned after {polls} polls");
                answer.expect(&case).expect(&case);
            }
            every_place_is_free(&format!("{name}: {kind}"), server.store()).await;
        }
    })
    .await;
}

/// Fills every place in the queue.
async fn every_place_is_free(case: &str, store: &dyn Store) {
    store.ready().await.expect("what was begun is done");
    let writes = (0..QUEUE).map(|_| store.write(Box::new(|_| Verdict::Commit)));
    let written = timeout(DEADLINE, join_all(writes)).await.expect(case);
    written.into_iter().collect::<Result<(), _>>().expect(case);
}

/// Keeps the writer, or the only reader, busy until the sender is dropped.
async fn occupied(store: &Arc<dyn Store>, write: bool) -> std::sync::mpsc::Sender<()> {
    let (go, waits) = std::sync::mpsc::channel::<()>();
    let (begun, begins) = oneshot::channel();
    let work: Work = Box::new(move |_| {
        let _ = begun.send(());
        let _ = waits.recv();
        Verdict::Commit
    });
    let store = Arc::clone(store);
    tokio::spawn(async move {
        if write { store.write(work).await } else { store.read(Freshness::Writes, work).await }
    });
    begins.await.expect("it has begun");
    go
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_caller_has_left_the_queue_is_not_carried_out() {
    let options = Options { queue: QUEUE, ..Options::default() };
    on_every_store(options, |name, store| async move {
        let server = Server::new(Arc::clone(&store));
        let go = occupied(&store, true).await;
        // Twice the capacity of the queue: abandoned calls free their places.
        for number in 0..2 * QUEUE as usize {
            let polls = 1 + number % MOST_POLLS;
            abandon(server.call("add_task", json!({"title": "abandoned"})), polls);
            let step = json!({"id": "a", "action": "add_task", "params": {"title": "abandoned"}});
            abandon(server.call("batch", json!({"steps": [step], "atomic": true})), polls);
            abandon(add(server.store(), "abandoned"), polls);
        }
        let kept = server.call("add_task", json!({"title": "kept"}));
        let (kept, ()) = tokio::join!(kept, async { drop(go) });
        kept.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(titles(&*store).await, ["kept"], "{name}");
        let logs = |memory: &mut dyn Memory| memory.newest_logs(None, 0);
        let logs = store.read_for(Freshness::WritesAndLogs, logs).await.expect("a read");
        let actions: Vec<_> = logs.expect("read").into_iter().map(|entry| entry.action).collect();
        assert_eq!(actions, ["add_task"], "{name}: a call that was not carried out has no entry");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_whose_caller_has_left_is_not_run() {
    let options = Options { readers: 1, ..Options::default() };
    on_every_store(options, |name, store| async move {
        let go = occupied(&store, false).await;
        let run = Arc::new(AtomicUsize::new(0));
        for polls in 1..100 {
            let run = Arc::clone(&run);
            let work = move |_: &mut dyn Memory| run.fetch_add(1, Ordering::Relaxed);
            abandon(store.read_for(Freshness::Writes, work), polls % MOST_POLLS);
        }
        drop(go);
        titles(&*store).await;
        assert_eq!(run.load(Ordering::Relaxed), 0, "{name}");
    })
    .await;
}
