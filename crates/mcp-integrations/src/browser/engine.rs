//! The browsers of this process, and the calls that use them.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mcp_core::{ActionError, Progress};
use reqwest::Url;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::egress::{ConnectError, Rules, Target};
use super::load::Loading;
use super::page::Page;
use super::pool::{Lease, Pool};
use super::read::{Reading, Readout};
use super::session::Launcher;
use super::settings::BrowserSettings;
use super::source::Source;
use super::{DEADLINE, fault};
use crate::resolve::{Resolve, SystemResolver};

/// The part of the deadline that is reserved for reading the page.
const READ_TIME: Duration = Duration::from_secs(5);
/// The event that a call was waiting for at its deadline.
const NO_DOCUMENT: &str =
    "its server did not send the document, or its scripts keep the browser busy";
const NOT_LOADED: &str = "the browser did not load it";
const NOT_READ: &str = "the browser did not show it";
/// The default size of the window, in CSS pixels.
const WINDOW: (u32, u32) = (1280, 720);
/// The maximum size of a picture of a whole document, in CSS pixels: models accept no larger ones
/// (<https://docs.claude.com/en/docs/build-with-claude/vision>).
const MAX_PICTURE: (u32, u32) = (4096, 8000);
/// The maximum length of a picture, in characters of base64.
const MAX_BASE64: usize = 32 << 20;

/// A real browser. Clones share it. It starts no process before the first call.
#[derive(Clone)]
pub struct Browser(Arc<BrowserState>);

struct BrowserState {
    settings: BrowserSettings,
    resolver: Arc<dyn Resolve>,
    engine: OnceLock<Result<Engine, String>>,
    /// Whether the browser was closed; running calls watch it.
    closed: watch::Sender<bool>,
}

/// The browsers and the runtime that they live on. A caller's runtime may be busy, or end before
/// they do.
struct Engine {
    runtime: Option<Runtime>,
    pool: Pool,
    rules: Arc<Rules>,
}

/// The options of a screenshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScreenshotOptions {
    pub(super) window: (u32, u32),
    pub(super) full_page: bool,
    pub(super) wait: Duration,
}

/// A page to open, and the part of it to read.
struct Visit {
    url: Url,
    window: (u32, u32),
    wait: Duration,
    reading: Reading,
    progress: Progress,
}

impl Visit {
    async fn run(&self, lease: &Lease, deadline: Instant) -> Result<Readout, ActionError> {
        self.step(1.0, "opening the page");
        let opened = Page::open(lease.session(), &self.url, self.window);
        let page =
            timeout_at(deadline, opened).await.map_err(|_| fault::too_slow(NO_DOCUMENT))??;
        self.step(2.0, "waiting on the page");
        let loading = Loading::new(&page, deadline - READ_TIME).run(self.wait);
        let incomplete = timeout_at(deadline, loading).await;
        let incomplete = incomplete.map_err(|_| fault::too_slow(NOT_LOADED))??;
        self.step(3.0, "reading the page");
        let read = timeout_at(deadline, page.read(&self.reading)).await;
        let why = incomplete.as_deref().unwrap_or(NOT_READ);
        let mut readout = read.map_err(|_| fault::too_slow(why))??;
        readout.info.incomplete.clone_from(&incomplete);
        Ok(readout)
    }

    fn step(&self, done: f64, what: &str) {
        self.progress.step(done, Some(4.0), what);
    }
}

impl Browser {
    /// Creates a browser that resolves names as the machine does.
    #[must_use]
    pub fn new(settings: BrowserSettings) -> Self {
        Self::with_resolver(settings, SystemResolver)
    }

    /// Creates a browser with its own resolver for the names of pages.
    #[must_use]
    pub fn with_resolver(settings: BrowserSettings, resolver: impl Resolve) -> Self {
        Self(Arc::new(BrowserState {
            settings,
            resolver: Arc::new(resolver),
            engine: OnceLock::new(),
            closed: watch::Sender::new(false),
        }))
    }

    /// Logs a warning if Chromium will run as root. The server calls this once at its start.
    pub fn warn_of_root(&self) {
        if Source::find(&self.0.settings).is_ok_and(|source| source.is_root()) {
            log::warn!(
                "browser: Chromium runs without its sandbox, because it runs as root; run it as another \
                 user"
            );
        }
    }

