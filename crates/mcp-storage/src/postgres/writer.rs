//! The one writer of this server, with a connection of its own. Other servers have theirs.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::Clock;

use super::batch::Batch;
use super::session::Session;
use crate::jobs::{Call, Jobs};
use crate::writer::Writer;
use crate::{OpenError, Options};

/// The database keeps itself tidy: a writer without work only sleeps.
const IDLE: Duration = Duration::from_hours(1);

/// Starts the writer.
pub(super) fn start(
    mut session: Session,
    options: &Options,
    clock: Arc<dyn Clock>,
) -> Result<Writer, OpenError> {
    let jobs = Arc::new(Jobs::new(options.queue, options.log_retention));
    let (waiting, retention) = (Arc::clone(&jobs), options.log_retention);
    let statement_timeout = options.statement_timeout;
    let run = move || {
        loop {
            match waiting.wait(IDLE) {
                Call::Work => {
                    let batch = Batch::new(&waiting, &*clock, retention, statement_timeout);
                    if let Some(stopped) = batch.run(&mut session) {
                        // Who is still waiting learns by the end of the channel that the store is
                        // closed.
                        drop(waiting.close());
                        drop(session);
                        let _ = stopped.send(Ok(()));
                        return;
                    }
                }
                Call::Idle => {}
                Call::Abandoned => return,
            }
        }
    };
    Writer::start("postgres-writer", jobs, run)
        .map_err(|error| OpenError::Failed("writer".into(), error.to_string()))
}
