//! A browser whose requests and answers travel in any order.

use std::sync::{Arc, Mutex};

use poem::http::{Method, StatusCode, header};
use test_support::{Answer, App, Visitor};

pub(crate) const NAME: &str = "__Host-session";

/// How often a person lets the browser send a request again before they give up.
pub(crate) const HOPS_MAX: usize = 3;

/// The answer of an application that does not redirect: its page sends the request again.
pub(crate) const SEND_AGAIN: &str = "You have just signed in. Please send this again.";

/// A browser. Its clones share one jar.
#[derive(Clone)]
pub(crate) struct Browser {
    /// The same application in two processes.
    apps: [App; 2],
    jar: Arc<Mutex<Option<String>>>,
}

/// A request on its way, with the cookie that the browser had when it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) path: String,
    pub(crate) cookie: Option<String>,
    pub(crate) hops: usize,
}

impl Browser {
    pub(crate) fn new(apps: [App; 2]) -> Self {
        Self { apps, jar: Arc::default() }
    }

    /// The value of its cookie.
    pub(crate) fn cookie(&self) -> Option<String> {
        self.jar.lock().unwrap().clone()
    }

    /// Another browser, with this cookie.
    pub(crate) fn with_cookie(&self, cookie: Option<String>) -> Self {
        Self { apps: self.apps.clone(), jar: Arc::new(Mutex::new(cookie)) }
    }

    /// Sends a request. It is not yet there.
    pub(crate) fn send(&self, path: &str) -> Sent {
        Sent { path: path.to_owned(), cookie: self.cookie(), hops: 0 }
    }

    /// Lets a request arrive at one of the processes, and returns the answer. It is not yet back.
    pub(crate) async fn arrive(&self, sent: &Sent, process: usize) -> Answer {
        let visitor = Visitor::new(&self.apps[process]);
        if let Some(cookie) = &sent.cookie {
            visitor.put_cookie(NAME, cookie.as_bytes());
        }
        let is_read = matches!(sent.path.as_str(), "/show" | "/me");
        let method = if is_read { Method::GET } else { Method::POST };
        visitor.call(visitor.request(method, &sent.path, "")).await
    }

    /// Takes an answer: keeps its cookie, and sends the request again if the answer asks for it.
    pub(crate) fn take(&self, sent: &Sent, answer: &Answer) -> Option<Sent> {
        for line in answer.set_cookies() {
            let (pair, attributes) = line.split_once(';').unwrap();
            let value = pair.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('=')).unwrap();
            let is_removal = attributes.contains("Max-Age=0");
            *self.jar.lock().unwrap() = (!is_removal).then(|| value.to_owned());
        }
        let is_redirect = answer.status == StatusCode::TEMPORARY_REDIRECT;
        if is_redirect {
            assert_eq!(answer.headers[header::LOCATION], sent.path.as_str());
        }
        let is_asked = (is_redirect || answer.body == SEND_AGAIN) && sent.hops < HOPS_MAX;
        is_asked.then(|| Sent { hops: sent.hops + 1, ..self.send(&sent.path) })
    }

    /// Sends a request and takes its answer, as often as that asks for it.
    pub(crate) async fn visit(&self, path: &str) -> Answer {
        let mut sent = self.send(path);
        loop {
            let answer = self.arrive(&sent, 0).await;
            match self.take(&sent, &answer) {
                Some(again) => sent = again,
                None => return answer,
            }
        }
    }
}
