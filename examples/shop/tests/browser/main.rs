//! The shop as a person sees it: the real program, two real browsers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod foreign;
mod layout;
mod running;

use running::Shop;
use test_browser::{Driver, Page};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::{format_description, offset};

/// The card of a product of which the shop has one: it says "only 1 left".
const SUGAR_BOWL: &str = "#product-12";

#[tokio::test]
async fn a_visitor_buys_and_signs_the_browser_out_from_another() {
    let shop = Shop::open(&[]).await;
    let driver = Driver::start();
    let (first, second) = (driver.browser(shop.url()).await, driver.browser(shop.url()).await);

    fill_the_cart_and_log_in(&first).await;
    order(&first).await;
    fail_to_order(&first).await;
    sign_out_from_another_device(&first, &second).await;
    read_what_happened(&second).await;
}

#[tokio::test]
async fn the_cookie_of_production_is_taken_from_this_machine() {
    let shop = Shop::open(&["--secure-cookie"]).await;
    let driver = Driver::start();
    let browser = driver.browser(shop.url()).await;
    put_one_in_the_cart(&browser).await;
    assert!(!browser.cookie("__Host-session").await.is_empty());
}

/// The second tab's write waits behind the login, is told to come again, and comes with the new cookie (307).
/// After no pause it may be served before the login, after a long one behind it.
#[tokio::test]
async fn a_write_in_another_tab_leaves_the_login_alone() {
    let shop = Shop::open(&[]).await;
    let driver = Driver::start();
    for pause_ms in [0, 2, 4, 8, 16] {
        let browser = driver.browser(shop.url()).await;
        put_one_in_the_cart(&browser).await;
        log_in_while_another_tab_adds(&browser, pause_ms).await;
        browser.open("/cart").await;
        browser.wait_for_text(".who", shop::DEMO_USERS[0].0).await;
        assert_eq!(browser.count("#line-1, #line-2").await, 2, "after {pause_ms} ms both are in the cart");
    }
}

/// The browsers of this test are in India.
#[tokio::test]
async fn a_time_is_told_in_the_visitors_zone_with_utc_beside_it() {
    let shop = Shop::open(&[]).await;
    let driver = Driver::start();
    let browser = driver.browser(shop.url()).await;
    put_one_in_the_cart(&browser).await;
    browser.open("/history").await;
    let time = browser.wait_for(".story time").await;
    let machine = time.attr("datetime").await.unwrap().unwrap();
    let at = OffsetDateTime::parse(&machine, &Rfc3339).unwrap();
    let (day, clock) = (
        format_description!("[day padding:none] [month repr:short] [year], "),
        format_description!("[hour]:[minute]:[second]"),
    );
    let there = at.to_offset(offset!(+5:30));
    let utc = at.format(clock).unwrap();
    let utc = if there.date() == at.date() { utc } else { at.format(day).unwrap() + &utc };
    let there = there.format(day).unwrap() + &there.format(clock).unwrap();
    // English abbreviates one month to four letters.
    let told = time.text().await.unwrap().replace("Sept", "Sep").replace('\u{a0}', " ");
    assert_eq!(told, format!("{there} GMT+5:30 ({utc} UTC)"));
}

async fn log_in_while_another_tab_adds(browser: &Page, pause_ms: u64) {
    let (name, password) = shop::DEMO_USERS[0];
    let script = "
        const [name, password, pause, done] = arguments;
        const post = (path, fields) => fetch(path, { method: 'POST', body: new URLSearchParams(fields) });
        const login = post('/login', { name, password });
        const added = new Promise(sent => setTimeout(sent, pause))
            .then(() => post('/cart/2/add', { quantity: 1 }));
        Promise.all([login, added])
            .then(answers => done(answers.map(answer => answer.status)), failed => done(String(failed)));";
    let arguments = vec![name.into(), password.into(), pause_ms.into()];
    let answers = browser.client.execute_async(script, arguments).await.unwrap();
    assert_eq!(answers, serde_json::json!([200, 200]), "after {pause_ms} ms");
}

