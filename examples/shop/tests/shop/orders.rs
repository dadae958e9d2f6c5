//! An order and the emptied cart are one transaction.

use poem::http::StatusCode;
use session_ledger::test::Visitor;

use crate::scene::Shop;

const TEAPOT: i32 = 1;
/// The shop has one.
const SUGAR_BOWL: i32 = 12;

async fn put(visitor: &Visitor, product: i32, quantity: u16) {
    let answer = visitor.post(&format!("/cart/{product}/add"), &format!("quantity={quantity}")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

async fn purchases(shop: &Shop) -> i64 {
    shop.number("select count(*) from shop.purchase").await
}

#[tokio::test]
async fn an_order_takes_the_stock_and_empties_the_cart() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    let stock = shop.stock(TEAPOT).await;
    put(&alice, TEAPOT, 2).await;
    assert_eq!(alice.post("/orders", "").await.header("location"), "/orders");
    assert_eq!((shop.stock(TEAPOT).await, purchases(&shop).await), (stock - 2, 1));
    let page = alice.get("/orders").await.body;
    assert!(page.contains("Thank you! Order 1 for €68.00 is on its way."), "{page}");
    assert!(page.contains("2 × Teapot"), "{page}");
    assert!(alice.get("/cart").await.body.contains("There is nothing in it yet."));
}

#[tokio::test]
async fn an_order_of_more_than_there_is_leaves_stock_and_cart_as_they_were() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    let stock = shop.stock(TEAPOT).await;
    put(&alice, TEAPOT, 1).await;
    put(&alice, SUGAR_BOWL, 2).await;
    let events = shop.events().await;
    let answer = alice.post("/orders", "").await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Sugar bowl: we have 1, and your cart holds 2."), "{}", answer.body);
    assert_eq!((shop.stock(TEAPOT).await, shop.stock(SUGAR_BOWL).await), (stock, 1));
    assert_eq!((purchases(&shop).await, shop.events().await), (0, events));
    assert!(alice.get("/cart").await.body.contains("Sugar bowl"));
}

#[tokio::test]
async fn a_payment_that_is_declined_undoes_the_order_and_leaves_a_note() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    let stock = shop.stock(TEAPOT).await;
    put(&alice, TEAPOT, 1).await;
    let events = shop.events().await;
    let answer = alice.post("/orders", "fails=yes").await;
    assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED);
    assert!(answer.body.contains("The bank declined your payment of €34.00."), "{}", answer.body);
    assert_eq!((shop.stock(TEAPOT).await, purchases(&shop).await), (stock, 0));
    assert_eq!(shop.events().await, events + 1, "the note alone: no message, no emptied cart");
    assert!(alice.get("/cart").await.body.contains("Teapot"));
    assert!(alice.get("/history").await.body.contains("The bank declined your payment of €34.00."));
    assert_eq!(alice.post("/orders", "").await.header("location"), "/orders", "another card works");
}

#[tokio::test]
async fn an_empty_cart_orders_nothing() {
    let shop = Shop::open().await;
    let alice = shop.customer("alice").await;
    assert_eq!(alice.post("/orders", "").await.header("location"), "/cart");
    assert_eq!(purchases(&shop).await, 0);
}

#[tokio::test]
async fn the_last_one_is_sold_once() {
    let shop = Shop::open().await;
    let (alice, bob) = (shop.customer("alice").await, shop.customer("bob").await);
    put(&alice, SUGAR_BOWL, 1).await;
    put(&bob, SUGAR_BOWL, 1).await;
    let (first, second) = tokio::join!(alice.post("/orders", ""), bob.post("/orders", ""));
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    assert_eq!((shop.stock(SUGAR_BOWL).await, purchases(&shop).await), (0, 1));
}