    /// Ends every browser and every call, and waits until their processes are gone. Later calls are
    /// rejected.
    pub async fn close(&self) {
        self.0.closed.send_replace(true);
        if let Some(Ok(engine)) = self.0.engine.get() {
            let pool = engine.pool.clone();
            let closing = engine.handle().spawn(async move { pool.close().await });
            if let Err(error) = closing.await {
                log::error!("browser: {error}");
            }
        }
    }

    /// Reads a page's title.
    pub(super) async fn title(
        &self,
        url: Url,
        wait: Duration,
        progress: &Progress,
    ) -> Result<Readout, ActionError> {
        let (reading, progress) = (Reading::Title, progress.clone());
        self.visit(Visit { url, window: WINDOW, wait, reading, progress }).await
    }

    /// Reads a page's visible text, at most `limit` characters of it. Also returns whether there is
    /// more.
    pub(super) async fn text(
        &self,
        url: Url,
        limit: usize,
        wait: Duration,
        progress: &Progress,
    ) -> Result<(Readout, bool), ActionError> {
        // The browser truncates too, so that no huge text is transferred. It counts UTF-16 code
        // units: at most two per character. The two extra units show that there is more.
        let reading = Reading::Text(limit.saturating_mul(2).saturating_add(2));
        let progress = progress.clone();
        let mut page = self.visit(Visit { url, window: WINDOW, wait, reading, progress }).await?;
        let end = page.value.char_indices().nth(limit).map(|(end, _)| end);
        page.value.truncate(end.unwrap_or(page.value.len()));
        Ok((page, end.is_some()))
    }

    /// Takes a picture of a page as PNG in base64.
    pub(super) async fn picture(
        &self,
        url: Url,
        options: ScreenshotOptions,
        progress: &Progress,
    ) -> Result<Readout, ActionError> {
        let reading = Reading::Picture { whole: options.full_page.then_some(MAX_PICTURE) };
        let progress = progress.clone();
        let visit = Visit { url, window: options.window, wait: options.wait, reading, progress };
        let page = self.visit(visit).await?;
        if page.value.len() > MAX_BASE64 {
            return Err(fault::upstream("the picture is larger than 32 MiB in base64"));
        }
        Ok(page)
    }

    /// Opens a page in a browser of its own, within the deadline. Dropping the future ends the
    /// visit.
    async fn visit(&self, visit: Visit) -> Result<Readout, ActionError> {
        let engine = self.engine()?;
        engine.check(&visit.url)?;
        let queued = engine.pool.enqueue()?;
        let mut closed = self.0.closed.subscribe();
        let deadline = Instant::now() + DEADLINE;
        let task = engine.handle().spawn(async move {
            let done = async {
                visit.step(0.0, "waiting for a browser");
                let lease = timeout_at(deadline, queued.browser()).await;
                let lease = lease.map_err(|_| fault::busy())??;
                visit.run(&lease, deadline).await
            };
            tokio::select! {
                _ = closed.wait_for(|closed| *closed) => Err(fault::closed()),
                done = done => done,
            }
        });
        let mut task = AbortOnDrop(task);
        (&mut task.0).await.map_err(ActionError::internal)?
    }

    fn engine(&self) -> Result<&Engine, ActionError> {
        if *self.0.closed.borrow() {
            return Err(fault::closed());
        }
        let engine = self.0.engine.get_or_init(|| {
            let launcher = Launcher {
                settings: self.0.settings.clone(),
                rules: Arc::new(Rules {
                    allowed: self.0.settings.allowed_hosts.clone(),
                    resolver: Arc::clone(&self.0.resolver),
                }),
            };
            Engine::start(launcher).map_err(|error| error.to_string())
        });
        engine.as_ref().map_err(|error| ActionError::internal(error.clone()))
    }
}

impl Engine {
    fn start(launcher: Launcher) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(8)
            .thread_name("browser")
            .enable_all()
            .build()?;
        let rules = Arc::clone(&launcher.rules);
        Ok(Self { pool: Pool::new(launcher), runtime: Some(runtime), rules })
    }

    /// Rejects a URL that is forbidden under every resolver, without starting a browser.
    fn check(&self, url: &Url) -> Result<(), ActionError> {
        match Target::of(url) {
            Some(target) if self.rules.check(&target) == Err(ConnectError::Forbidden) => {
                Err(fault::forbidden(&target.host, target.port))
            }
            _ => Ok(()),
        }
    }

    fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("only drop takes the runtime").handle()
    }
}

impl Drop for Engine {
    /// Ends the calls, and with them their browsers. It does not wait, because it may run inside
    /// another runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A task that is aborted when its caller is gone.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
