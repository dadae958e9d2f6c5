//! The routes, and the layers around all of them.

use std::sync::Arc;

use poem::{Endpoint, EndpointExt, Response, Route, get, post};
use session_ledger::web::{Csrf, Sessions};

use super::desk::Desk;
use super::door::{self, Doors};
use super::pages::{
    activity, ending, events, export, login, network, rows, search, session, state, tail, user, who,
};
use super::{files, problem};

/// The whole console. From the inside out: the pages; what takes forms from the console's own pages only; the
/// sessions; the door; the pages for errors; the headers.
pub(super) fn site(
    desk: Arc<Desk>,
    doors: Doors,
    sessions: Sessions,
) -> impl Endpoint<Output = Response> + 'static {
    let inner = Arc::new(routes().with(Csrf::new()).data(desk).with(sessions).map_to_response());
    poem::endpoint::make(move |request| {
        let (inner, doors) = (Arc::clone(&inner), doors.clone());
        async move {
            let guarded = poem::endpoint::make(move |request| {
                let (inner, doors) = (Arc::clone(&inner), doors.clone());
                async move { door::guard(&doors, &inner, request).await }
            });
            Ok::<_, poem::Error>(door::dress(problem::answer(&guarded, request).await))
        }
    })
    .map_to_response()
}

fn routes() -> Route {
    Route::new()
        .at("/", get(search::home))
        .at("/find", get(search::find))
        .at("/users", get(user::show))
        .at("/users/end", get(ending::confirm_all).post(ending::end_all))
        .at("/events", get(events::show))
        .at("/network", get(network::show))
        .at("/export", get(export::file))
        .at("/who", get(who::show))
        .at("/activity", get(activity::show))
        .at("/tail", get(tail::show))
        .at("/tail/lines", get(tail::follow))
        .at("/sessions/:session", get(session::show))
        .at("/sessions/:session/rows", get(rows::show))
        .at("/sessions/:session/end", get(ending::confirm).post(ending::end_one))
        .at("/sessions/:session/steps/:version", get(state::show))
        .at("/login", get(login::ask).post(login::log_in))
        .at("/logout", post(login::log_out))
        .at("/console.css", get(files::style))
        .at("/console.js", get(files::script))
        .at("/icon.svg", get(files::icon))
}
