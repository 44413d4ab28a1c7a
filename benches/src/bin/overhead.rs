//! The cost of a connection: calls a tool directly and through the server, in turns, and prints both.

use std::error::Error;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

/// Compares a tool at two addresses.
#[derive(Parser)]
struct Arguments {
    /// The address of the tool's own server, such as <http://127.0.0.1:9000/mcp>.
    #[arg(long)]
    direct: String,
    /// The name of the tool there.
    #[arg(long, default_value = "echo")]
    direct_tool: String,
    /// The address of the server that is connected with it, such as <http://127.0.0.1:8000/mcp?tools=all>.
    #[arg(long)]
    through: String,
    /// The name of the tool there.
    #[arg(long, default_value = "echo__echo")]
    through_tool: String,
    /// The rounds; each way is measured in each.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The seconds of each measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// A tool at an address.
#[derive(Clone)]
struct Target {
    client: reqwest::Client,
    address: String,
    body: String,
}

/// How calls are made.
#[derive(Clone, Copy)]
struct Load {
    callers: usize,
    /// The time from the beginning of a caller's call to that of its next; zero for no wait.
    pace: Duration,
    time: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let direct = Target::new(&arguments.direct, &arguments.direct_tool);
    let through = Target::new(&arguments.through, &arguments.through_tool);
    let time = Duration::from_secs_f64(arguments.seconds);
    let loads = [
        ("one caller", Load { callers: 1, pace: Duration::ZERO, time }),
        ("32 paced callers", Load { callers: 32, pace: Duration::from_millis(50), time }),
        ("32 unpaced callers", Load { callers: 32, pace: Duration::ZERO, time }),
    ];
    for (name, load) in loads {
        for round in 0..arguments.rounds {
            let (one, other) = (direct.measure(load).await?, through.measure(load).await?);
            println!("{name}, round {round}: direct {one}; through {other}");
        }
    }
    Ok(())
}

/// The durations of calls, sorted.
struct Measured {
    durations: Vec<Duration>,
    time: Duration,
}

impl std::fmt::Display for Measured {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at =
            |part: usize| self.durations[self.durations.len() * part / 100].as_secs_f64() * 1e3;
        #[expect(clippy::cast_precision_loss, reason = "there are few calls")]
        let rate = self.durations.len() as f64 / self.time.as_secs_f64();
        write!(formatter, "p50 {:.3} ms, p99 {:.3} ms, {rate:.0} calls/s", at(50), at(99))
    }
}

impl Target {
    fn new(address: &str, tool: &str) -> Self {
        let params = json!({"name": tool, "arguments": {"text": "hello"}});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let client = reqwest::Client::builder().timeout(Duration::from_mins(1)).no_proxy().build();
        let client = client.expect("a client for plain HTTP");
        Self { client, address: address.to_owned(), body: body.to_string() }
    }

    async fn call(&self) -> Result<(), reqwest::Error> {
        let request = self
            .client
            .post(&self.address)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", "2025-11-25")
            .body(self.body.clone());
        let text = request.send().await?.error_for_status()?.text().await?;
        assert!(text.contains("hello"), "not an echo: {text}");
        Ok(())
    }

    async fn measure(&self, load: Load) -> Result<Measured, Box<dyn Error>> {
        let begin = Instant::now();
        let callers = (0..load.callers).map(|number| {
            let target = self.clone();
            tokio::spawn(async move { target.caller(load, number).await })
        });
        let mut durations = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            durations.extend(caller.await??);
        }
        durations.sort_unstable();
        Ok(Measured { durations, time: begin.elapsed() })
    }

    async fn caller(&self, load: Load, number: usize) -> Result<Vec<Duration>, reqwest::Error> {
        let mut durations = Vec::new();
        let end = Instant::now() + load.time;
        let mut ticks = interval(load.pace.max(Duration::from_nanos(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if !load.pace.is_zero() {
            let share = load.pace / u32::try_from(load.callers).unwrap_or(1);
            tokio::time::sleep(share * u32::try_from(number).unwrap_or(0)).await;
        }
        while Instant::now() < end {
            if !load.pace.is_zero() {
                ticks.tick().await;
            }
            let start = Instant::now();
            self.call().await?;
            durations.push(start.elapsed());
        }
        Ok(durations)
    }
}
