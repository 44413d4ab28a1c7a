//! A dispatcher whose upstreams are one mock server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mcp_core::action::params::ParamsText;
use mcp_core::dispatch::Redactor;
use mcp_core::memory::in_memory::InMemoryStore;
use mcp_core::{ActionError, Call, Clock, Dispatcher, ErrorCode, Registry, SystemClock, Timestamp};
use mcp_integrations::{HttpSettings, IntegrationSettings, Integrations, Jitter};
use mcp_lean::blobs::{BlobLimits, Blobs};
use mcp_lean::format::Format;
use mcp_lean::{Lean, LeanAnswer, LeanQuery};
use serde_json::Value;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const GITHUB_TOKEN: &str = "ghp_double";
pub(crate) const FIGMA_TOKEN: &str = "figd_double";

/// The start of the test clock: 2023-11-14T22:13:20Z.
pub(crate) const EPOCH_SECONDS: i64 = 1_700_000_000;

/// A clock that only `advance` moves.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct NoJitter;

impl Jitter for NoJitter {
    fn share(&self) -> f64 {
        0.0
    }
}

/// The settings of a rig.
pub(crate) struct Setup {
    pub(crate) github_token: Option<&'static str>,
    pub(crate) base: String,
    pub(crate) http: HttpSettings,
}

impl Setup {
    pub(crate) fn new(base: impl Into<String>) -> Self {
        let http = HttpSettings { backoff: Duration::from_millis(1), ..HttpSettings::default() };
        Self { github_token: Some(GITHUB_TOKEN), base: base.into(), http }
    }

    pub(crate) fn dispatcher(self, clock: Arc<dyn Clock>) -> Dispatcher {
        let base: reqwest::Url = self.base.parse().expect("a URL");
        let settings = IntegrationSettings {
            github_token: self.github_token.map(Into::into),
            github_api_url: base.clone(),
            figma_token: Some(FIGMA_TOKEN.into()),
            figma_api_url: base,
            ..IntegrationSettings::default()
        };
        let integrations =
            Integrations::new(settings).http(self.http).clock(clock).jitter(Arc::new(NoJitter));
        let blobs = Arc::new(Blobs::new(BlobLimits::default(), 1));
        let registry = Registry::builder()
            .with(|registry| integrations.register(registry))
            .with(|registry| Lean::new(blobs).register(registry))
            .build()
            .expect("a registry");
        let store = InMemoryStore::new(SystemClock::shared(), 1000);
        let redactor = Redactor::new([]);
        Dispatcher::new(Arc::new(registry), Arc::new(store), SystemClock::shared(), redactor)
    }
}

/// A mock server, and a dispatcher that uses it for both upstreams.
pub(crate) struct Rig {
    pub(crate) server: MockServer,
    pub(crate) clock: Arc<TestClock>,
    dispatcher: Dispatcher,
    lean: Lean,
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let server = MockServer::start().await;
        let clock = Arc::new(TestClock(AtomicI64::new(EPOCH_SECONDS * 1_000_000)));
        let mut setup = Setup::new(server.uri());
        change(&mut setup);
        let dispatcher = setup.dispatcher(Arc::<TestClock>::clone(&clock));
        let blobs = Blobs::new(BlobLimits::default(), 1);
        Self { server, clock, dispatcher, lean: Lean::new(Arc::new(blobs)) }
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.dispatcher.registry()
    }

    /// Makes the mock server answer every request with these responses, each for this many times.
    pub(crate) async fn answers(&self, answers: impl IntoIterator<Item = (u64, ResponseTemplate)>) {
        for (times, answer) in answers {
            Mock::given(wiremock::matchers::any())
                .respond_with(answer)
                .up_to_n_times(times)
                .mount(&self.server)
                .await;
        }
    }

    pub(crate) async fn answers_always(&self, answer: ResponseTemplate) {
        self.answers([(u64::MAX, answer)]).await;
    }

    /// Returns the result of a call as JSON text.
    pub(crate) async fn text(&self, action: &str, params: Value) -> Result<String, ActionError> {
        call(&self.dispatcher, action, params).await
    }

    /// Returns the result of a call.
    pub(crate) async fn call(&self, action: &str, params: Value) -> Value {
        let text = self.text(action, params).await.expect(action);
        serde_json::from_str(&text).expect("JSON")
    }

    /// Returns the response of the lean API.
    pub(crate) async fn lean(&self, query: Value) -> Result<LeanAnswer, ActionError> {
        let query = LeanQuery::read(&query.to_string(), Format::Json)?;
        self.lean.query(&self.dispatcher, &query).await
    }

    /// Gets a repository.
    pub(crate) async fn repository(&self) -> Result<Value, ActionError> {
        let params = serde_json::json!({"owner": "octocat", "repo": "Hello-World"});
        let text = self.text("github_get_repository", params).await?;
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    /// Returns the code and message of a failed call.
    pub(crate) async fn refusal(&self) -> (ErrorCode, String) {
        let error = self.repository().await.expect_err("a refusal");
        (error.code, error.message)
    }

    /// Returns the number of requests to the mock server.
    pub(crate) async fn requests(&self) -> usize {
        self.server.received_requests().await.expect("requests are recorded").len()
    }
}

pub(crate) async fn call(
    dispatcher: &Dispatcher,
    action: &str,
    params: Value,
) -> Result<String, ActionError> {
    let call = Call::new(action, ParamsText::from_value(&params).expect("an object"));
    dispatcher.dispatch(call).await.map(|answer| answer.get().to_owned())
}

/// Returns JSON with status 200.
pub(crate) fn json(body: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/json; charset=utf-8")
}
