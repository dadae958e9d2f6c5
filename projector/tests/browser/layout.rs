//! Every page on a small phone, a phone and a laptop, by day and by night. With `SCREENSHOTS=folder` a
//! picture of each is kept there, to be looked at.

use test_browser::{Driver, Eyes, Setting};

use crate::enter;
use crate::running::Console;

#[tokio::test]
async fn every_page_fits_a_small_phone() {
    walk(Setting { width: 320, ..Setting::default() }).await;
}

#[tokio::test]
async fn every_page_fits_a_phone() {
    walk(Setting { width: 390, ..Setting::default() }).await;
}

#[tokio::test]
async fn every_page_fits_a_laptop() {
    walk(Setting { width: 1280, ..Setting::default() }).await;
}

#[tokio::test]
async fn every_page_fits_a_laptop_at_night() {
    walk(Setting { width: 1280, is_dark: true, ..Setting::default() }).await;
}

/// Whatever is read stands out from what is behind it (WCAG 2.2, 1.4.3): 4.5 to 1, large letters 3 to 1.
const CONTRAST: &str = include_str!("contrast.js");

async fn walk(setting: Setting) {
    let console = Console::open(&["--may-end"]).await;
    let driver = Driver::start();
    let mut eyes = Eyes::new(driver.browser_set(console.url(), setting).await, setting.width);
    if setting.is_dark {
        eyes.suffix += "-dark";
    }
    eyes.look_at("/login", "login").await;
    enter(&eyes.browser).await;
    for (name, path) in console.pages().await {
        eyes.browser.open(&path).await;
        eyes.browser.wait_for("h1").await;
        eyes.look(name).await;
        let faults = eyes.browser.client.execute(CONTRAST, Vec::new()).await.unwrap();
        assert_eq!(faults, serde_json::json!([]), "{path}");
    }
}
