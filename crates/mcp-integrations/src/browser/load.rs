//! Waits until a page is loaded and at rest.
//!
//! Every wait has a limit, after which the page is read as it is; the answer says so.

use std::time::Duration;

use mcp_core::ActionError;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::fault;
use super::page::{BUSY, Document, ENDED, Look, Page};

/// How long a document that is parsed may wait for the rest of its page.
const REST: Duration = Duration::from_secs(8);
/// How long a document that is not parsed may receive nothing.
const STALLED: Duration = Duration::from_secs(5);
/// How long a page whose connections were cut may take to show what it has.
const CUT: Duration = Duration::from_secs(2);
/// How long network and content must stay the same.
const QUIET: Duration = Duration::from_millis(300);
/// For how long after loading a page is given the time to become quiet.
const QUIET_LIMIT: Duration = Duration::from_secs(2);
/// How long a page is tried to be kept at one document.
const HOLD: Duration = Duration::from_secs(3);
/// How many documents a page may lead on to.
const DOCUMENTS: usize = 20;
/// The pauses between two looks at a page: the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));
/// How often it is asked whether the page is still there while a call waits.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long a page may take to answer that goes on to other documents: the answer can get lost.
const LOST: Duration = Duration::from_secs(1);

const RESTLESS: &str = "the page keeps loading another document, or itself, without an end";
const ENDED_SCRIPT: &str = "a script kept the page busy and was ended";

/// Waits for one page.
pub(super) struct Loading<'p> {
    page: &'p Page<'p>,
    /// The time after which the page is read as it is.
    end: Instant,
    /// How many documents the page had.
    documents: usize,
    loader: String,
    /// Since when the document is parsed, and loaded.
    parsed: Option<Instant>,
    loaded: Option<Instant>,
    /// The size of the content, and since when it is the same.
    size: (String, Instant),
    /// How many bytes the browser received, and since when none came.
    received: (u64, Instant),
    /// How many scripts were ended.
    ended: usize,
    /// When the connections were cut, and why.
    cut: Option<(Instant, String)>,
}

/// The state of the page at one moment.
enum Verdict {
    Wait,
    /// The page can be read. If it is incomplete, the reason.
    Ready(Option<String>),
}

impl<'p> Loading<'p> {
    /// Waits for this page, until `end` at most.
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

    /// Waits until the page is loaded, then for `wait`, then until it is at rest. Returns why the
    /// page is incomplete, if it is.
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

    /// Waits, and notices early when the browser ends meanwhile.
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
            let is_late = Instant::now() + HOLD * 2 >= self.end && self.cut.is_none();
            if documents > DOCUMENTS || (is_late && documents > 2) {
                self.hold().await?;
                return Ok(Some(RESTLESS.into()));
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Keeps the page at the document that it shows, once that is complete.
    async fn hold(&mut self) -> Result<(), ActionError> {
        let end = Instant::now() + HOLD;
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

    /// The state of the document; `None` if it goes away, or if a script keeps it busy. That script
    /// is ended.
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
        match timeout(if leads_on { LOST } else { BUSY }, look).await {
            Ok(seen) => self.looked(seen?),
            // Between two documents there may be no answer.
            Err(_) if leads_on => Ok(None),
            Err(_) if self.ended == ENDED => Err(fault::busy_page()),
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

    /// Rejects a document whose connection broke off, unless it was cut here.
    fn check_whole(&self, document: &Document) -> Result<(), ActionError> {
        let broken = self.page.session.traffic().and_then(|known| known.broken(&document.loader));
        match broken {
            Some(why) if self.cut.is_none() && why != "net::ERR_ABORTED" => {
                let url = &document.url;
                let message = format!("{url} did not load to its end: its connection broke off.");
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
            let over = now >= *since + CUT;
            return if over { Verdict::Ready(Some(why.clone())) } else { Verdict::Wait };
        }
        let is_over = match self.parsed {
            Some(parsed) => now >= parsed + REST,
            None => now >= self.received.1 + STALLED,
        };
        if !is_over && now < self.end {
            return Verdict::Wait;
        }
        let why = self.unfinished(look);
        let traffic = self.page.session.traffic();
        // Chromium draws nothing before the style sheets are there, and a script can hold the parser up.
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
        if now < (loaded + QUIET_LIMIT).min(self.end) {
            return Verdict::Wait;
        }
        Verdict::Ready((open > 0).then(|| waits_for(open)))
    }

    /// Why a document is incomplete that did not load to its end.
    fn unfinished(&self, look: &Look) -> String {
        let open = self.page.session.traffic().map_or(0, |traffic| traffic.open().0);
        match (open, look.state.as_str()) {
            (0, "loading") => "the document never ends, although nothing more comes".into(),
            (0, _) => "the page did not load to its end".into(),
            (open, _) => waits_for(open),
        }
    }
}

fn waits_for(open: usize) -> String {
    let requests = if open == 1 { "request has" } else { "requests have" };
    format!("{open} {requests} not ended: wait_ms waits longer")
}