async fn put_one_in_the_cart(browser: &Page) {
    browser.open("/").await;
    browser.click("#product-1 button").await;
    browser.wait_for_text("#items", "1").await;
}

async fn fill_the_cart_and_log_in(browser: &Page) {
    put_one_in_the_cart(browser).await;
    let before = browser.cookie("session").await;
    browser.open("/cart").await;
    browser.click("main a.button").await;
    log_in(browser).await;
    browser.wait_for_text("h1", "Your cart").await;
    browser.wait_for("#line-1").await;
    assert_ne!(browser.cookie("session").await, before, "the token is replaced at the login");
}

async fn log_in(browser: &Page) {
    let (name, password) = shop::DEMO_USERS[0];
    browser.fill("#name", name).await;
    browser.fill("#password", password).await;
    browser.click("#log-in").await;
    browser.wait_for_text(".who", name).await;
}

async fn order(browser: &Page) {
    browser.click("#order").await;
    browser.wait_for_text("h1", "Your orders").await;
    assert!(browser.text(".order").await.contains("1 × Teapot"));
    assert_eq!(browser.count("#items").await, 0, "the cart is empty");
}

/// Fails once for want of stock and once for the payment: both leave cart and stock as they were.
async fn fail_to_order(browser: &Page) {
    browser.open("/").await;
    browser.fill(&format!("{SUGAR_BOWL} [name=quantity]"), "2").await;
    browser.click(&format!("{SUGAR_BOWL} button")).await;
    browser.wait_for_text("#items", "2").await;
    browser.open("/cart").await;
    browser.click("#order").await;
    browser.wait_for_text("#refused", "Sugar bowl: we have 1, and your cart holds 2.").await;

    browser.open("/cart").await;
    browser.fill("#quantity-12", "1").await;
    browser.click("#line-12 button").await;
    browser.wait_for_text("#items", "1").await;
    browser.click("[name=fails]").await;
    browser.click("#order").await;
    browser.wait_for_text("#refused", "The bank declined your payment of €19.50.").await;

    browser.open("/").await;
    let card = browser.text(SUGAR_BOWL).await;
    assert!(card.contains("only 1 left") && card.contains("1 in the cart"), "{card}");
}

async fn sign_out_from_another_device(first: &Page, second: &Page) {
    second.open("/login").await;
    log_in(second).await;
    second.open("/devices").await;
    assert_eq!(second.count("#signed-in li").await, 2);
    assert_eq!(second.count("#signed-in .badge").await, 1, "one of them is this one");
    second.click("#signed-in .danger").await;
    second.wait_for("#ended li").await;
    assert_eq!(second.count("#signed-in li").await, 1);

    first.click("nav a[href='/orders']").await;
    first.wait_for_text("#farewell", "You were signed out of this browser from another device.").await;
    assert_eq!(first.text("h1").await, "Log in");
}

async fn read_what_happened(browser: &Page) {
    browser.click("#ended li a").await;
    browser.wait_for_text("h1", "What happened on that device").await;
    assert_eq!(browser.text(".story li:first-child p").await, "Ended: signed out from another device.");
    let story = browser.text(".story").await;
    let sentences = [
        "You put 1 × Teapot in the cart.",
        "You logged in as alice with your password.",
        "The bank declined your payment of €19.50.",
    ];
    for sentence in sentences {
        assert!(story.contains(sentence), "{story}");
    }
    let messages = browser.text("#messages").await;
    assert!(messages.starts_with("Show them too ("), "{messages}");
    assert!(!story.contains("A message was kept for you"), "{story}");
    browser.click("#messages").await;
    browser.wait_for(".story .message").await;
    assert!(browser.text(".story").await.contains("A message was kept for you: “Welcome, alice.”"));
}
