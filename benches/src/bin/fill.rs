//! Fills a database with three users and many tasks. It uses the storage's own writer, so the database
//! has all current tables and indexes.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use fastrand::Rng;
use mcp_core::domain::{NewTask, NewUser};
use mcp_core::memory::{StoreError, StoreRuns};
use mcp_core::{SystemClock, memory::Memory};
use mcp_storage::{Location, Options};
use serde_json::value::RawValue;

/// The storage has finished its background work if it writes nothing for this long.
const SETTLED: Duration = Duration::from_secs(2);

/// The number of tasks in one transaction.
const TRANSACTION_SIZE: u64 = 10_000;

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const PRIORITIES: [&str; 3] = ["high", "medium", "low"];
const STATUSES: [&str; 3] = ["pending", "in_progress", "completed"];

const VERBS: [&str; 16] = [
    "Fix",
    "Write",
    "Review",
    "Deploy",
    "Measure",
    "Rename",
    "Document",
    "Test",
    "Remove",
    "Move",
    "Translate",
    "Plan",
    "Check",
    "Simplify",
    "Restore",
    "Describe",
];
const THINGS: [&str; 24] = [
    "login page",
    "release notes",
    "database backup",
    "search index",
    "billing report",
    "rate limiter",
    "error message",
    "build script",
    "onboarding mail",
    "user settings",
    "API client",
    "log viewer",
    "payment form",
    "team calendar",
    "mobile layout",
    "access list",
    "dark theme",
    "import wizard",
    "session handling",
    "status page",
    "data export",
    "cache invalidation",
    "invoice template",
    "health check",
];
const REASONS: [&str; 12] = [
    "A customer asked for it last week.",
    "It fails on Safari.",
    "The old one is slow.",
    "Needed before the next release.",
    "Two people have reported it.",
    "See the design document.",
    "Blocked until the server is updated.",
    "Agree with the support team first.",
    "The numbers do not add up.",
    "It should take an hour.",
    "Übersetzung fehlt noch.",
    "Reproduced on three machines.",
];

/// Fills a database with users and tasks.
#[derive(Parser)]
struct Arguments {
    /// The SQLite file to create.
    #[arg(long)]
    database: PathBuf,
    /// The number of tasks.
    #[arg(long)]
    tasks: u64,
    /// The number of tasks that contain the word, spread evenly.
    #[arg(long)]
    hits: u64,
    /// A word that no other task contains.
    #[arg(long)]
    word: String,
}

/// Returns a realistic task. The same number gives the same task.
fn task(number: u64, word: Option<&str>) -> NewTask {
    let mut random = Rng::with_seed(number);
    let mut pick = |words: &[&'static str]| words[random.usize(..words.len())];
    let title = format!("{} the {}", pick(&VERBS), pick(&THINGS));
    let mut description = format!("{} {} Ticket {number}.", pick(&REASONS), pick(&REASONS));
    if let Some(word) = word {
        description = format!("{description} Ask {word} about it.");
    }
    let (priority, status) = (pick(&PRIORITIES).into(), pick(&STATUSES).into());
    let assigned_to = number.is_multiple_of(2).then(|| pick(&USERS).into());
    NewTask { title, description, priority, status, assigned_to }
}

fn add_users(memory: &mut dyn Memory) -> Result<(), StoreError> {
    for username in USERS {
        let metadata = RawValue::from_string("{}".into()).expect("an empty object is JSON");
        memory.add_user(&NewUser {
            username: username.into(),
            role: "developer".into(),
            metadata,
        })?;
    }
    Ok(())
}

/// Waits until the storage has finished its background work.
async fn settle(path: &str) -> Result<(), Box<dyn Error>> {
    let mut connection = SqliteConnection::establish(path)?;
    // The number changes after every commit of another connection.
    let mut version = || {
        let version = sql::<BigInt>("(SELECT data_version FROM pragma_data_version)");
        diesel::select(version).first::<i64>(&mut connection)
    };
    let mut before = version()?;
    loop {
        tokio::time::sleep(SETTLED).await;
        let now = version()?;
        if now == before {
            return Ok(());
        }
        before = now;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { database, tasks, hits, word } = Arguments::parse();
    let path = database.to_str().ok_or("the path is not UTF-8")?;
    let location = Location::parse(path)?;
    let store = mcp_storage::open(&location, &Options::default(), SystemClock::shared())?;
    store.write_for(add_users).await?;
    let every = tasks.checked_div(hits).unwrap_or(u64::MAX).max(1);
    for first in (0..tasks).step_by(usize::try_from(TRANSACTION_SIZE)?) {
        let word = word.clone();
        store
            .write_for(move |memory| {
                for number in first..tasks.min(first + TRANSACTION_SIZE) {
                    let is_hit = number.is_multiple_of(every) && number / every < hits;
                    memory.add_task(&task(number, is_hit.then_some(word.as_str())))?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    settle(path).await?;
    store.close().await?;
    Ok(())
}
