//! ChromeDriver and the browsers that it starts.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::ClientBuilder;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::page::Page;

/// Arguments for a browser without a window that asks nothing of the network by itself.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The screen of a laptop, in pixels; high enough that a picture of it shows a whole page.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 1400;

/// Narrower screens are phones'.
const PHONE_WIDTH_MAX: u32 = 600;

/// How a browser is set up.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The width of its screen, in pixels: a phone's, if it is narrow.
    pub width: u32,
    /// Whether its user prefers dark pages.
    pub is_dark: bool,
    /// Whether it runs scripts.
    pub has_script: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self { width: WIDTH, is_dark: false, has_script: true }
    }
}

/// The zone of all browsers: five and a half hours ahead of UTC, summer and winter.
const ZONE: &str = "Asia/Kolkata";

/// A running ChromeDriver. It ends when it is dropped, with all of its browsers, also when a test panics.
#[derive(Debug)]
pub struct Driver {
    process: Child,
    port: u16,
    /// Removed after the browsers have ended, as they write to it until then.
    profiles: TempDir,
}

impl Driver {
    /// Starts one on a port that it chooses. Installs the browser where it is missing.
    pub fn start() -> Self {
        if program("chromedriver").is_none() || program("chromium").is_none() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../install-browser");
            assert!(Command::new(script).status().unwrap().success(), "the browser test needs a browser");
        }
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("TZ", ZONE)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = said.by_ref().find_map(|line| {
            let line = line.ok()?;
            let port = line.split_once("successfully on port ")?.1;
            port.trim_end_matches('.').parse().ok()
        });
        // Its later output must not fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
        let driver = Self { process, port: port.unwrap_or(0), profiles: tempfile::tempdir().unwrap() };
        assert_ne!(driver.port, 0, "chromedriver says on which port it listens");
        driver
    }

    /// A browser with no cookies and no history, for the site at this address.
    pub async fn browser(&self, site: &str) -> Page {
        self.browser_set(site, Setting::default()).await
    }

    /// The same on a screen of this width, in pixels: a phone's, if it is narrow.
    pub async fn browser_of_width(&self, site: &str, width: u32) -> Page {
        self.browser_set(site, Setting { width, ..Setting::default() }).await
    }

    /// The same, set up like this.
    pub async fn browser_set(&self, site: &str, setting: Setting) -> Page {
        let Setting { width, is_dark, has_script } = setting;
        let profile = tempfile::tempdir_in(&self.profiles).unwrap().keep();
        let own = format!("--user-data-dir={}", profile.display());
        let dark = is_dark.then_some("--blink-settings=preferredColorScheme=0");
        let flags: Vec<_> = FLAGS.into_iter().chain([own.as_str()]).chain(dark).collect();
        // 1: allowed, 2: blocked.
        let scripts = if has_script { 1 } else { 2 };
        let is_phone = width < PHONE_WIDTH_MAX;
        let screen = json!({ "width": width, "height": HEIGHT, "pixelRatio": 1, "mobile": is_phone, "touch": is_phone });
        let options = json!({
            "args": flags,
            "binary": program("chromium").unwrap(),
            "mobileEmulation": { "deviceMetrics": screen },
            "prefs": { "profile.managed_default_content_settings.javascript": scripts },
        });
        let capabilities = json!({ "browserName": "chrome", "goog:chromeOptions": options });
        let serde_json::Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{}", self.port))
            .await
            .unwrap();
        Page { client, site: site.to_owned() }
    }

    /// Tells it to close its browsers and end; the answer comes when the browsers have ended.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shut_down().ok();
        let patience = Instant::now() + Duration::from_secs(10);
        while Instant::now() < patience && !matches!(self.process.try_wait(), Ok(Some(_))) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// The path of a program on the `PATH`.
fn program(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}
