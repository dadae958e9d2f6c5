//! The middleware against cross-site request forgery.

mod builder;
mod exempt;
mod proof;
mod refusal;
mod settings;

use std::fmt;
use std::sync::Arc;

use poem::http::{HeaderValue, header};
use poem::{Endpoint, IntoResponse, Middleware, Request, Response, Result};

pub use builder::{CsrfBuilder, CsrfSettingsError};
use settings::Settings;

/// The headers on which the answer to a checked request depends.
const VARY: HeaderValue = HeaderValue::from_static("Sec-Fetch-Site, Origin");

/// The middleware that refuses requests which another site has sent in its visitor's name (cross-site request
/// forgery; ASVS 3.5.1, CWE-352). It goes between the routes and [`Sessions`](super::Sessions):
///
/// ```
/// # use session_ledger::{Ledger, Sessions, token::KeyRing, web::Csrf};
/// # use poem::{handler, post, EndpointExt, Route};
/// # #[handler] fn order() {}
/// # fn app(ledger: Ledger, keys: KeyRing) -> impl poem::Endpoint {
/// Route::new().at("/order", post(order)).with(Csrf::new()).with(Sessions::new(ledger, keys))
/// # }
/// ```
///
/// A request that is refused is answered 403 ([`Forged`](super::Forged)) before any handler runs, is an
/// [`Incident`](super::Incident::RequestForged), and has done nothing. Forms of a login and a logout are
/// checked like all others. Nothing is stored for it, and forms need no token.
///
/// # What is refused
///
/// GET, HEAD and OPTIONS pass: they must change nothing (ASVS 3.5.3). A WebSocket begins with a GET, so its
/// handler must look at `Origin` itself. Of other methods the browser's word decides: `Sec-Fetch-Site`, which
/// all browsers send since 2023 to https and to their own machine, else `Origin`. A client that sends neither
/// is no browser, or one of before 2020.
///
/// The decisions of [`new`](Self::new) are those of `net/http.CrossOriginProtection` in Go 1.25. Rails 8.2
/// decides otherwise, and [`strict`](CsrfBuilder::strict) is stricter than both. In the table an `Origin` is
/// `own` if its host and port are those of `Host`, and `trusted` if the application has said so
/// ([`trust`](CsrfBuilder::trust)). Rails is told by its rule for the header (`:header_only`, over https).
///
/// | `Sec-Fetch-Site` | `Origin` | `Csrf::new` | `strict` | Rails 8.2 |
/// |---|---|---|---|---|
/// | `same-origin` | any | passes | passes | passes |
/// | `same-site` | trusted | passes | passes | passes |
/// | `same-site` | any other | refused | refused | passes |
/// | `cross-site` | trusted | passes | passes | passes |
/// | `cross-site` | any other | refused | refused | refused |
/// | `none` | absent or own | passes | token | refused |
/// | `none` | trusted | passes | passes | refused |
/// | `none` | any other | passes | refused | refused |
/// | another value | trusted | passes | passes | refused |
/// | another value | any other | refused | refused | refused |
/// | absent | absent or own | passes | token | refused |
/// | absent | trusted | passes | passes | refused |
/// | absent | any other | refused | refused | refused |
///
/// `token`: passes with the token of its session, and is refused without.
///
/// # Tokens
///
/// Where `strict` or [`ask_token`](CsrfBuilder::ask_token) asks for it, a form brings
/// [`Session::form_token`](super::Session::form_token) in its field `csrf_token`, and a script in the header
/// `X-CSRF-Token`. The field is read from forms of type `application/x-www-form-urlencoded` of at most
/// 64 KiB; other bodies need the header.
///
/// A visitor without a session gets no token: a cookie would have to be made for it, and a token without a
/// cookie is one that an attacker can fetch too. So `ask_token` asks nothing of a request without a session:
/// there is nothing of the visitor's to be touched, and the headers are checked all the same. `strict`
/// refuses it if the headers say nothing. So a form for visitors, a login say, is not for browsers of before
/// 2020 there.
///
/// # Exemptions
///
/// An endpoint that other sites may call, such as a payment service that posts its news, is given to
/// [`exempt`](CsrfBuilder::exempt) with its path, and is served from there. So the router that serves a
/// request is the one that exempts it, and no pattern beside it can exempt more than is meant
/// (CVE-2025-47910).
#[derive(Clone)]
#[doc(alias = "CrossOriginProtection")]
#[doc(alias = "protect_from_forgery")]
#[doc(alias = "xsrf")]
#[doc(alias("CsrfViewMiddleware", "set_default_csrf_options"))]
pub struct Csrf {
    settings: Arc<Settings>,
}

impl Csrf {
    /// Refuses what the table says, trusts no other origin, and asks for no token.
    pub fn new() -> Self {
        Self { settings: Arc::default() }
    }
}

impl Default for Csrf {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Csrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Csrf").field("rule", &self.settings.rule).finish_non_exhaustive()
    }
}

impl<E: Endpoint> Middleware<E> for Csrf {
    type Output = CsrfEndpoint<E>;

    fn transform(&self, endpoint: E) -> Self::Output {
        CsrfEndpoint { endpoint, settings: Arc::clone(&self.settings) }
    }
}

/// The endpoint that [`Csrf`] makes.
pub struct CsrfEndpoint<E> {
    endpoint: E,
    settings: Arc<Settings>,
}

impl<E: fmt::Debug> fmt::Debug for CsrfEndpoint<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsrfEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl<E: Endpoint> Endpoint for CsrfEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Self::Output> {
        if let Some(exempt) = &self.settings.exempt
            && exempt.serves(&request).await
        {
            return exempt.call(request).await;
        }
        let is_checked = self.settings.check(&mut request).await?;
        let mut answer = self.endpoint.call(request).await?.into_response();
        let headers = answer.headers_mut();
        // A second one around the first need not repeat it.
        if is_checked && headers.get_all(header::VARY).iter().all(|value| *value != VARY) {
            headers.append(header::VARY, VARY);
        }
        Ok(answer)
    }
}
