//! How a browser is started: its switches and the settings of its profile.

use std::net::SocketAddr;
use std::path::Path;
use std::{fs, io};

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

/// What the browser calls its proxy. No name of a page is like it (RFC 6761, section 6.4).
const PROXY: &str = "egress.invalid";

/// Switches that let nothing leave the browser except through the proxy, and nothing happen that
/// is not the page's.
const SWITCHES: &[&str] = &[
    "--headless",
    // Loopback too.
    "--proxy-bypass-list=<-loopback>",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    // A pipe instead of a port that others on this machine could open.
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-component-extensions-with-background-pages",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    // What asks all the same asks nobody: an address that the proxy never opens.
    "--gaia-url=http://0.0.0.0/",
    "--google-apis-url=http://0.0.0.0/",
    "--google-base-url=http://0.0.0.0/",
    "--component-updater=url-source=http://0.0.0.0/",
    "--apps-gallery-update-url=http://0.0.0.0/",
    "--disable-auto-reload",
    "--disable-print-preview",
    "--disable-notifications",
    "--deny-permission-prompts",
    "--disable-features=AsyncDns,AutofillServerCommunication,CertificateTransparencyComponentUpdater,DialMediaRouteProvider,DnsOverHttps,DownloadBubble,InterestFeedContentSuggestions,MediaRouter,NetworkPrediction,NetworkTimeServiceQuerying,OptimizationHints,PreloadTopChromeWebUI,Translate",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    // Pixels and fonts are the same on every machine.
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
    "--window-size=1280,720",
];

/// Switches of a Chromium of ours, which a WebDriver sets itself.
const OWN: &[&str] = &[
    "--no-startup-window",
    "--allow-pre-commit-input",
    "--disable-client-side-phishing-detection",
    "--disable-hang-monitor",
    "--disable-prompt-on-repost",
    "--disable-search-engine-choice-screen",
    "--noerrdialogs",
    "--password-store=basic",
];

/// Settings of the profile: nothing is saved, and no device is anybody's (2 is "block").
fn preferences() -> Value {
    let blocked = [
        "automatic_downloads",
        "bluetooth_guard",
        "bluetooth_scanning",
        "clipboard",
        "file_system_write_guard",
        "geolocation",
        "hid_guard",
        "idle_detection",
        "local_fonts",
        "media_stream_camera",
        "media_stream_mic",
        "midi_sysex",
        "notifications",
        "payment_handler",
        "popups",
        "protocol_handlers",
        "sensors",
        "serial_guard",
        "usb_guard",
        "window_placement",
    ];
    let blocked: serde_json::Map<String, Value> =
        blocked.iter().map(|name| ((*name).to_owned(), json!(2))).collect();
    json!({
        // The encoding of a document that declares none, unless it is another one by its bytes.
        "intl.charset_default": "UTF-8",
        "profile.default_content_setting_values": blocked,
        "download_restrictions": 3,
        "download.prompt_for_download": false,
        "plugins.always_open_pdf_externally": true,
        "dns_prefetching.enabled": false,
        "net.network_prediction_options": 2,
        "webrtc.ip_handling_policy": "disable_non_proxied_udp",
        "webrtc.multiple_routes_enabled": false,
        "webrtc.nonproxied_udp_enabled": false,
        "safebrowsing.enabled": false,
        "signin.allowed": false,
        "credentials_enable_service": false,
        "search.suggest_enabled": false,
        "alternate_error_pages.enabled": false,
        "translate.enabled": false,
    })
}

/// How a browser is started whose connections all go through this proxy.
pub(super) struct Switches(Vec<String>);

impl Switches {
    /// The switches for a proxy at this address; `as_root` turns the sandbox off, which Chromium
    /// demands of root.
    pub(super) fn new(proxy: SocketAddr, as_root: bool) -> Self {
        let mut switches: Vec<String> =
            SWITCHES.iter().map(|switch| (*switch).to_owned()).collect();
        // The browser looks up no name and no number itself, except this name of the proxy: nothing
        // could connect past it.
        let (address, port) = (proxy.ip(), proxy.port());
        let address = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        switches.push(format!("--proxy-server=http://{PROXY}:{port}"));
        switches.push(format!("--host-resolver-rules=MAP {PROXY} {address},MAP * ~NOTFOUND"));
        if as_root {
            switches.push("--no-sandbox".into());
        }
        Self(switches)
    }

    /// The arguments of a Chromium of ours.
    pub(super) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str).chain(OWN.iter().copied())
    }

    /// Writes the settings of a new profile.
    pub(super) fn write_preferences(profile: &Path) -> io::Result<()> {
        let folder = profile.join("Default");
        fs::create_dir_all(&folder)?;
        let mut settings = json!({});
        for (name, value) in preferences().as_object_mut().into_iter().flatten() {
            let member = name.split('.').fold(&mut settings, |group, part| &mut group[part]);
            *member = value.take();
        }
        fs::write(folder.join("Preferences"), settings.to_string())
    }

    /// The capabilities to ask a WebDriver for (W3C WebDriver, section 7; ChromeDriver's
    /// `goog:chromeOptions`). ChromeDriver waits for no page: it would also wait where a page leads
    /// to another program.
    pub(super) fn capabilities(&self) -> Capabilities {
        let capabilities = json!({
            "browserName": "chrome",
            "pageLoadStrategy": "none",
            "unhandledPromptBehavior": "dismiss",
            "goog:chromeOptions": {
                "args": self.0,
                "prefs": preferences(),
                "excludeSwitches": ["disable-popup-blocking", "enable-automation"],
            },
        });
        match capabilities {
            Value::Object(capabilities) => capabilities,
            _ => Capabilities::new(),
        }
    }
}
