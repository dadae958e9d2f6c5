//! A page of another site that sends a form to the shop.

use test_browser::{Driver, Page};

use crate::running::Shop;

/// What a visitor of such a page sees, and that nothing was done.
#[tokio::test]
async fn a_form_on_another_site_puts_nothing_into_the_cart_and_signs_nobody_in() {
    let shop = Shop::open(&[]).await;
    let driver = Driver::start();
    let browser = driver.browser(shop.url()).await;
    let (name, password) = shop::DEMO_USERS[0];
    for (path, fields) in [
        ("/cart/1/add", "<input name=quantity value=1>".to_owned()),
        ("/login", format!("<input name=name value={name}><input name=password value='{password}'>")),
    ] {
        send_from_elsewhere(&browser, path, &fields).await;
        browser.wait_for_text("h1", "That came from another site").await;
    }
    browser.open("/").await;
    assert_eq!(browser.count("#items").await, 0, "the cart is empty");
    assert_eq!(browser.count(".who").await, 0, "nobody is signed in");
}

/// A page without an origin, which is another site to every site.
async fn send_from_elsewhere(browser: &Page, path: &str, fields: &str) {
    let form =
        format!("<form method=post action='{}{path}'>{fields}<button>Win</button></form>", browser.site);
    browser.client.goto(&format!("data:text/html,{}", form.replace(' ', "%20"))).await.unwrap();
    browser.click("button").await;
}
