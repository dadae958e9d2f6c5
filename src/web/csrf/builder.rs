//! Settings of the middleware, and what may be wrong with them.

use std::fmt;
use std::sync::Arc;

use poem::error::RouteError;
use poem::{EndpointExt, IntoEndpoint};

use super::Csrf;
use super::exempt::{Exempt, Exempted};
use super::settings::Settings;
use crate::plain_debug::plain_debug;
use crate::request::OriginError;
use crate::request::forgery::Rule;
use crate::request::origin::Origin;

/// Collects the settings of [`Csrf`]; [`build`](Self::build) checks them.
#[derive(Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct CsrfBuilder {
    is_strict: bool,
    trusted: Vec<String>,
    exempt: Vec<(String, Exempted)>,
    asks_token: bool,
    is_log_only: bool,
}

/// Settings that cannot be followed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CsrfSettingsError {
    /// A trusted origin that no browser would send.
    #[error(transparent)]
    Origin(#[from] OriginError),
    /// An exempt endpoint whose path poem cannot route, or that is there twice.
    #[error("the exempt endpoint at `{path}` cannot be routed: {cause}")]
    Route {
        /// Its path.
        path: String,
        /// What is wrong with it.
        cause: RouteError,
    },
}

plain_debug!(CsrfSettingsError);

impl Csrf {
    /// Settings of the middleware, to be changed before it is built.
    pub fn builder() -> CsrfBuilder {
        CsrfBuilder::default()
    }
}

impl CsrfBuilder {
    /// Passes only what comes from the own pages for sure, as the table at [`Csrf`] says. Programs that are
    /// no browsers send no `Sec-Fetch-Site`, and are refused too unless they bring a token. Trust the
    /// application's own origin to let requests pass that name it without `Sec-Fetch-Site`.
    pub fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Lets the pages of another origin send requests, as if they were the application's own. It is written
    /// as browsers send it: `https://pay.example`, without a path.
    ///
    /// Behind a proxy that changes `Host`, trust the application's own origin.
    pub fn trust(mut self, origin: &str) -> Self {
        self.trusted.push(origin.to_owned());
        self
    }

    /// Serves this endpoint at this path, unchecked, in place of whatever the application has there: for
    /// other sites and programs that prove in another way who they are. Such an endpoint should not look at
    /// the session. The path is the one that the middleware sees, with poem's patterns, and stands for all
    /// methods.
    ///
    /// ```
    /// # use session_ledger::web::{Csrf, CsrfSettingsError};
    /// # use poem::{handler, post};
    /// # #[handler] fn paid() {}
    /// let csrf = Csrf::builder().exempt("/payments/news", post(paid)).build()?;
    /// # Ok::<(), CsrfSettingsError>(())
    /// ```
    pub fn exempt<E>(mut self, path: &str, endpoint: E) -> Self
    where
        E: IntoEndpoint,
        E::Endpoint: 'static,
    {
        self.exempt.push((path.to_owned(), Arc::new(endpoint.map_to_response().boxed())));
        self
    }

    /// Asks each request of a session for the session's token too, whatever its headers say (NIST SP 800-63B,
    /// section 5.1). To ask it of some routes only, put a second [`Csrf`] around these.
    pub fn ask_token(mut self) -> Self {
        self.asks_token = true;
        self
    }

    /// Refuses nothing. Each request that would be refused is told as an
    /// [`Incident`](crate::web::Incident::RequestForged), to see what a live application would lose.
    pub fn log_only(mut self) -> Self {
        self.is_log_only = true;
        self
    }

    /// The middleware.
    ///
    /// # Errors
    ///
    /// A trusted origin is not written as browsers write it, or the path of an exempt endpoint cannot be
    /// routed.
    pub fn build(self) -> Result<Csrf, CsrfSettingsError> {
        let trusted = self.trusted.iter().map(|origin| Origin::parse(origin)).collect::<Result<_, _>>()?;
        let settings = Settings {
            rule: Rule { is_strict: self.is_strict, trusted },
            asks_token: self.asks_token,
            is_log_only: self.is_log_only,
            exempt: routed(self.exempt)?,
        };
        Ok(Csrf { settings: Arc::new(settings) })
    }
}

fn routed(endpoints: Vec<(String, Exempted)>) -> Result<Option<Exempt>, CsrfSettingsError> {
    let mut exempt = None;
    for (path, endpoint) in endpoints {
        let router = exempt.unwrap_or_else(Exempt::new);
        let added = router.at(&path, endpoint);
        exempt = Some(added.map_err(|cause| CsrfSettingsError::Route { path, cause })?);
    }
    Ok(exempt)
}

impl fmt::Debug for CsrfBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exempt: Vec<_> = self.exempt.iter().map(|(path, _)| path).collect();
        let mut builder = f.debug_struct("CsrfBuilder");
        builder.field("is_strict", &self.is_strict).field("trusted", &self.trusted);
        builder.field("exempt", &exempt).field("asks_token", &self.asks_token);
        builder.field("is_log_only", &self.is_log_only).finish()
    }
}
