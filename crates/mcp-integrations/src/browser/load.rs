//! The wait until a page is loaded and at rest.
//!
//! Every wait has a limit, after which the page is read as it is; the result says so.

use std::time::Duration;

use mcp_core::ActionError;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::fault;
use super::page::{BUSY_TIMEOUT, Document, Look, MAX_ENDED, Page};

/// How long a parsed document may wait for the rest of its page.
const REST_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a document that is not parsed yet may receive nothing.
const STALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a page whose connections were cut may take to show its content.
const CUT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long network and content must stay unchanged.
const QUIET: Duration = Duration::from_millis(300);
/// How long a loaded page may take to become quiet.
const QUIET_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the server tries to keep a page at one document.
const HOLD_TIMEOUT: Duration = Duration::from_secs(3);
/// The maximum number of documents in a row.
const MAX_DOCUMENTS: usize = 20;
/// The first and the longest pause between two looks at a page.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));
/// The interval of looks at the page during `wait_ms`.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The timeout of a look at a page that leads to other documents: the answer can get lost.
const LOST_TIMEOUT: Duration = Duration::from_secs(1);

const RESTLESS: &str = "the page keeps loading another document or itself";
const ENDED_SCRIPT: &str = "a script kept the page busy and was ended";

/// The state of the wait for one page.
pub(super) struct Loading<'p> {
    page: &'p Page<'p>,
    /// The time at which the page is read as it is.
    end: Instant,
    /// The number of documents that the page had.
    documents: usize,
    loader: String,
    /// When the document was parsed, and loaded.
    parsed: Option<Instant>,
    loaded: Option<Instant>,
    /// The size of the content, and the time of its last change.
    size: (String, Instant),
    /// The number of received bytes, and the time of the last ones.
    received: (u64, Instant),
    /// The number of ended scripts.
    ended: usize,
    /// When and why the connections were cut.
    cut: Option<(Instant, String)>,
}

/// The result of one look at the page.
enum Verdict {
    Wait,
    /// The page can be read. If it is incomplete, the reason.
    Ready(Option<String>),
}

impl<'p> Loading<'p> {
    /// Creates the wait for this page, until `end` at most.
    pub(super) fn new(page: &'p Page<'p>, end: Instant) -> Self {
        let now = Instant::now();
        Self {
            page,
            end,
            documents: 0,
            loader: String::new(),
            parsed: None,
            loaded: None,
            size: (String::new(), now),
            received: (0, now),
            ended: page.ended_scripts,
            cut: None,
        }
    }

    /// Waits until the page is loaded, then for `wait`, then until it is at rest. Returns the
    /// reason if the page is incomplete.
    pub(super) async fn run(mut self, wait: Duration) -> Result<Option<String>, ActionError> {
        let mut incomplete = None;
        if !wait.is_zero() {
            incomplete = self.until(false).await?;
            self.wait_until((Instant::now() + wait).min(self.end)).await?;
        }
        if incomplete.is_none() {
            incomplete = self.until(true).await?;
        }
        Ok(incomplete)
    }

    /// Waits until `end`, and fails early if the browser ends.
    async fn wait_until(&mut self, end: Instant) -> Result<(), ActionError> {
        while Instant::now() < end {
            sleep_until(end.min(Instant::now() + HEARTBEAT)).await;
            self.look().await?;
        }
        Ok(())
    }

