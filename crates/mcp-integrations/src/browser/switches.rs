//! The command-line switches of a browser and the settings of its profile.

use std::net::SocketAddr;
use std::path::Path;
use std::{fs, io};

use fantoccini::wd::Capabilities;
use serde_json::{Value, json};

/// The browser's name for its proxy. No page has such a name (RFC 6761, section 6.4).
const PROXY: &str = "egress.invalid";

/// Switches that block every way out except the proxy, and all activity of the browser itself.
const SWITCHES: &[&str] = &[
    "--headless",
    // Loopback too.
    "--proxy-bypass-list=<-loopback>",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    // A pipe instead of a port that other users of this machine could open.
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-component-extensions-with-background-pages",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    // Leads the remaining requests of the browser itself to an address that the proxy never opens.
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

/// Further switches of a Chromium that the server starts. A WebDriver sets these itself.
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

/// Returns the settings of the profile: nothing is saved, and no device may be used (2 is "block").
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
        // The encoding of documents that declare none, unless their bytes show another.
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

/// The switches of a browser whose connections all go through one proxy.
pub(super) struct Switches(Vec<String>);

impl Switches {
    /// Creates the switches for a proxy at this address. `as_root` disables the sandbox, which
    /// Chromium requires as root.
    pub(super) fn new(proxy: SocketAddr, as_root: bool) -> Self {
        let mut switches: Vec<String> =
            SWITCHES.iter().map(|switch| (*switch).to_owned()).collect();
        // The browser resolves no name except this one of the proxy, so that it cannot connect past
        // the proxy.
        let (address, port) = (proxy.ip(), proxy.port());
        let address = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        switches.push(format!("--proxy-server=http://{PROXY}:{port}"));
        switches.push(format!("--host-resolver-rules=MAP {PROXY} {address},MAP * ~NOTFOUND"));
        if as_root {
            switches.push("--no-sandbox".into());
        }
        Self(switches)
    }

    /// Returns the arguments of a Chromium that the server starts.
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

    /// Returns the capabilities for a WebDriver (W3C WebDriver, section 7; ChromeDriver's
    /// `goog:chromeOptions`). ChromeDriver does not wait for pages, since it would also wait if a
    /// page leads to another program.
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
