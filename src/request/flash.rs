//! Messages for the next page.

use super::{Session, SessionError};
use crate::session::{Flash, Wish};

/// Messages for the next page.
impl Session {
    /// Queues a message for the next page. If the same message waits in the queue already, nothing is
    /// written. It waits over redirects until a page takes it.
    ///
    /// ```
    /// use poem::web::Redirect;
    /// use poem::{Result, handler};
    /// use session_ledger::session::Flash;
    /// use session_ledger::web::Session;
    ///
    /// #[handler]
    /// fn order(session: Session) -> Result<Redirect> {
    ///     session.flash("", Flash::success("Your order is on its way."))?;
    ///     Ok(Redirect::see_other("/orders"))
    /// }
    ///
    /// #[handler]
    /// fn orders(session: Session) -> Result<String> {
    ///     let said = session.take_flash("")?.into_iter();
    ///     Ok(said.map(|flash| format!("{}: {flash}\n", flash.level)).collect())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The session would hold more than its limit.
    #[doc(alias("push_flash", "add_flash", "add_message"))]
    pub fn flash(&self, queue: &str, message: impl Into<Flash>) -> Result<(), SessionError> {
        self.wish(Wish::AddFlash { queue: queue.to_owned(), message: message.into() })
    }

    /// Takes the messages of a queue, for a page that shows them. They stay if the request is rolled back.
    ///
    /// They stay too, and will be shown again, where this page may never be seen: in answer to a HEAD, and to
    /// a browser that loads a page before anybody has asked for it (`Sec-Purpose: prefetch`). A handler that
    /// answers with a redirect shows nothing, and should not take them.
    ///
    /// # Errors
    ///
    /// None that a live session gives.
    #[doc(alias("pop_flash", "get_messages"))]
    pub fn take_flash(&self, queue: &str) -> Result<Vec<Flash>, SessionError> {
        let messages = self.peek_flash(queue);
        if !self.visit.arrival.may_stay_unseen() {
            self.wish(Wish::TakeFlash { queue: queue.to_owned() })?;
        }
        Ok(messages)
    }

    /// The messages of a queue, which stay in it.
    pub fn peek_flash(&self, queue: &str) -> Vec<Flash> {
        self.state(|state| state.content.flashes.get(queue).cloned().unwrap_or_default())
    }
}
