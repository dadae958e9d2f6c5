//! An API whose document says what sessions answer: 401 where somebody must be signed in, 409 where the session
//! has ended meanwhile, 503 where the database is away.

use poem::{FromRequest, Request, RequestBody};
use poem_openapi::registry::{MetaResponse, MetaResponses, MetaSecurityScheme, Registry};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object, OpenApi, OpenApiService,
    payload::Json,
};
use session_ledger::web::SessionError;
use session_ledger::{Key, Session, SignedIn, UserId};

const CART: Key<Vec<String>> = Key::new("cart");

/// The API, to be put under a path of the routes.
pub fn service() -> OpenApiService<Api, ()> {
    OpenApiService::new(Api, "Shop", "1.0").server("/api")
}

/// A login, as a form sends it.
#[derive(Debug, Object)]
pub struct Login {
    /// The user's name. A real application checks a password.
    user: String,
}

/// What is in the cart.
#[derive(Debug, Object)]
pub struct Cart {
    /// Names, in the order in which they were put there.
    items: Vec<String>,
}

/// The operations of the API.
#[derive(Debug)]
pub struct Api;

#[OpenApi]
impl Api {
    /// Signs a user in.
    #[oai(path = "/login", method = "post")]
    async fn login(&self, session: Session, login: Json<Login>) -> Answer<()> {
        Ok(session.login(login.0.user)?)
    }

    /// Puts an item into the cart of any visitor.
    #[oai(path = "/cart", method = "post")]
    async fn add(&self, session: Session, item: Json<String>) -> Answer<Json<Cart>> {
        let items = session.update(&CART, |cart| {
            cart.push(item.0);
            cart.clone()
        })?;
        Ok(Json(Cart { items }))
    }

    /// Whose account this is.
    #[oai(path = "/account", method = "get")]
    async fn account(&self, member: Member) -> Answer<Json<String>> {
        Ok(Json(member.user().to_string()))
    }
}

/// An answer of an operation, or one of those that each session may give.
pub type Answer<T> = Result<T, Refused>;

/// An error of a session, which the document knows of. It keeps the error itself: by that the middleware tells
/// whether the request should run again.
#[derive(Debug)]
pub struct Refused(poem::Error);

impl ApiResponse for Refused {
    fn meta() -> MetaResponses {
        let answers = [
            (401, "Nobody is signed in."),
            (409, "The session has ended, or a login has replaced the cookie: load the page again."),
            (503, "The database is away: try again after the seconds in Retry-After."),
        ];
        let response = |(status, description)| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: Vec::new(),
            headers: Vec::new(),
        };
        MetaResponses { responses: answers.map(response).into() }
    }

    fn register(_: &mut Registry) {}
}

impl From<Refused> for poem::Error {
    fn from(refused: Refused) -> Self {
        refused.0
    }
}

impl From<poem::Error> for Refused {
    fn from(error: poem::Error) -> Self {
        Self(error)
    }
}

impl From<SessionError> for Refused {
    fn from(error: SessionError) -> Self {
        Self(error.into())
    }
}

/// [`SignedIn`], which poem-openapi takes as it is; this one also says in the document that the operation needs
/// the session's cookie.
#[derive(Debug)]
pub struct Member(SignedIn);

impl Member {
    /// The user who is signed in.
    pub fn user(&self) -> &UserId {
        self.0.user()
    }
}

impl<'a> ApiExtractor<'a> for Member {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        let scheme = MetaSecurityScheme {
            ty: "apiKey",
            description: Some("The cookie of a session that somebody has signed in to."),
            name: Some("__Host-session"),
            key_in: Some("cookie"),
            scheme: None,
            bearer_format: None,
            flows: None,
            openid_connect_url: None,
        };
        registry.create_security_scheme("session", scheme);
    }

    fn security_schemes() -> Vec<&'static str> {
        vec!["session"]
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        Ok(Self(<SignedIn as FromRequest>::from_request(request, body).await?))
    }
}
