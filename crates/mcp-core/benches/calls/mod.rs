//! The calls that are timed (`dispatch.rs`) and counted (`instructions.rs`): the dispatcher over a
//! store in memory, which never waits.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::Redactor;
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_core::{ActionError, Call, Clock, Dispatcher, Registry, Timestamp, actions};
use serde_json::json;
use serde_json::value::RawValue;

/// Log entries that are kept. The store copies them for each transaction: without any, each call costs
/// the same.
const LOG_RETENTION: usize = 0;

/// Bytes of the long text, about.
const LONG: usize = 64 * 1024;

/// A secret as it might be configured.
const SECRET: &str = "s3cret-of-the-server";

/// Calls: name, action and parameters.
pub(crate) const ALL: [(&str, &str, &str); 4] = [
    ("list_users", "list_users", "{}"),
    ("get_user", "get_user", r#"{"username":"alice"}"#),
    ("add_task", "add_task", r#"{"title":"Write the release notes","assigned_to":"bob"}"#),
    ("unknown_action", "list_user", "{}"),
];

/// A time that stands still.
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_767_268_800_000_000)
    }
}

/// The result of a call, and its input.
pub(crate) type Answered = (Prepared, Result<Box<RawValue>, ActionError>);

/// A dispatcher with three users and twenty tasks of the first one, and a call to be made.
pub(crate) struct Prepared {
    dispatcher: Dispatcher,
    call: Call,
}

impl Prepared {
    /// The call of that name in [`ALL`].
    pub(crate) fn named(name: &str) -> Self {
        let (_, action, params) =
            ALL.into_iter().find(|(it, ..)| *it == name).expect("the call is in the list");
        let clock: Arc<dyn Clock> = Arc::new(Noon);
        let registry = Registry::builder().with(actions::register).build();
        let dispatcher = Dispatcher::new(
            Arc::new(registry.expect("no action is there twice")),
            Arc::new(InMemoryStore::new(Arc::clone(&clock), LOG_RETENTION)),
            clock,
            redactor(),
        );
        for username in ["alice", "bob", "carol"] {
            seed(&dispatcher, "add_user", &json!({"username": username, "role": "developer"}));
        }
        for number in 1..=20 {
            let title = format!("Review the release notes of version {number}");
            let description = "Two people have reported it. It should take an hour.";
            let task = json!({"title": title, "description": description, "assigned_to": "alice"});
            seed(&dispatcher, "add_task", &task);
        }
        let params: serde_json::Value = serde_json::from_str(params).expect("they are JSON");
        let params = ParamsText::from_value(&params).expect("they are an object");
        Self { dispatcher, call: Call::new(action, params) }
    }

    /// Makes the call. Returns its input too, so that dropping it is not measured.
    pub(crate) fn run(self) -> Answered {
        let outcome = dispatch(&self.dispatcher, self.call.clone());
        (self, outcome)
    }
}

fn seed(dispatcher: &Dispatcher, action: &str, params: &serde_json::Value) {
    let params = ParamsText::from_value(params).expect("the parameters are an object");
    dispatch(dispatcher, Call::new(action, params)).expect("the memory is empty");
}

/// Polls without a runtime, to measure the dispatcher alone.
fn dispatch(dispatcher: &Dispatcher, call: Call) -> Result<Box<RawValue>, ActionError> {
    match pin!(dispatcher.dispatch(call)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a memory without a database answers at once"),
    }
}

pub(crate) fn redactor() -> Redactor {
    Redactor::new([SECRET.to_owned()])
}

/// A long JSON text in which there is nothing to hide.
pub(crate) fn plain_text() -> String {
    long_text("headline", "a public word")
}

/// A long JSON text with a key that names a secret, and with a configured secret in many places.
pub(crate) fn secret_text() -> String {
    long_text("password", SECRET)
}

fn long_text(key: &str, word: &str) -> String {
    let item = json!({"title": "Write the release notes", "note": format!("It holds {word}.")});
    let count = LONG / item.to_string().len();
    json!({"items": vec![item; count], key: "hunter22"}).to_string()
}
