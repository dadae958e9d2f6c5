//! Routes whose plain reads may be answered by what the process has known for a while.

use std::fmt;
use std::time::Duration;

use poem::middleware::{AddData, AddDataEndpoint};
use poem::{Endpoint, Middleware, Request};

use crate::request::visit::Visit;

/// Gives up that a route's plain reads are of the present: they may be answered by the session as the process
/// knew it up to `bound` ago, without a round trip. Put it around the routes where that does no harm.
///
/// Meanwhile another process may have changed the session, **or ended it**: for up to `bound` such a route
/// still shows a page to somebody who is signed out. What this process itself has written is seen at once.
///
/// ```
/// use std::time::Duration;
///
/// use poem::{EndpointExt, Route, get, handler};
/// use session_ledger::web::{Session, StaleReads};
///
/// #[handler]
/// fn menu(session: Session) -> String {
///     format!("signed in: {}", session.user().is_some())
/// }
///
/// let app = Route::new().at("/menu", get(menu).with(StaleReads::up_to(Duration::from_millis(500))));
/// # let _ = app;
/// ```
///
/// A request that does more than read is served as on any other route: one whose method says that it writes,
/// and one whose handler asks for a [`Tx`](super::Tx), changes the session, or demands a recent proof
/// ([`Recent`](super::Recent), [`SignedIn::demand`](super::SignedIn::demand)). Its answer leaves only if what
/// its handler saw was current.
///
/// It needs [`known_sessions`](super::SessionsBuilder::known_sessions), whose age bounds it too, and has no
/// effect where those are off or a request has to load. Of nested ones the inner one holds; zero loads.
#[derive(Clone, Copy, Debug)]
pub struct StaleReads {
    bound: Duration,
}

/// The bound, among the data of a request.
#[derive(Clone, Copy)]
struct Bound(Duration);

impl StaleReads {
    /// Lets plain reads be as old as this.
    pub fn up_to(bound: Duration) -> Self {
        Self { bound }
    }
}

impl<E: Endpoint> Middleware<E> for StaleReads {
    type Output = StaleReadsEndpoint<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        StaleReadsEndpoint(AddData::new(Bound(self.bound)).transform(endpoint))
    }
}

/// The endpoint that [`StaleReads`] makes.
pub struct StaleReadsEndpoint<E>(AddDataEndpoint<E, Bound>);

impl<E> fmt::Debug for StaleReadsEndpoint<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaleReadsEndpoint").finish_non_exhaustive()
    }
}

impl<E: Endpoint> Endpoint for StaleReadsEndpoint<E> {
    type Output = E::Output;

    async fn call(&self, request: Request) -> poem::Result<Self::Output> {
        self.0.call(request).await
    }
}

/// Tells the visit of a request how old a plain read may be on its route.
pub(super) fn tell_bound(request: &Request, visit: &Visit) {
    if let Some(Bound(bound)) = request.data::<Bound>() {
        visit.may_be_stale_by(*bound);
    }
}
