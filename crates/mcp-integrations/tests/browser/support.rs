//! A browser to test, and checks of its processes and files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use mcp_core::action::Prepared;
use mcp_core::action::params::ParamsText;
use mcp_core::{ActionError, Registry};
use mcp_integrations::browser::{self, Browser, BrowserSettings, Resolve, SystemResolver};
use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

/// The timeout of the tests' waits: far more than anything takes.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// A part of the command line of a browser's main process.
pub(crate) const BROWSER: &str = "--remote-debugging-pipe";

/// A browser with its actions. Its processes are identified by its folder.
pub(crate) struct Subject {
    pub(crate) browser: Browser,
    registry: Registry,
    directory: TempDir,
}

impl Subject {
    /// Creates a browser that may open these hosts.
    pub(crate) fn allowing(hosts: &[&str]) -> Self {
        Self::with(settings(hosts), SystemResolver)
    }

    pub(crate) fn with(mut settings: BrowserSettings, resolver: impl Resolve) -> Self {
        let directory = TempDir::new().expect("a folder");
        settings.directory = directory.path().into();
        Self::made(settings, resolver, directory)
    }

    /// Creates a browser whose folder the settings name.
    pub(crate) fn in_its_own(settings: BrowserSettings) -> Self {
        Self::made(settings, SystemResolver, TempDir::new().expect("a folder"))
    }

    fn made(settings: BrowserSettings, resolver: impl Resolve, directory: TempDir) -> Self {
        let browser = Browser::with_resolver(settings, resolver);
        let registry = Registry::builder()
            .with(|registry| browser::register(&browser, registry))
            .build()
            .expect("a registry");
        Self { browser, registry, directory }
    }

    pub(crate) async fn call(&self, action: &str, params: Value) -> Result<Value, ActionError> {
        let action = self.registry.find(action).expect("an action");
        let params = ParamsText::from_value(&params).expect("an object");
        match action.prepare(params)? {
            Prepared::Remote(work) => {
                let work = work(mcp_core::Progress::none());
                work.await.map(|answer| serde_json::from_str(&answer.text).expect("JSON"))
            }
            _ => unreachable!("pages are remote"),
        }
    }

    pub(crate) async fn title(&self, url: &str) -> Result<Value, ActionError> {
        self.call("playwright_get_title", json!({"url": url})).await
    }

    pub(crate) async fn text(&self, url: &str) -> Result<Value, ActionError> {
        self.call("playwright_get_text", json!({"url": url})).await
    }

    /// Returns only the title of a page, which must open.
    pub(crate) async fn title_of(&self, url: &str) -> String {
        let answer = self.title(url).await.unwrap_or_else(|error| panic!("{url}: {error:?}"));
        answer["title"].as_str().expect("a title").to_owned()
    }

    /// Returns only the text of a page, which must open.
    pub(crate) async fn text_of(&self, url: &str) -> String {
        let answer = self.text(url).await.unwrap_or_else(|error| panic!("{url}: {error:?}"));
        answer["text"].as_str().expect("a text").to_owned()
    }

    /// Returns this browser's processes whose command line contains `part`: process id and command
    /// line. Zombies do not count; the guard counts among all kinds.
    pub(crate) fn processes(&self, part: &str) -> Vec<(i32, String)> {
        let mut found = processes_of(self.directory.path(), part);
        found.retain(|(_, line)| part.is_empty() || !line.starts_with("/bin/sh"));
        if part == BROWSER {
            found.retain(|(_, line)| !line.contains("--type="));
            // A new child has its parent's command line until it executes its own program. Browsers
            // differ by their profiles, and children have higher process ids.
            found.sort_by(|(id, line), (other, others)| (line, id).cmp(&(others, other)));
            found.dedup_by(|(_, line), (_, before)| line == before);
        }
        found
    }

    /// Returns the main process of each browser.
    pub(crate) fn browsers(&self) -> Vec<(i32, String)> {
        self.processes(BROWSER)
    }

