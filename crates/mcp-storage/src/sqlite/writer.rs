//! The one writer: a thread with a connection of its own, which takes the jobs that are waiting
//! and has them share a commit. When nothing is waiting it keeps the database tidy.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use mcp_core::Clock;

use super::OpenError;
use super::batch::Batch;
use super::derived::Health;
use super::error::Faults;
use super::files::Opened;
use super::memory::trim_logs;
use super::transaction;
use super::upkeep::{self, Upkeep};
use crate::jobs::{Call, Done, Jobs};
use crate::writer::Writer;
use crate::{Location, Options};

/// After how long without work the writer looks for something to tidy.
const IDLE: Duration = Duration::from_millis(20);

/// Starts the writer over its connection.
pub(super) fn start(
    mut connection: SqliteConnection,
    location: &Location,
    options: &Options,
    clock: Arc<dyn Clock>,
    health: Health,
) -> Result<Writer, OpenError> {
    let failed =
        |error: &dyn std::fmt::Display| OpenError::Failed("writer".into(), error.to_string());
    transaction::write_nothing(&mut connection).map_err(|error| failed(&error))?;
    trim_logs(&mut connection, options.log_retention, 0).map_err(|error| failed(&error))?;
    let jobs = Arc::new(Jobs::new(options.queue, options.log_retention));
    let faults = Faults::default();
    faults.watch(&mut connection);
    let work = Thread {
        jobs: Arc::clone(&jobs),
        connection,
        faults,
        opened: location.file().and_then(Opened::at),
        upkeep: Upkeep::of(location, health.clone()),
        clock,
        retention: options.log_retention,
        health,
    };
    Writer::start("sqlite-writer", jobs, move || work.run()).map_err(|error| failed(&error))
}

/// What lives on the writer's thread.
struct Thread {
    jobs: Arc<Jobs>,
    connection: SqliteConnection,
    faults: Faults,
    /// None for a database in memory.
    opened: Option<Opened>,
    upkeep: Upkeep,
    clock: Arc<dyn Clock>,
    retention: u32,
    health: Health,
}

impl Thread {
    fn run(mut self) {
        // There may be something to tidy from before.
        let mut idle = IDLE;
        loop {
            match self.jobs.wait(idle) {
                Call::Work => {
                    let batch = Batch::new(
                        &self.jobs,
                        &self.faults,
                        &*self.clock,
                        self.retention,
                        &self.health,
                    );
                    let stopped = batch.run(&mut self.connection, self.opened.as_ref());
                    self.upkeep.after_commit(&mut self.connection);
                    idle = IDLE;
                    if let Some(stopped) = stopped {
                        return self.stop(stopped);
                    }
                }
                Call::Idle => idle = self.upkeep.when_idle(&mut self.connection),
                Call::Abandoned => return,
            }
        }
    }

    fn stop(self, stopped: Done) {
        let Self { jobs, mut connection, .. } = self;
        // Who is still waiting learns by the end of the channel that the store is closed.
        drop(jobs.close());
        let last = upkeep::at_the_end(&mut connection);
        drop(connection);
        let _ = stopped.send(last);
    }
}
