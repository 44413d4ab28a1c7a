//! The time that a warm browser saves.

use std::time::Duration;

use tokio::time::Instant;

use crate::site::{Site, html};
use crate::support::Subject;

/// Prints both medians, for `scripts/bench`. It asserts nothing, because a busy machine distorts
/// them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_title_from_a_warm_browser_and_from_a_cold_one() {
    let site = Site::start().await;
    site.on("/", html("<title>page</title>"));
    let (mut warm, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        let subject = Subject::allowing(&[&site.host()]);
        let start = Instant::now();
        subject.title_of(&site.url("/")).await;
        cold.push(start.elapsed());
        // Until the next browser is ready.
        subject.until_warm().await;
        let start = Instant::now();
        subject.title_of(&site.url("/")).await;
        warm.push(start.elapsed());
        subject.close().await;
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    println!("warm {:?}, cold {:?}", median(&mut warm), median(&mut cold));
}
