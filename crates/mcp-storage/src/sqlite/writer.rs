//! The writer: a thread with a connection of its own, which lets the waiting jobs share a commit.
//! Without jobs, it maintains the database.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use mcp_core::Clock;

use super::OpenError;
use super::batch::Batch;
use super::derived::Health;
use super::error::Faults;
use super::files::OpenedFile;
use super::memory::trim_logs;
use super::transaction;
use super::upkeep::{self, Upkeep};
use crate::jobs::{Jobs, OutcomeSender, Wake};
use crate::writer::Writer;
use crate::{Location, Options};

/// How long the writer waits for jobs before it maintains the database.
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
    let work = WriterThread {
        jobs: Arc::clone(&jobs),
        connection,
        faults,
        opened: location.file().and_then(OpenedFile::at),
        upkeep: Upkeep::of(location, health.clone()),
        clock,
        retention: options.log_retention,
        health,
    };
    Writer::start("sqlite-writer", jobs, move || work.run()).map_err(|error| failed(&error))
}

/// The state of the writer's thread.
struct WriterThread {
    jobs: Arc<Jobs>,
    connection: SqliteConnection,
    faults: Faults,
    /// `None` for a database in memory.
    opened: Option<OpenedFile>,
    upkeep: Upkeep,
    clock: Arc<dyn Clock>,
    retention: u32,
    health: Health,
}

impl WriterThread {
    fn run(mut self) {
        // An earlier process may have left maintenance to do.
        let mut idle = IDLE;
        loop {
            match self.jobs.wait(idle) {
                Wake::Work => {
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
                Wake::Idle => idle = self.upkeep.when_idle(&mut self.connection),
                Wake::Abandoned => return,
            }
        }
    }

    fn stop(self, stopped: OutcomeSender) {
        let Self { jobs, mut connection, .. } = self;
        // Dropping the jobs tells their callers that the store is closed.
        drop(jobs.close());
        let last = upkeep::finish(&mut connection);
        drop(connection);
        let _ = stopped.send(last);
    }
}
