//! Work that may take long, such as a verification, and a server that falls silent meanwhile.
//!
//! A server that works on a large statement says as little as one that has stopped. So while an answer is
//! outstanding, another connection is opened now and then: a server that lets it in, or says why not, is
//! there.

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use tokio::time::{sleep, timeout};

use super::deadline::ANSWER;
use super::pool::Pool;
use crate::store::error::Error;

/// How long one step may take, though the server is there.
const STEP_MAX: Duration = Duration::from_secs(60 * 60);

/// Waits for the outcome of a `step` of long work. After [`ANSWER`] without it, and each time again, this
/// makes sure that the server of `pool` is there. If it is not, `step` is dropped, with its connection.
pub(crate) async fn watched<T, E: From<Error>>(
    pool: &Pool,
    step: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let silence = async {
        loop {
            sleep(ANSWER).await;
            if !pool.is_server_there().await {
                return;
            }
        }
    };
    let step = pin!(step);
    tokio::select! { biased;
        done = step => done,
        given_up = timeout(STEP_MAX, silence) => Err(match given_up {
            Ok(()) => Error::silent(),
            Err(_) => Error::endless(STEP_MAX),
        }.into()),
    }
}

/// A connection for long work. It is closed when it is dropped. Clones share it.
#[derive(Clone)]
pub(crate) struct Watched {
    client: Arc<ClientWrapper>,
    pool: Pool,
}

impl Watched {
    /// `client` is a connection to the server of `pool`, and not in the pool.
    pub(crate) fn new(client: ClientWrapper, pool: &Pool) -> Self {
        Self { client: Arc::new(client), pool: pool.clone() }
    }

    /// Waits for statements on it, as [`watched`] does.
    pub(crate) async fn step<T>(
        &self,
        statements: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        watched(&self.pool, statements).await
    }

    /// Runs statements that return nothing.
    pub(crate) async fn run(&self, text: &str) -> Result<(), Error> {
        self.step(async { Ok(self.client.batch_execute(text).await?) }).await
    }
}

impl Deref for Watched {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        &self.client
    }
}
