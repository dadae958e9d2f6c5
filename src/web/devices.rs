//! "Your devices and recent activity", as a part of an application.

mod page;
mod plain_page;

use std::fmt;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::error::NotFoundError;
use poem::web::{Data, Path, Redirect};
use poem::{EndpointExt, IntoEndpoint, IntoResponse, Request, Response, Result, Route, get, handler, post};

use super::SignedIn;
use crate::Ledger;
use crate::ledger::End;
use crate::session::{EndReason, Flash, SessionId, StepUp, UserId};
pub use page::{Activity, Device, DevicesPage};

/// How recently users must have proved who they are to sign another device out, in seconds.
const RECENT: u32 = 900;

/// The page of an application's own.
type Page = Box<dyn Fn(&SignedIn, &DevicesPage) -> Result<Response> + Send + Sync>;

/// A page on which signed-in users see on which devices they are signed in and what happened lately, and sign
/// devices out (ASVS 7.5.2). Put it inside of [`Sessions`](super::Sessions) and [`Csrf`](super::Csrf).
///
/// ```no_run
/// use poem::Route;
/// use session_ledger::Ledger;
/// use session_ledger::web::Devices;
///
/// fn routes(ledger: Ledger) -> Route {
///     Route::new().nest("/devices", Devices::of(ledger))
/// }
/// ```
///
/// | route below | does |
/// |---|---|
/// | `GET /` | the page |
/// | `POST /:session/end` | signs one device out |
/// | `POST /end-others` | signs out all but this one |
///
/// A session of somebody else is answered as one that does not exist, 404. Who is not signed in gets
/// [`NotSignedIn`](super::NotSignedIn), and who must prove again who they are
/// [`StepUpRequired`](super::StepUpRequired): both are 401, and an application that catches them leads to its
/// login. While a supporter acts as a user, they see the user's devices, and the history names the supporter
/// as the one who signs them out.
#[must_use = "it is a part of an application's routes"]
pub struct Devices {
    desk: Desk,
}

/// What the handlers work with.
struct Desk {
    ledger: Ledger,
    page: Option<Page>,
    queue: String,
    after_sign_out: String,
    demanded: Option<StepUp>,
}

impl Devices {
    /// The page of the users of this ledger.
    pub fn of(ledger: Ledger) -> Self {
        let (queue, after_sign_out) = ("devices".to_owned(), "/".to_owned());
        let demanded = Some(StepUp::within(RECENT));
        Self { desk: Desk { ledger, page: None, queue, after_sign_out, demanded } }
    }

    /// A page of the application's own, in place of the plain one. It gets the session, as its frame may show
    /// more of it, and all that is to be shown. Texts are those of browsers and users: escape them.
    ///
    /// ```no_run
    /// use poem::IntoResponse;
    /// use poem::web::Html;
    /// use session_ledger::Ledger;
    /// use session_ledger::web::{Devices, DevicesPage, SignedIn};
    ///
    /// fn devices(ledger: Ledger) -> Devices {
    ///     Devices::of(ledger).page(|session: &SignedIn, page: &DevicesPage| {
    ///         let live = page.live.len();
    ///         Ok(Html(format!("<h1>{live} devices</h1>")).into_response())
    ///     })
    /// }
    /// ```
    pub fn page(
        mut self,
        page: impl Fn(&SignedIn, &DevicesPage) -> Result<Response> + Send + Sync + 'static,
    ) -> Self {
        self.desk.page = Some(Box::new(page));
        self
    }

    /// The queue of flash messages that says what was done; `devices` unless set. A page of the application's
    /// own takes them from there.
    pub fn messages_in(mut self, queue: impl Into<String>) -> Self {
        self.desk.queue = queue.into();
        self
    }

    /// Where users are led who have signed this very device out; `/` unless set.
    pub fn after_sign_out(mut self, path: impl Into<String>) -> Self {
        self.desk.after_sign_out = path.into();
        self
    }

    /// What users must prove to sign another device out; a login of the last 15 minutes unless set, and
    /// `None` for nothing. ASVS 7.5.2 asks for at least one factor anew.
    pub fn demand(mut self, demanded: impl Into<Option<StepUp>>) -> Self {
        self.desk.demanded = demanded.into();
        self
    }
}

impl fmt::Debug for Devices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Devices").field("messages_in", &self.desk.queue).finish_non_exhaustive()
    }
}

impl IntoEndpoint for Devices {
    type Endpoint = BoxEndpoint<'static, Response>;

    fn into_endpoint(self) -> Self::Endpoint {
        Route::new()
            .at("/", get(show_page))
            .at("/:session/end", post(end_one))
            .at("/end-others", post(end_others))
            .data(Arc::new(self.desk))
            .map_to_response()
            .boxed()
    }
}

#[handler]
async fn show_page(session: SignedIn, Data(desk): Data<&Arc<Desk>>, request: &Request) -> Result<Response> {
    let page = DevicesPage::of(&desk.ledger, &session, place(request)).await?;
    match &desk.page {
        Some(render) => render(&session, &page),
        None => plain_page::render(&session, &page, &desk.queue),
    }
}

/// Signs one device out. Once this has answered, no request of that device takes effect.
#[handler]
async fn end_one(
    session: SignedIn,
    Data(desk): Data<&Arc<Desk>>,
    request: &Request,
    Path(id): Path<String>,
) -> Result<Response> {
    let id: SessionId = id.parse().map_err(|_| NotFoundError)?;
    if session.id() == Some(id) {
        session.logout()?;
        return Ok(to(&desk.after_sign_out));
    }
    let user = session.user();
    let found = desk.ledger.session_of(user, id).await?.ok_or(NotFoundError)?;
    desk.check(&session)?;
    let device = Device::of(found, session.id());
    let said = if desk.ledger.end(id, desk.revocation(&session).of(user.clone())).await? {
        Flash::success(format!("{} ({}) is signed out now.", device.browser(), device.short()))
    } else {
        Flash::warning(format!("{} ({}) was signed out already.", device.browser(), device.short()))
    };
    session.flash(&desk.queue, said)?;
    Ok(to(&place(request)))
}

/// Signs out all devices but this one.
#[handler]
async fn end_others(session: SignedIn, Data(desk): Data<&Arc<Desk>>, request: &Request) -> Result<Response> {
    desk.check(&session)?;
    let end = desk.revocation(&session).keep(session.id());
    let said = match desk.ledger.end_all(session.user(), end).await? {
        0 => Flash::info("No other device was signed in."),
        1 => Flash::success("One other device is signed out now."),
        count => Flash::success(format!("{count} other devices are signed out now.")),
    };
    session.flash(&desk.queue, said)?;
    Ok(to(&place(request)))
}

impl Desk {
    fn check(&self, session: &SignedIn) -> Result<()> {
        match &self.demanded {
            Some(demanded) => Ok(session.demand(demanded)?),
            None => Ok(()),
        }
    }

    /// An end by whoever sits in front of the page.
    fn revocation(&self, session: &SignedIn) -> End {
        let actor: UserId = session.impersonator().unwrap_or_else(|| session.user().clone());
        End::because(EndReason::Revoked).by(actor)
    }
}

/// The path at which the application has put the page, without a slash at its end.
fn place(request: &Request) -> String {
    let (whole, below) = (request.original_uri().path(), request.uri().path());
    whole.strip_suffix(below).unwrap_or(whole).trim_end_matches('/').to_owned()
}

fn to(path: &str) -> Response {
    Redirect::see_other(if path.is_empty() { "/" } else { path }).into_response()
}
