//! The connection to a NATS server, and what is heard on it.

use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, Message, ServerError, Subscriber};
use futures_util::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::stream::{self, Wanted};
use crate::relay::sink::address::Address;
use crate::relay::sink::tls;

/// A connection on which the stream has been found. It comes back by itself when it is lost: one connection
/// keeps the order, whatever waits in it.
pub(super) struct Line {
    pub(super) client: Client,
    /// Acknowledgements come to subjects under this one.
    pub(super) inbox: String,
    answers: Subscriber,
    troubles: UnboundedReceiver<Heard>,
    calls: u64,
}

pub(super) enum Heard {
    /// The server's answer to the `nth` event of a call.
    Answer { call: u64, nth: usize, message: Message },
    /// The server's words, which quote the subject that may not be published to.
    Forbidden(String),
    /// The connection was lost.
    Lost,
}

impl Line {
    pub(super) async fn open(address: &Address, wanted: &Wanted, name: &str) -> Result<Self, String> {
        let (sender, troubles) = unbounded_channel();
        let mut options = ConnectOptions::new().name("session-ledger relay").event_callback(move |event| {
            // Nobody listens any more when the line is dropped.
            if let Some(trouble) = trouble(event) {
                drop(sender.send(trouble));
            }
            async {}
        });
        options = options.connection_timeout(address.timeout).request_timeout(Some(address.timeout));
        if let Some(user) = &address.user {
            let password = address.password().unwrap_or_default().to_owned();
            options = options.user_and_password(user.clone(), password);
        } else if let Some(token) = address.password() {
            options = options.token(token.to_owned());
        }
        if address.encrypted {
            options = options.tls_client_config(tls::verifying()?).require_tls(true);
        }
        let client = options.connect(format!("nats://{}", address.place())).await;
        let client = client.map_err(|error| refusal(name, address, &error))?;
        let inbox = client.new_inbox();
        let failed = |error| format!("{name}: {error}");
        let answers =
            client.subscribe(format!("{inbox}.*.*")).await.map_err(|error| failed(error.to_string()))?;
        stream::find_or_make(&client, wanted, name).await?;
        Ok(Self { client, inbox, answers, troubles, calls: 0 })
    }

    pub(super) fn is_up(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Begins a call: what was heard before is of no more use.
    pub(super) fn next_call(&mut self) -> u64 {
        while self.troubles.try_recv().is_ok() {}
        self.calls += 1;
        self.calls
    }

    /// Waits for the next answer or trouble.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            tokio::select! {
                message = self.answers.next() => match message {
                    None => return Heard::Lost,
                    Some(message) => {
                        if let Some(heard) = answer(message) {
                            return heard;
                        }
                    }
                },
                trouble = self.troubles.recv() => return trouble.unwrap_or(Heard::Lost),
            }
        }
    }
}

/// The last two parts of the subject are the numbers of the call and of the event.
fn answer(message: Message) -> Option<Heard> {
    let mut parts = message.subject.rsplit('.');
    let (nth, call) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Heard::Answer { call, nth, message })
}

fn trouble(event: Event) -> Option<Heard> {
    match event {
        Event::Disconnected | Event::Closed => Some(Heard::Lost),
        Event::ServerError(ServerError::Other(words)) => Some(Heard::Forbidden(words)),
        _ => None,
    }
}

fn refusal(name: &str, address: &Address, error: &async_nats::ConnectError) -> String {
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            let user =
                address.user.as_deref().map_or_else(|| "us".to_owned(), |user| format!("the user `{user}`"));
            format!(
                "{name} refuses {user}: {error}; SESSION_LEDGER_RELAY_PASSWORD or `password-file` holds the password"
            )
        }
        _ => format!("{name} cannot be reached: {error}"),
    }
}
