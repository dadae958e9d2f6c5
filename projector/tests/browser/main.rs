//! The console as a person sees it: the real program, a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod layout;
mod running;
mod stories;

use running::Console;
use test_browser::fantoccini::key::Key;
use test_browser::{Driver, Page, Setting};

/// From the search to the end of a session, with the question in between.
#[tokio::test]
async fn a_session_is_found_read_and_ended() {
    let console = Console::open(&["--may-end"]).await;
    let driver = Driver::start();
    let browser = driver.browser(console.url()).await;
    enter(&browser).await;
    find(&browser, "alice").await;
    browser.wait_for_text("h1", "alice").await;
    browser.click("#sessions tr:has(.live) a").await;
    browser.wait_for("svg.timeline .mark.login").await;
    assert!(browser.text("#events").await.contains("alice logged in"), "the table says it too");
    browser.click("#end").await;
    browser.wait_for("#confirm").await;
    browser.fill("#remark", "Ticket 12").await;
    browser.click("#confirm").await;
    browser.wait_for_text(".notice", "The session is ended.").await;
    assert!(browser.text("#status").await.starts_with("revoked"));
    assert_eq!(browser.count("svg.timeline .mark.end").await, 1);
    assert_eq!(browser.count("#end").await, 0);
}

#[tokio::test]
async fn who_was_signed_in_is_asked_with_a_time_picker() {
    let console = Console::open(&[]).await;
    let driver = Driver::start();
    let browser = driver.browser(console.url()).await;
    enter(&browser).await;
    browser.click("nav a[href='/who']").await;
    browser.wait_for_text("h1", "Who is signed in now").await;
    assert!(browser.text("table").await.contains("carol"));
    set_time(&browser, "#at", "2020-01-01T00:00").await;
    browser.click("#ask").await;
    browser.wait_for_text("#none", "Nobody was signed in.").await;
    assert_eq!(browser.text("h2 time").await, "1 Jan 2020, 00:00:00 UTC");
}

/// Without scripts all is there but news that come by themselves.
#[tokio::test]
async fn it_works_without_scripts() {
    let console = Console::open(&["--may-end"]).await;
    let driver = Driver::start();
    let setting = Setting { has_script: false, ..Setting::default() };
    let browser = driver.browser_set(console.url(), setting).await;
    enter(&browser).await;
    browser.open("/tail").await;
    assert!(browser.text("#tail-state").await.ends_with("UTC. Load again"));
    assert!(browser.text("#tail").await.contains("carol"));
    browser.click("#tail-state a").await;
    find(&browser, "carol").await;
    browser.click("#sessions tr:has(.live) a").await;
    browser.click("#end").await;
    browser.click("#confirm").await;
    browser.wait_for_text(".notice", "The session is ended.").await;
}

#[tokio::test]
async fn logins_appear_by_themselves() {
    let console = Console::open(&[]).await;
    let driver = Driver::start();
    let browser = driver.browser(console.url()).await;
    enter(&browser).await;
    browser.open("/tail").await;
    browser.wait_for_text("#tail-state", "Watching: what happens appears by itself.").await;
    console.sign_in("dave").await;
    browser.wait_for("#tail a[href='/users?name=dave']").await;
}

/// All by the keyboard: past the navigation, into the box, to the page, and back.
#[tokio::test]
async fn a_keyboard_is_enough() {
    let console = Console::open(&["--may-end"]).await;
    let driver = Driver::start();
    let browser = driver.browser(console.url()).await;
    browser.open("/").await;
    browser.wait_for("#log-in").await;
    press(&browser, &String::from(char::from(Key::Enter))).await;
    browser.wait_for("#q").await;
    press(&browser, "alice").await;
    press(&browser, &String::from(char::from(Key::Enter))).await;
    browser.wait_for_text("h1", "alice").await;
    press(&browser, &String::from(char::from(Key::Tab))).await;
    assert_eq!(focused(&browser).await, "Skip to the content");
    press(&browser, &String::from(char::from(Key::Enter))).await;
    press(&browser, &String::from(char::from(Key::Tab))).await;
    assert_eq!(focused(&browser).await, "Events", "the first link of the content");
    for _ in 0..2 {
        press(&browser, &String::from(char::from(Key::Tab))).await;
    }
    assert_eq!(focused(&browser).await, "End all sessions …");
    press(&browser, &String::from(char::from(Key::Enter))).await;
    browser.wait_for("#confirm").await;
}

/// What a screen reader goes by: one heading of the first rank, a name for each field, headings of tables
/// with their scope, texts for drawings.
#[tokio::test]
async fn each_page_has_what_a_screen_reader_needs() {
    let console = Console::open(&["--may-end"]).await;
    let driver = Driver::start();
    let browser = driver.browser(console.url()).await;
    enter(&browser).await;
    let script = "
        const faults = [];
        const all = css => [...document.querySelectorAll(css)];
        if (all('h1').length !== 1) faults.push('headings of the first rank: ' + all('h1').length);
        if (all('main').length !== 1 || document.documentElement.lang !== 'en') faults.push('main or language');
        for (const field of all('input:not([type=hidden]), select'))
          if (field.labels.length === 0) faults.push('no label: ' + field.outerHTML);
        for (const cell of all('th')) if (cell.scope === '') faults.push('no scope: ' + cell.outerHTML);
        for (const link of all('a, button')) if (link.textContent.trim() === '') faults.push('no name: ' + link.outerHTML);
        for (const drawing of all('figure svg[role=img]'))
          if (!drawing.getAttribute('aria-label')) faults.push('no text: ' + drawing.outerHTML);
        const ids = all('[id]').map(element => element.id);
        if (new Set(ids).size !== ids.length) faults.push('an id twice');
        return faults;";
    for (_, path) in console.pages().await {
        browser.open(&path).await;
        browser.wait_for("h1").await;
        let faults = browser.client.execute(script, Vec::new()).await.unwrap();
        assert_eq!(faults, serde_json::json!([]), "{path}");
    }
}

pub(crate) async fn enter(browser: &Page) {
    browser.open("/").await;
    browser.click("#log-in").await;
    browser.wait_for(".who").await;
}

async fn find(browser: &Page, text: &str) {
    browser.open("/").await;
    browser.fill("#q", text).await;
    browser.click("#search").await;
    browser.wait_for_text("h1", text).await;
}

async fn set_time(browser: &Page, css: &str, time: &str) {
    let script = "document.querySelector(arguments[0]).value = arguments[1];";
    browser.client.execute(script, vec![css.into(), time.into()]).await.unwrap();
}

/// Presses keys wherever the keyboard is.
async fn press(browser: &Page, keys: &str) {
    browser.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

/// The text of the element that the keyboard is at.
async fn focused(browser: &Page) -> String {
    let script = "return document.activeElement.textContent.trim();";
    let text = browser.client.execute(script, Vec::new()).await.unwrap();
    text.as_str().unwrap_or_default().to_owned()
}
