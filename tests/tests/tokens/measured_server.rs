//! A running server whose requests and responses are counted in tokens.

use serde_json::{Value, json};
use service_tests::tokens::{cl100k, o200k};
use service_tests::{Response, TestServer};

use crate::figures::Size;
use crate::mock_servers::MockServers;

/// A server and its mock servers.
pub(crate) struct MeasuredServer {
    pub(crate) process: TestServer,
    pub(crate) mocks: MockServers,
}

/// The sizes of a call and its response.
pub(crate) struct Exchange {
    pub(crate) call: Size,
    pub(crate) answer: Size,
    pub(crate) text: String,
}

impl Size {
    /// Measures a text.
    pub(crate) fn of(text: &str) -> Self {
        Self { o200k: o200k(text), cl100k: cl100k(text), bytes: text.len() }
    }
}

impl MeasuredServer {
    pub(crate) fn start() -> Self {
        let mocks = MockServers::start();
        let environment = mocks.environment();
        let process =
            TestServer::with(environment.each_ref().map(|(k, v)| (*k, v.as_str()))).start();
        Self { process, mocks }
    }

    /// Sends a v2 query.
    pub(crate) fn ask(&self, query: &Value) -> Exchange {
        let answer = self.process.post("/api/v2/query").json(query).send();
        let header = answer.header("x-tokens").map(ToOwned::to_owned);
        let exchange = exchange(query, answer);
        assert_eq!(header, Some(exchange.answer.o200k.to_string()), "{query}");
        exchange
    }

    /// Sends a v2 query for the smallest format. The Model Context Protocol's tool uses that format by
    /// default, so the call is counted without naming it.
    pub(crate) fn smallest(&self, query: &Value) -> Exchange {
        let mut with_form = query.clone();
        with_form["format"] = "auto".into();
        let exchange = self.ask(&with_form);
        Exchange { call: Size::of(&query.to_string()), ..exchange }
    }

    /// Sends a v2 query and returns its data.
    pub(crate) fn data(&self, query: &Value) -> (Value, Exchange) {
        let exchange = self.ask(query);
        let answer: Value = serde_json::from_str(&exchange.text).expect("JSON");
        (answer["data"].clone(), exchange)
    }

    /// Calls an action through v1.
    pub(crate) fn v1(&self, action: &str, params: &Value) -> Exchange {
        let query = json!({"action": action, "params": params});
        let answer = self.process.post("/api/v1/query").json(&query).send();
        exchange(&query, answer)
    }
}

fn exchange(query: &Value, answer: Response) -> Exchange {
    let text = String::from_utf8(answer.body).expect("text");
    assert_eq!(answer.status, 200, "{query}: {text}");
    Exchange { call: Size::of(&query.to_string()), answer: Size::of(&text), text }
}
