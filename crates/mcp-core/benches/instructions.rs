//! Counts the instructions of a call through the dispatcher, with callgrind. The accepted counts
//! are in `instructions.json` beside this file; `scripts/count-instructions` compares.

#![expect(missing_docs, reason = "the macros make public modules of the functions below")]
#![expect(clippy::disallowed_methods, reason = "gungraun's `main!` ends the process")]

mod calls;

use std::hint::black_box;

use calls::{Answered, Prepared, plain_text, redactor, secret_text};
use gungraun::prelude::*;
use mcp_core::dispatch::Redactor;

#[library_benchmark]
#[bench::list_users(Prepared::named("list_users"))]
#[bench::get_user(Prepared::named("get_user"))]
#[bench::add_task(Prepared::named("add_task"))]
#[bench::unknown_action(Prepared::named("unknown_action"))]
fn dispatch(prepared: Prepared) -> Answered {
    black_box(black_box(prepared).run())
}

#[library_benchmark]
#[bench::plain(redactor(), plain_text())]
#[bench::secret(redactor(), secret_text())]
fn redact(redactor: Redactor, text: String) -> (Redactor, String, String) {
    let clean = black_box(&redactor).json(black_box(&text)).into_owned();
    (redactor, text, black_box(clean))
}

library_benchmark_group!(name = calls_and_texts, benchmarks = [dispatch, redact]);

main!(library_benchmark_groups = calls_and_texts);
