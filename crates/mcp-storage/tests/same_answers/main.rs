//! Random sequences of calls get the same results from every store: SQLite in a file, PostgreSQL if
//! the feature is enabled, and the core's store without a database, which is the model.

mod calls;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::Redactor;
use mcp_core::domain::{LogEntry, Page};
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_core::memory::{Freshness, Memory, Store, StoreError, StoreRuns};
use mcp_core::{Call, Clock, Dispatcher, Registry, Timestamp, UnknownParams, actions};
use mcp_storage::{Location, Options};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use calls::{KINDS, NAMES, Step};

const RETENTION: u32 = 7;

/// A clock that the test sets: all stores see the same time.
#[derive(Default)]
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::Relaxed))
    }
}

/// One store and its dispatcher.
struct Side {
    name: &'static str,
    dispatcher: Dispatcher,
}

impl Side {
    fn new(name: &'static str, store: Arc<dyn Store>, clock: &Arc<SetClock>) -> Self {
        let registry = Registry::builder().with(actions::register).build().expect("a registry");
        let clock: Arc<dyn Clock> = Arc::<SetClock>::clone(clock);
        let dispatcher = Dispatcher::new(Arc::new(registry), store, clock, Redactor::new([]));
        Self { name, dispatcher }
    }

    fn store(&self) -> &dyn Store {
        self.dispatcher.store()
    }

    /// Returns the result of a step as text.
    async fn answer(&self, step: &Step) -> String {
        match step {
            Step::Call { action, params } => {
                let params = ParamsText::from_value(params).expect("an object");
                let call =
                    Call { unknown: UnknownParams::Ignore, ..Call::new(action.clone(), params) };
                match self.dispatcher.dispatch(call).await {
                    Ok(text) => text.get().to_owned(),
                    Err(error) => format!("{:?}: {}", error.code, error.message),
                }
            }
            Step::Part { limit, offset } => self.part(Page::new(*limit, *offset)).await,
            Step::Put { kind, key, text } => {
                let (kind, key, text) = (*kind, key.clone(), text.clone());
                let put = move |memory: &mut dyn Memory| memory.put_document(kind, &key, &text);
                format!("{:?} {}", self.store().write_for(put).await, self.documents().await)
            }
            Step::Remove { kind, key } => {
                let (kind, key) = (*kind, key.clone());
                let remove = move |memory: &mut dyn Memory| memory.remove_document(kind, &key);
                format!("{:?} {}", self.store().write_for(remove).await, self.documents().await)
            }
            Step::Keep { kind, keys } => {
                let (kind, keys) = (*kind, keys.clone());
                let keep = move |memory: &mut dyn Memory| {
                    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                    memory.keep_documents(kind, &keys)
                };
                format!("{:?} {}", self.store().write_for(keep).await, self.documents().await)
            }
            Step::Reset => {
                let outcome = self.store().write_for(|memory| memory.reset()).await;
                format!("{outcome:?}")
            }
        }
    }

    /// Reads the documents of all known keys.
    async fn documents(&self) -> String {
        let read = self.store().read_for(Freshness::Writes, |memory| {
            let names = KINDS.iter().flat_map(|kind| NAMES.iter().map(move |key| (kind, key)));
            let texts = names.map(|(kind, key)| memory.find_document(kind, key));
            texts.collect::<Result<Vec<_>, StoreError>>()
        });
        format!("{:?}", read.await.expect("a read").expect("read"))
    }

    /// Reads a part of every list, and all counts.
    async fn part(&self, page: Page) -> String {
        let read = self.store().read_for(Freshness::WritesAndLogs, move |memory| {
            let logs = memory.newest_logs(page.limit, page.offset)?;
            Ok::<_, StoreError>(format!(
                "{:?} {:?} {:?} {:?} {:?} {:?}",
                memory.list_usernames(page)?.items(),
                memory.list_users(page)?.items(),
                memory.list_tasks(&mcp_core::domain::TaskFilter::default(), page)?.items(),
                logs.iter().map(shown).collect::<Vec<_>>(),
                (memory.count_users()?, memory.count_logs()?),
                memory.task_counts()?,
            ))
        });
        read.await.expect("a read").expect("read")
    }
}

fn shown(entry: &LogEntry) -> String {
    format!("{} {} {} {}", entry.timestamp, entry.action, entry.payload, entry.status)
}

#[tokio::test]
async fn every_store_gives_the_same_answers() {
    let clock = Arc::new(SetClock::default());
    let options = Options { log_retention: RETENTION, ..Options::default() };
    let folder = tempfile::tempdir().expect("a folder");
    let open = |location: &Location| {
        let clock: Arc<dyn Clock> = Arc::<SetClock>::clone(&clock);
        mcp_storage::open(location, &options, clock).expect("a store")
    };
    let model = InMemoryStore::new(Arc::<SetClock>::clone(&clock), RETENTION as usize);
    #[cfg(feature = "postgres")]
    let database = test_postgres::Database::new();
    let sides = vec![
        Side::new("the model", Arc::new(model), &clock),
        Side::new("SQLite", open(&Location::File(folder.path().join("store.db"))), &clock),
        #[cfg(feature = "postgres")]
        Side::new(
            "PostgreSQL",
            open(&Location::parse(database.url()).expect("an address")),
            &clock,
        ),
    ];

    let runtime = tokio::runtime::Handle::current();
    let config = Config { cases: 64, failure_persistence: None, ..Config::default() };
    let outcome = tokio::task::spawn_blocking(move || {
        let outcome = TestRunner::new(config).run(&vec(calls::step(), 1..40), |steps| {
            runtime.block_on(compare(&sides, &clock, &steps))
        });
        for side in &sides {
            runtime.block_on(side.store().close()).expect("closed");
        }
        outcome
    });
    if let Err(fault) = outcome.await.expect("it ran") {
        panic!("{fault}");
    }
}

async fn compare(sides: &[Side], clock: &SetClock, steps: &[Step]) -> Result<(), TestCaseError> {
    let last = Step::Part { limit: None, offset: 0 };
    // A reset keeps documents.
    let first = KINDS.iter().map(|kind| Step::Keep { kind, keys: Vec::new() });
    let first: Vec<_> = first.chain([Step::Reset]).collect();
    for step in first.iter().chain(steps).chain([&last]) {
        clock.0.fetch_add(1_234_567, Ordering::Relaxed);
        let wanted = sides[0].answer(step).await;
        for side in &sides[1..] {
            let got = side.answer(step).await;
            if got != wanted {
                let (side, model) = (side.name, sides[0].name);
                let line = format!("{step:?}\n{side}: {got}\n{model}: {wanted}");
                return Err(TestCaseError::fail(line));
            }
        }
    }
    Ok(())
}
