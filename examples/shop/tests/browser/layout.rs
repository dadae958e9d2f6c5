//! Every page on a small phone, a phone and a laptop: nothing leaves the screen, is cut, or breaks over lines
//! where it should not. With `SCREENSHOTS=folder` a picture of each is kept there, to be looked at.

use test_browser::{Driver, Eyes};

use crate::running::Shop;
use crate::{SUGAR_BOWL, log_in, put_one_in_the_cart};

#[tokio::test]
async fn every_page_fits_a_small_phone() {
    walk(320).await;
}

#[tokio::test]
async fn every_page_fits_a_phone() {
    walk(390).await;
}

#[tokio::test]
async fn every_page_fits_a_laptop() {
    walk(1280).await;
}

async fn walk(width: u32) {
    let shop = Shop::open(&[]).await;
    let driver = Driver::start();
    let eyes = Eyes::new(driver.browser_of_width(shop.url(), width).await, width);
    look_as_a_stranger(&eyes).await;
    fail_to_log_in(&eyes).await;
    look_at_refused_orders(&eyes).await;
    sign_in_elsewhere(&driver, &eyes).await;
    look_as_a_customer(&eyes).await;
}

async fn look_as_a_stranger(eyes: &Eyes) {
    for (path, name) in
        [("/", "shop"), ("/cart", "cart-empty"), ("/history", "history-none"), ("/nowhere", "not-found")]
    {
        eyes.look_at(path, name).await;
    }
    put_one_in_the_cart(&eyes.browser).await;
    for (path, name) in [("/", "shop-with-cart"), ("/cart", "cart"), ("/history", "history-visitor")] {
        eyes.look_at(path, name).await;
    }
}

async fn fail_to_log_in(eyes: &Eyes) {
    let browser = &eyes.browser;
    eyes.look_at("/login?next=/cart", "login").await;
    browser.fill("#name", "alice").await;
    browser.fill("#password", "three lumps").await;
    browser.click("#log-in").await;
    browser.wait_for("#refused").await;
    eyes.look("login-refused").await;
    log_in(browser).await;
    eyes.look("cart-of-alice").await;
}

/// An order of more than there is, then one whose payment fails, then one that goes through.
async fn look_at_refused_orders(eyes: &Eyes) {
    let browser = &eyes.browser;
    browser.open("/").await;
    browser.fill(&format!("{SUGAR_BOWL} [name=quantity]"), "2").await;
    browser.click(&format!("{SUGAR_BOWL} button")).await;
    browser.wait_for_text("#items", "3").await;
    eyes.look_at("/cart", "cart-too-full").await;
    browser.click("#order").await;
    browser.wait_for("#refused").await;
    eyes.look("order-refused").await;

    browser.open("/cart").await;
    browser.fill("#quantity-12", "1").await;
    browser.click("#line-12 button").await;
    browser.wait_for_text("#items", "2").await;
    browser.click("[name=fails]").await;
    browser.click("#order").await;
    browser.wait_for("#refused").await;
    eyes.look("payment-declined").await;

    eyes.look_at("/orders", "orders-none").await;
    browser.open("/cart").await;
    browser.click("#order").await;
    browser.wait_for(".order").await;
    eyes.look("orders").await;
}

/// Two other devices of the same user, of which one is signed out again.
async fn sign_in_elsewhere(driver: &Driver, eyes: &Eyes) {
    for _ in 0..2 {
        let other = driver.browser(&eyes.browser.site).await;
        other.open("/login").await;
        log_in(&other).await;
    }
    eyes.browser.open("/devices").await;
    eyes.browser.click("#signed-in .danger").await;
    eyes.browser.wait_for("#ended li").await;
}

async fn look_as_a_customer(eyes: &Eyes) {
    eyes.look("devices").await;
    for (path, name) in [("/", "shop-of-alice"), ("/nowhere", "not-found-for-alice"), ("/history", "history")]
    {
        eyes.look_at(path, name).await;
    }
    eyes.browser.click("#messages").await;
    eyes.browser.wait_for(".story .message").await;
    eyes.look("history-with-messages").await;
    eyes.browser.open("/devices").await;
    eyes.browser.click("#ended li a").await;
    eyes.browser.wait_for(".story").await;
    eyes.look("history-of-another-device").await;
}
