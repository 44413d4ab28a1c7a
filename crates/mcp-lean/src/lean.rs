//! The entrance of the lean API, for every transport.

use std::sync::Arc;

use super::batch::Batch;
use super::blobs::Blobs;
use super::format::{Format, error_text};
use super::pipeline::run::run;
use super::query::LeanQuery;
use super::read_blob::ReadBlob;
use super::tokens;
use mcp_core::dispatch::Tokens;
use mcp_core::{ActionError, Dispatcher, RegistryBuilder};

/// Runs queries, and keeps the blobs that their answers name.
pub struct Lean {
    blobs: Arc<Blobs>,
}

/// The answer to a query.
#[derive(Clone, Debug)]
pub struct LeanAnswer {
    /// The text, in its format.
    pub text: String,
    /// The format of the text; never [`Format::Auto`].
    pub format: Format,
    /// The number of tokens of the text (`o200k_base`).
    pub tokens: usize,
}

impl LeanAnswer {
    /// Returns the media type of the text.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.format.media_type()
    }
}

impl Lean {
    /// Returns a lean API over a store of blobs.
    #[must_use]
    pub fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs }
    }

    /// Registers the actions of the lean API: `read_blob` and `batch`.
    #[must_use]
    pub fn register(&self, registry: RegistryBuilder) -> RegistryBuilder {
        registry
            .memory(ReadBlob::new(Arc::clone(&self.blobs)))
            .compound(Batch::new(Arc::clone(&self.blobs)))
    }

    /// Returns the store of blobs.
    #[must_use]
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Answers a query.
    ///
    /// # Errors
    /// Returns the error of the action, or `InvalidParams` if the query does not suit its result;
    /// [`error_text`] writes it.
    pub async fn query(
        &self,
        dispatcher: &Dispatcher,
        query: &LeanQuery,
    ) -> Result<LeanAnswer, ActionError> {
        let answered = self.answer(dispatcher, query).await;
        // Errors from here repeat what was sent, as those of the dispatcher do.
        let answered = answered.map_err(|error| dispatcher.redactor().scrub_error(error));
        if let Some(recorder) = dispatcher.recorder() {
            let (answer, v1) = match &answered {
                Ok((answer, v1)) => (answer.tokens, *v1),
                Err(error) => (tokens::estimate(error_text(error).len()), 0),
            };
            let registry = dispatcher.registry();
            let entry = registry.catalogue().find(&query.action);
            let tokens = Tokens {
                asked: tokens::estimate(query.bytes) as u64,
                answered: answer as u64,
                saved: v1.saturating_sub(answer) as u64,
            };
            recorder.tokens(entry.map(|entry| entry.name.clone()), tokens);
        }
        answered.map(|(answer, _)| answer)
    }

    /// Returns the answer, and about how many tokens v1's response has.
    async fn answer(
        &self,
        dispatcher: &Dispatcher,
        query: &LeanQuery,
    ) -> Result<(LeanAnswer, usize), ActionError> {
        let result = run(&self.blobs, dispatcher, query).await?;
        let written = result.write(query.budget, &self.blobs)?;
        let (text, tokens) = (written.fitted.text, written.fitted.tokens);
        Ok((LeanAnswer { text, format: written.format, tokens }, result.v1_tokens))
    }
}
