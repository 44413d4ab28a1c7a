//! This server's writer, with a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::Clock;

use super::batch::Batch;
use super::session::Session;
use crate::jobs::{Jobs, Wake};
use crate::writer::Writer;
use crate::{OpenError, Options};

/// A writer without work only sleeps: the database maintains itself.
const IDLE: Duration = Duration::from_hours(1);

/// Starts the writer.
pub(super) fn start(
    mut session: Session,
    options: &Options,
    clock: Arc<dyn Clock>,
) -> Result<Writer, OpenError> {
    let jobs = Arc::new(Jobs::new(options.queue, options.log_retention));
    let (queue, retention) = (Arc::clone(&jobs), options.log_retention);
    let statement_timeout = options.statement_timeout;
    let run = move || {
        loop {
            match queue.wait(IDLE) {
                Wake::Work => {
                    let batch = Batch::new(&queue, &*clock, retention, statement_timeout);
                    if let Some(stopped) = batch.run(&mut session) {
                        // Dropping the jobs tells their callers that the store is closed.
                        drop(queue.close());
                        drop(session);
                        let _ = stopped.send(Ok(()));
                        return;
                    }
                }
                Wake::Idle => {}
                Wake::Abandoned => return,
            }
        }
    };
    Writer::start("postgres-writer", jobs, run)
        .map_err(|error| OpenError::Failed("writer".into(), error.to_string()))
}
