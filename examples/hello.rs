//! The program of the README: a cart, a login and an order, all in one ledger.
use poem::error::InternalServerError;
use poem::{Endpoint, EndpointExt, Result, Route, Server, handler, listener::TcpListener, post};
use session_ledger::{Key, KeyRing, Ledger, Session, Sessions, SignedIn, Tx};

const CART: Key<Vec<String>> = Key::new("cart");

#[handler]
fn add(session: Session) -> Result<()> {
    Ok(session.update(&CART, |cart| cart.push("teapot".into()))?) // the first change starts the session
}

#[handler]
fn login(session: Session) -> Result<()> {
    Ok(session.login("alice")?) // the cart stays, the token is replaced
}

#[handler]
async fn order(tx: Tx, session: SignedIn) -> Result<()> {
    let cart = session.get(&CART)?.unwrap_or_default();
    let insert = "insert into orders (who, items) values ($1, $2)";
    tx.execute(insert, &[&session.user().as_str(), &cart]).await.map_err(InternalServerError)?;
    Ok(session.remove(&CART)?) // commits together with the order, or not at all
}

#[handler]
fn logout(session: SignedIn) -> Result<()> {
    Ok(session.logout()?) // final: no request of this session takes effect any more
}

fn shop(sessions: Sessions) -> impl Endpoint {
    let shop = Route::new().at("/add", post(add)).at("/login", post(login));
    shop.at("/order", post(order)).at("/logout", post(logout)).with(sessions)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ledger = Ledger::from_env()?.connect().await?;
    let keys = KeyRing::from_env()?;
    Ok(Server::new(TcpListener::bind("127.0.0.1:8080")).run(shop(Sessions::new(ledger, keys))).await?)
}
