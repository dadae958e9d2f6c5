//! What a handler adds to the trail of its session: facts of its own, and logins that failed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Session, SessionError};
use crate::session::{FailedLogin, Note, Noted, Wish};

/// The trail.
impl Session {
    /// Keeps a fact of the application's own in the session's history. It is committed with the request, or
    /// not at all. [`Ledger::note`](crate::Ledger::note) does so outside of a request.
    ///
    /// ```
    /// use poem::{Result, handler};
    /// use serde::{Deserialize, Serialize};
    /// use session_ledger::Note;
    /// use session_ledger::web::SignedIn;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Export {
    ///     rows: u32,
    /// }
    ///
    /// const EXPORTED: Note<Export> = Note::new("export_downloaded");
    ///
    /// #[handler]
    /// fn export(session: SignedIn) -> Result<&'static str> {
    ///     session.note(&EXPORTED, &Export { rows: 2 })?;
    ///     Ok("name,price\ntea,3\n")
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The fact has no JSON, or the note is larger than [`Note::BYTES_MAX`].
    pub fn note<T>(&self, note: &Note<T>, fact: &T) -> Result<(), SessionError>
    where
        T: Serialize + DeserializeOwned + 'static,
    {
        self.wish(Wish::Note(Noted::new(note.name().to_owned(), note.encode(fact)?)))
    }

    /// Keeps a plain text in the session's history, under a name. It is the same as a [`note`](Self::note) of
    /// the type `Note<String>`.
    ///
    /// # Errors
    ///
    /// As [`note`](Self::note).
    pub fn note_text(&self, name: &str, text: &str) -> Result<(), SessionError> {
        self.wish(Wish::Note(Noted::of_text(name, text)))
    }

    /// Records that a login has failed, in the trail of the sessions: who was tried, why it was refused, and
    /// the request's client. The application has looked at the secret and decides; this is for the trail
    /// alone.
    ///
    /// It is written once the answer is decided, by a statement of its own: also if the request is answered
    /// 401 and rolled back, and once if the request runs several times. It makes no request fail or wait. If
    /// the database is away, the log and a metric say so, and the next failed login says how many are
    /// missing. A login that a limit or a disabled account stands in the way of
    /// ([`LoginRefused`](crate::web::LoginRefused)) is recorded by itself.
    ///
    /// ```
    /// use poem::http::StatusCode;
    /// use poem::{Error, Result, handler};
    /// use session_ledger::session::FailedLogin;
    /// use session_ledger::web::Session;
    ///
    /// # fn is_right(_: &str) -> bool { false }
    /// #[handler]
    /// fn sign_in(session: Session, secret: String) -> Result<&'static str> {
    ///     if !is_right(&secret) {
    ///         session.login_failed(FailedLogin::of("alice"));
    ///         return Err(Error::from_status(StatusCode::UNAUTHORIZED));
    ///     }
    ///     session.login("alice")?;
    ///     Ok("welcome")
    /// }
    /// ```
    pub fn login_failed(&self, failed: FailedLogin) {
        self.visit.login_failed(failed);
    }
}
