//! A running server, asked over its wire, with everything counted that goes over it.

use serde_json::{Value, json};
use service_tests::tokens::{cl100k, o200k};
use service_tests::{Answer, TestServer};

use crate::doubles::Doubles;
use crate::figures::Size;

/// The server and the systems that it asks.
pub(crate) struct Wire {
    pub(crate) server: TestServer,
    pub(crate) doubles: Doubles,
}

/// A call and its answer, as they went over the wire.
pub(crate) struct Exchange {
    pub(crate) call: Size,
    pub(crate) answer: Size,
    pub(crate) text: String,
}

impl Size {
    /// Of a text.
    pub(crate) fn of(text: &str) -> Self {
        Self { o200k: o200k(text), cl100k: cl100k(text), bytes: text.len() }
    }
}

impl Wire {
    pub(crate) fn start() -> Self {
        let doubles = Doubles::start();
        let environment = doubles.environment();
        let server =
            TestServer::with(environment.each_ref().map(|(k, v)| (*k, v.as_str()))).start();
        Self { server, doubles }
    }

    /// A call of v2, with its answer counted.
    ///
    /// # Panics
    /// When it is refused, or the header says another number of tokens than there are.
    pub(crate) fn ask(&self, query: &Value) -> Exchange {
        let answer = self.server.post("/api/v2/query").json(query).send();
        let header = answer.header("x-tokens").map(ToOwned::to_owned);
        let exchange = exchange(query, answer);
        assert_eq!(header, Some(exchange.answer.o200k.to_string()), "{query}");
        exchange
    }

    /// The same in the form that is smallest, which the Model Context Protocol's tool uses unasked:
    /// the call is counted as it is there, without naming the form.
    pub(crate) fn smallest(&self, query: &Value) -> Exchange {
        let mut with_form = query.clone();
        with_form["format"] = "auto".into();
        let exchange = self.ask(&with_form);
        Exchange { call: Size::of(&query.to_string()), ..exchange }
    }

    /// The data of an answer in JSON.
    pub(crate) fn data(&self, query: &Value) -> (Value, Exchange) {
        let exchange = self.ask(query);
        let answer: Value = serde_json::from_str(&exchange.text).expect("JSON");
        (answer["data"].clone(), exchange)
    }

    /// The same call over v1.
    pub(crate) fn v1(&self, action: &str, params: &Value) -> Exchange {
        let query = json!({"action": action, "params": params});
        let answer = self.server.post("/api/v1/query").json(&query).send();
        exchange(&query, answer)
    }
}

fn exchange(query: &Value, answer: Answer) -> Exchange {
    let text = String::from_utf8(answer.body).expect("text");
    assert_eq!(answer.status, 200, "{query}: {text}");
    Exchange { call: Size::of(&query.to_string()), answer: Size::of(&text), text }
}
