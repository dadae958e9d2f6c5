//! A receiver of webhooks that answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use poem::http::{HeaderMap, StatusCode, Uri};
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::Data;
use poem::{Body, EndpointExt, Response, Route, Server, handler};

/// What has come, and what is answered.
#[derive(Clone, Default)]
pub(crate) struct Receiver(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    posts: Vec<Post>,
    answers: VecDeque<Answer>,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The status of an answer, and its header.
type Answer = (u16, Option<(&'static str, String)>);

impl Receiver {
    /// Starts to receive; returns the address, too.
    pub(crate) async fn start() -> (Self, String) {
        let receiver = Self::default();
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let address = acceptor.local_addr()[0].as_socket_addr().unwrap().to_string();
        let routes = Route::new().at("/*path", poem::post(receive).get(receive)).data(receiver.clone());
        tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
        (receiver, address)
    }

    /// Answers the next requests so, one after the other. Those behind them are taken.
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Answer>) {
        self.0.lock().unwrap().answers.extend(answers);
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.0.lock().unwrap().posts.clone()
    }
}

#[handler]
async fn receive(Data(receiver): Data<&Receiver>, uri: &Uri, headers: &HeaderMap, body: Body) -> Response {
    let body = body.into_vec().await.unwrap();
    let mut inner = receiver.0.lock().unwrap();
    inner.posts.push(Post { uri: uri.clone(), headers: headers.clone(), body });
    let (status, header) = inner.answers.pop_front().unwrap_or((204, None));
    let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
    if let Some((name, value)) = header {
        response = response.header(name, value);
    }
    response.finish()
}
