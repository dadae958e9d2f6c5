//! A handler that panics: `CatchPanic` answers 500, and nothing of what the handler did is kept.

use poem::{Endpoint, FromRequest, Request, Result};
use session_ledger::{Key, Session};

const COUNT: Key<u32> = Key::new("count");

/// Changes its session, and panics.
#[derive(Debug)]
pub struct Panics;

impl Endpoint for Panics {
    type Output = String;

    #[expect(clippy::panic, reason = "to show what becomes of it")]
    async fn call(&self, request: Request) -> Result<String> {
        let session = Session::from_request_without_body(&request).await?;
        let count = session.update(&COUNT, |count| {
            *count += 1;
            *count
        })?;
        panic!("the handler has counted to {count}")
    }
}