    async fn until(&mut self, at_rest: bool) -> Result<Option<String>, ActionError> {
        let mut pause = PAUSES.0;
        loop {
            if let Some(look) = self.look().await?
                && let Verdict::Ready(incomplete) = self.judge(&look, at_rest)
            {
                return Ok(incomplete.or_else(|| (self.ended > 0).then(|| ENDED_SCRIPT.into())));
            }
            let documents = self.documents.max(self.page.documents());
            let is_late = Instant::now() + HOLD_TIMEOUT * 2 >= self.end && self.cut.is_none();
            if documents > MAX_DOCUMENTS || (is_late && documents > 2) {
                self.hold().await?;
                return Ok(Some(RESTLESS.into()));
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Keeps the page at its current document, once that is complete.
    async fn hold(&mut self) -> Result<(), ActionError> {
        let end = Instant::now() + HOLD_TIMEOUT;
        while Instant::now() < end {
            self.page.hold().await;
            let before = self.documents;
            sleep(PAUSES.1 * 2).await;
            let look = self.look().await?;
            if look.is_some_and(|look| look.state == "complete") && self.documents == before {
                break;
            }
        }
        Ok(())
    }

    /// Returns the state of the document; `None` if it is being replaced, or if a script keeps it
    /// busy. Ends that script.
    async fn look(&mut self) -> Result<Option<Look>, ActionError> {
        let page = self.page;
        let look = async {
            let document = page.document().await.map_err(fault::lost)?;
            page.check(&document).await?;
            let look = page.look(&document).await?;
            Ok::<_, ActionError>((document, look))
        };
        if page.session.traffic().is_none() {
            return self.looked(look.await?);
        }
        let leads_on = page.documents() > 2;
        match timeout(if leads_on { LOST_TIMEOUT } else { BUSY_TIMEOUT }, look).await {
            Ok(seen) => self.looked(seen?),
            // Between two documents the answer can get lost.
            Err(_) if leads_on => Ok(None),
            Err(_) if self.ended == MAX_ENDED => Err(fault::busy_page()),
            Err(_) => {
                self.ended += 1;
                page.end_script().await;
                Ok(None)
            }
        }
    }

    fn looked(
        &mut self,
        (document, look): (Document, Option<Look>),
    ) -> Result<Option<Look>, ActionError> {
        if document.loader != self.loader {
            self.begin(&document);
        }
        self.check_whole(&document)?;
        Ok(look)
    }

    fn begin(&mut self, document: &Document) {
        document.loader.clone_into(&mut self.loader);
        self.documents += 1;
        (self.parsed, self.loaded) = (None, None);
        self.received.1 = Instant::now();
    }

    /// Rejects a document whose connection broke off, unless the server cut it.
    fn check_whole(&self, document: &Document) -> Result<(), ActionError> {
        let broken = self.page.session.traffic().and_then(|known| known.broken(&document.loader));
        match broken {
            Some(why) if self.cut.is_none() && why != "net::ERR_ABORTED" => {
                let url = &document.url;
                let message = format!("{url} did not load completely: its connection broke off");
                Err(fault::upstream(message))
            }
            _ => Ok(()),
        }
    }

    fn judge(&mut self, look: &Look, at_rest: bool) -> Verdict {
        let now = Instant::now();
        let received = self.page.session.egress().received();
        if received != self.received.0 {
            self.received = (received, now);
        }
        if look.size != self.size.0 {
            self.size = (look.size.clone(), now);
        }
        if look.state != "loading" {
            self.parsed.get_or_insert(now);
        }
        if look.state == "complete" {
            let loaded = *self.loaded.get_or_insert(now);
            return self.judge_loaded(now, loaded, at_rest);
        }
        if let Some((since, why)) = &self.cut {
            let over = now >= *since + CUT_TIMEOUT;
            return if over { Verdict::Ready(Some(why.clone())) } else { Verdict::Wait };
        }
        let is_over = match self.parsed {
            Some(parsed) => now >= parsed + REST_TIMEOUT,
            None => now >= self.received.1 + STALL_TIMEOUT,
        };
        if !is_over && now < self.end {
            return Verdict::Wait;
        }
        let why = self.unfinished(look);
        let traffic = self.page.session.traffic();
        // Chromium draws nothing before the style sheets are loaded, and a script can block the
        // parser.
        if self.parsed.is_some() && traffic.is_some_and(|traffic| !traffic.awaits_styles()) {
            return Verdict::Ready(Some(why));
        }
        self.page.session.egress().cut();
        self.cut = Some((now, why));
        Verdict::Wait
    }

    fn judge_loaded(&self, now: Instant, loaded: Instant, at_rest: bool) -> Verdict {
        if let Some((_, why)) = &self.cut {
            return Verdict::Ready(Some(why.clone()));
        }
        if !at_rest {
            return Verdict::Ready(None);
        }
        let (open, since) =
            self.page.session.traffic().map_or((0, Duration::MAX), super::traffic::Traffic::open);
        let is_quiet =
            open == 0 && since >= QUIET && now >= self.size.1 + QUIET && now >= loaded + QUIET;
        if is_quiet {
            return Verdict::Ready(None);
        }
        if now < (loaded + QUIET_TIMEOUT).min(self.end) {
            return Verdict::Wait;
        }
        Verdict::Ready((open > 0).then(|| waits_for(open)))
    }

    /// Returns the reason why a document did not load completely.
    fn unfinished(&self, look: &Look) -> String {
        let open = self.page.session.traffic().map_or(0, |traffic| traffic.open().0);
        match (open, look.state.as_str()) {
            (0, "loading") => "the document has no end, although nothing more arrives".into(),
            (0, _) => "the page did not load completely".into(),
            (open, _) => waits_for(open),
        }
    }
}

fn waits_for(open: usize) -> String {
    let requests = if open == 1 { "request has" } else { "requests have" };
    format!("{open} {requests} not ended: wait_ms waits longer")
}