    /// Waits until the browser has this many processes of this kind.
    pub(crate) async fn until_processes(&self, part: &str, enough: impl Fn(usize) -> bool) {
        let end = Instant::now() + TIMEOUT;
        while !enough(self.processes(part).len()) {
            assert!(Instant::now() < end, "still {:?}", self.processes(part));
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Drops the browser without closing it. Returns its folder.
    pub(crate) fn dropped(self) -> PathBuf {
        self.directory.keep()
    }

    /// Waits until an unused browser is ready.
    pub(crate) async fn until_warm(&self) {
        sleep(Duration::from_millis(200)).await;
        self.until_processes("--type=renderer", |renderers| renderers > 0).await;
        sleep(Duration::from_millis(1500)).await;
    }

    /// Closes the browser and checks that no process and no file is left.
    pub(crate) async fn close(self) {
        self.browser.close().await;
        self.until_processes("", |left| left == 0).await;
        let left: Vec<_> = fs::read_dir(self.directory.path()).expect("a folder").collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// Returns the processes with this folder as `HOME` or in their command line.
pub(crate) fn processes_of(directory: &Path, part: &str) -> Vec<(i32, String)> {
    let own = directory.to_str().expect("a path");
    let text = |path: String| {
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ")
    };
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|id| {
            let line = text(format!("/proc/{id}/cmdline"));
            let is_own = line.contains(own) || text(format!("/proc/{id}/environ")).contains(own);
            let status = text(format!("/proc/{id}/status"));
            let is_dead = status.is_empty() || status.contains("State:\tZ");
            (is_own && !is_dead && line.contains(part)).then_some((id, line))
        })
        .collect()
}

/// Returns settings with this machine's Chromium.
pub(crate) fn settings(hosts: &[&str]) -> BrowserSettings {
    let settings = BrowserSettings::default();
    for program in ["chromium", "chromedriver"] {
        let mut folders = settings.path.split(':');
        let found = folders.any(|folder| Path::new(folder).join(program).is_file());
        assert!(found, "these tests need {program}: apt-get install chromium chromium-driver");
    }
    let allowed_hosts = hosts.iter().map(|host| host.parse().expect("a host")).collect();
    BrowserSettings { allowed_hosts, ..settings }
}

/// A ChromeDriver, started as an operator would.
pub(crate) struct RunningDriver {
    child: Child,
    directory: TempDir,
}

pub(crate) async fn running_driver() -> (Url, RunningDriver) {
    let directory = TempDir::new().expect("a folder");
    // A Chromium with the switch that root needs, under the first name that is searched for.
    let chromium = directory.path().join("google-chrome");
    fs::write(&chromium, "#!/bin/sh\nexec /usr/bin/chromium --no-sandbox \"$@\"\n")
        .expect("a file");
    fs::set_permissions(&chromium, Permissions::from_mode(0o755)).expect("a file's mode");
    let mut child = Command::new("chromedriver")
        .arg("--port=0")
        .env("HOME", directory.path())
        .env("TMPDIR", directory.path())
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", directory.path().display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let port = loop {
        let line = lines.next_line().await.expect("a line").expect("a port");
        if let Some((_, port)) = line.split_once("successfully on port ") {
            break port.trim_end_matches('.').to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let url = format!("http://127.0.0.1:{port}").parse().expect("a URL");
    (url, RunningDriver { child, directory })
}

impl RunningDriver {
    /// Ends the driver and checks that it has no browser left.
    pub(crate) async fn close(mut self) {
        let end = Instant::now() + TIMEOUT;
        while !processes_of(self.directory.path(), "--remote-debugging-pipe").is_empty() {
            assert!(Instant::now() < end, "a browser is left");
            sleep(Duration::from_millis(20)).await;
        }
        self.child.kill().await.expect("its end");
    }
}

/// Kills a process.
pub(crate) fn kill(id: i32) {
    let id = rustix::process::Pid::from_raw(id).expect("a process");
    // The process may be gone already.
    rustix::process::kill_process(id, rustix::process::Signal::KILL).ok();
}
