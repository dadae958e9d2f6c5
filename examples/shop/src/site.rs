//! The routes, and the layers around all of them.

use deadpool_postgres::Pool;
use poem::http::header;
use poem::middleware::SetHeader;
use poem::{Endpoint, EndpointExt, Response, Route, get, handler, post};
use session_ledger::Ledger;
use session_ledger::web::{Csrf, Sessions};

use crate::pages::{cart, catalogue, devices, history, login, orders};
use crate::passwords::Passwords;
use crate::{door, problem};

/// Allows only the shop's own files: no script within a page, no frame around it, no form to another site.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The whole shop. From the inside out: the pages; what takes forms from the shop's own pages only; the frame
/// of those for refusals; the sessions around all routes, so that a request that lost a race can run again;
/// the door; the pages for errors; the headers.
pub(crate) fn site(
    ledger: Ledger,
    pool: Pool,
    passwords: Passwords,
    sessions: Sessions,
) -> impl Endpoint<Output = Response> + 'static {
    routes(&ledger)
        .with(Csrf::new())
        .data(ledger)
        .data(pool)
        .data(passwords)
        .around(problem::keep_frame)
        .with(sessions)
        .around(door::guard)
        .around(problem::answer)
        .with(
            SetHeader::new()
                .overriding(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
                .overriding(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
                .overriding(header::X_FRAME_OPTIONS, "DENY")
                .overriding(header::REFERRER_POLICY, "same-origin"),
        )
        .map_to_response()
}

fn routes(ledger: &Ledger) -> Route {
    Route::new()
        .at("/", get(catalogue::show))
        .at("/cart", get(cart::show))
        .at("/cart/:product/add", post(cart::add))
        .at("/cart/:product/change", post(cart::change))
        .at("/login", get(login::form).post(login::log_in))
        .at("/logout", post(login::log_out))
        .at("/orders", get(orders::list).post(orders::place))
        .nest("/devices", devices::routes(ledger.clone()))
        .at("/history", get(history::own))
        .at("/history/:session", get(history::of))
        .at("/style.css", get(style))
        .at("/times.js", get(times))
        .at("/pictures.svg", get(pictures))
        .at("/icon.svg", get(icon))
}

#[handler]
fn style() -> Response {
    file("text/css; charset=utf-8", include_str!("../static/style.css"))
}

#[handler]
fn times() -> Response {
    file("text/javascript; charset=utf-8", include_str!("../static/times.js"))
}

#[handler]
fn pictures() -> Response {
    file("image/svg+xml", include_str!("../static/pictures.svg"))
}

#[handler]
fn icon() -> Response {
    file("image/svg+xml", include_str!("../static/icon.svg"))
}

fn file(kind: &str, text: &'static str) -> Response {
    Response::builder().content_type(kind).header(header::CACHE_CONTROL, "max-age=60").body(text)
}
