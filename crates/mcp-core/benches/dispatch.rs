//! Times a call through the dispatcher, without any input or output.
//!
//! ```sh
//! cargo bench -p mcp-core --bench dispatch
//! ```

mod calls;

use std::hint::black_box;

use calls::{Prepared, plain_text, redactor, secret_text};
use criterion::{BatchSize, Criterion, Throughput};

fn dispatch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dispatch");
    for (name, ..) in calls::ALL {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || Prepared::named(name),
                // Criterion drops the returned value after the clock has stopped.
                Prepared::run,
                BatchSize::SmallInput,
            );
        });
    }
}

fn redact(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("redact");
    let redactor = redactor();
    for (name, text) in [("plain", plain_text()), ("secret", secret_text())] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| redactor.json(black_box(&text))));
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    dispatch(&mut criterion);
    redact(&mut criterion);
    criterion.final_summary();
}
