//! Metrics for Prometheus: calls, errors, times and tokens by action, and the state of connections.
//!
//! The number of series is bounded: labels are the registry's actions, the error table's names and the
//! names of the connections file.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use mcp_core::dispatch::{Called, Recorder, Tokens};
use mcp_integrations::connections::Status;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// The label of calls of unknown actions.
const UNKNOWN: &str = "unknown";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByAction {
    action: Arc<str>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByError {
    action: Arc<str>,
    error: &'static str,
}

type Histograms = Family<ByAction, Histogram, fn() -> Histogram>;

/// The metrics since the server started.
pub struct Metrics {
    registry: Registry,
    calls: Family<ByAction, Counter>,
    errors: Family<ByError, Counter>,
    times: Histograms,
    asked: Family<ByAction, Counter>,
    answered: Family<ByAction, Counter>,
    saved: Family<ByAction, Counter>,
    lost_entries: Counter,
    connections: OfConnections,
    encoding: Mutex<()>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByConnection {
    connection: String,
}

/// The metrics of connections, which count for themselves.
#[derive(Default)]
struct OfConnections {
    up: Family<ByConnection, Gauge>,
    calls: Family<ByConnection, Counter>,
    errors: Family<ByConnection, Counter>,
    starts: Family<ByConnection, Counter>,
    changes: Family<ByConnection, Counter>,
}

impl OfConnections {
    fn register(&self, registry: &mut Registry) {
        let help = "Whether calls of a connection can be sent: 1 if it is ready or idle";
        registry.register("connection_up", help, self.up.clone());
        registry.register("connection_calls", "Calls of a connection", self.calls.clone());
        let help = "Failed calls of a connection";
        registry.register("connection_errors", help, self.errors.clone());
        let help = "Attempts to connect";
        registry.register("connection_starts", help, self.starts.clone());
        let help = "New and changed definitions of a connection";
        registry.register("connection_definition_changes", help, self.changes.clone());
    }

    fn set(&self, connections: &[Status]) {
        self.up.clear();
        for counters in [&self.calls, &self.errors, &self.starts, &self.changes] {
            counters.clear();
        }
        for status in connections {
            let by = ByConnection { connection: status.name.clone() };
            let is_up = matches!(status.state, "ready" | "idle");
            self.up.get_or_create(&by).set(i64::from(is_up));
            for (counters, count) in [
                (&self.calls, status.calls),
                (&self.errors, status.errors),
                (&self.starts, status.starts),
                (&self.changes, status.changes),
            ] {
                counters.get_or_create(&by).inc_by(count);
            }
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let times = Histograms::new_with_constructor(histogram);
        let mut metrics = Self {
            registry: Registry::with_prefix("mcp"),
            calls: Family::default(),
            errors: Family::default(),
            times,
            asked: Family::default(),
            answered: Family::default(),
            saved: Family::default(),
            lost_entries: Counter::default(),
            connections: OfConnections::default(),
            encoding: Mutex::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("calls", "Finished calls", metrics.calls.clone());
        registry.register("errors", "Failed calls by error", metrics.errors.clone());
        let help = "Time from the arrival of a call to its response";
        registry.register_with_unit("call", help, Unit::Seconds, metrics.times.clone());
        let help = "Tokens (o200k_base) of calls over v2 and MCP";
        registry.register("tokens_in", help, metrics.asked.clone());
        let help = "Tokens (o200k_base) of responses over v2 and MCP";
        registry.register("tokens_out", help, metrics.answered.clone());
        let help = "Tokens (o200k_base) that the responses of v1 would add";
        registry.register("tokens_saved", help, metrics.saved.clone());
        let help = "Log entries that could not be stored";
        registry.register("log_entries_lost", help, metrics.lost_entries.clone());
        metrics.connections.register(registry);
        metrics
    }
}

/// Returns buckets from 0.5 ms, for a call of the memory, to 65 s, for one that waits for upstreams.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 18))
}

impl Metrics {
    /// Returns the counts as `OpenMetrics` text, with those of connections. `lost_entries` is
    /// [`mcp_core::Dispatcher::lost_log_entries`].
    ///
    /// # Errors
    /// Never in practice: a `String` takes all text.
    pub fn text(
        &self,
        lost_entries: u64,
        connections: &[Status],
    ) -> Result<String, std::fmt::Error> {
        let _one_at_a_time = self.encoding.lock();
        self.lost_entries.inner().store(lost_entries, Ordering::Relaxed);
        self.connections.set(connections);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Recorder for Metrics {
    fn called(&self, call: Called) {
        let action = call.action.unwrap_or_else(|| UNKNOWN.into());
        let by = ByAction { action: Arc::clone(&action) };
        self.calls.get_or_create(&by).inc();
        self.times.get_or_create(&by).observe(call.took.as_secs_f64());
        if let Some(error) = call.error {
            self.errors.get_or_create(&ByError { action, error: error.row().name }).inc();
        }
    }

    fn tokens(&self, action: Option<Arc<str>>, tokens: Tokens) {
        let by = ByAction { action: action.unwrap_or_else(|| UNKNOWN.into()) };
        self.asked.get_or_create(&by).inc_by(tokens.asked);
        self.answered.get_or_create(&by).inc_by(tokens.answered);
        self.saved.get_or_create(&by).inc_by(tokens.saved);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mcp_core::ErrorCode;

    use super::*;

    #[test]
    fn what_is_counted_is_shown_by_action() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        let error = Some(ErrorCode::UnknownAction);
        metrics.called(Called { action: Some("add_task".into()), error: None, took });
        metrics.called(Called { action: Some("add_task".into()), error: None, took });
        metrics.called(Called { action: None, error, took });
        metrics.tokens(Some("add_task".into()), Tokens { asked: 20, answered: 7, saved: 60 });
        let text = metrics.text(3, &[]).expect("text");
        for line in [
            "mcp_log_entries_lost_total 3",
            "mcp_calls_total{action=\"add_task\"} 2",
            "mcp_calls_total{action=\"unknown\"} 1",
            "mcp_errors_total{action=\"unknown\",error=\"unknown_action\"} 1",
            "mcp_call_seconds_count{action=\"add_task\"} 2",
            "mcp_call_seconds_bucket{le=\"0.004\",action=\"add_task\"} 2",
            "mcp_tokens_in_total{action=\"add_task\"} 20",
            "mcp_tokens_out_total{action=\"add_task\"} 7",
            "mcp_tokens_saved_total{action=\"add_task\"} 60",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }
}
