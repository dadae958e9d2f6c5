//! `projector ssf serve` as a process, and a receiver that knows nothing of it but HTTP.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use projector::ssf::SigningKey;
use serde_json::{Value, json};
use session_ledger::Ledger;
use session_ledger::session::Policy;
use session_ledger::web::Sessions;
use tempfile::TempDir;
use test_support::{App, Database, Visitor, application, key_ring};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::config::Host;

use super::{key_file, verified};

/// How long anything here may take.
pub(crate) const BOUND: Duration = Duration::from_secs(90);

/// An application with a log, and a transmitter beside it.
pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) ledger: Ledger,
    app: App,
    folder: TempDir,
    arguments: Vec<&'static str>,
    child: Option<Child>,
    address: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// Null without a body.
    pub(crate) body: Value,
}

/// A receiver of the transmitter, with the token that it was given.
pub(crate) struct Caller {
    token: String,
    address: String,
}

impl Scene {
    /// With arguments for the transmitter.
    pub(crate) async fn start(arguments: &[&'static str]) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(Policy::default()).await;
        let app = application(Sessions::new(ledger.clone(), key_ring()));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("receivers"), "# who may have streams\n").unwrap();
        let (child, address) = (None, String::new());
        let arguments = arguments.to_vec();
        let mut scene = Self { database, ledger, app, folder, arguments, child, address };
        scene.start_again();
        scene
    }

    /// Starts the transmitter, on another port.
    pub(crate) fn start_again(&mut self) {
        let mut command = projector();
        command.env("DATABASE_URL", self.url()).args(["ssf", "serve", "--listen", "127.0.0.1:0"]);
        command.args(["--issuer", "https://shop.example", "--key"]).arg(key_file("pkcs8.pem"));
        command.arg("--receivers").arg(self.receivers()).args(&self.arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let address = said.trim_end().strip_prefix("Receivers are served as https://shop.example on http://");
        self.address = address.unwrap_or_else(|| panic!("{said}")).to_owned();
        self.child = Some(child);
    }

    /// Kills the transmitter: nothing of it is done any more.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks the transmitter to stop; returns its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap().code()
    }

    /// A new receiver, as an operator lets it in.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        let audience = format!("https://{name}.example/caep");
        let output = projector().args(["ssf", "receiver", name, &audience]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        OpenOptions::new().append(true).open(self.receivers()).unwrap().write_all(&output.stdout).unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let token = said.trim_end().rsplit(' ').next().unwrap().to_owned();
        assert!(!String::from_utf8_lossy(&output.stdout).contains(&token), "the file has no token");
        Caller { token, address: self.address.clone() }
    }

    /// The same receiver, of the transmitter that was started again.
    pub(crate) fn caller_again(&self, caller: &Caller) -> Caller {
        Caller { token: caller.token.clone(), address: self.address.clone() }
    }

    /// A user who logs in.
    pub(crate) async fn log_in(&self, user: &str) -> Visitor {
        let visitor = Visitor::new(&self.app);
        assert!(visitor.post(&format!("/login/{user}"), "").await.status.is_success());
        visitor
    }

    /// Makes sure that cursors and log agree.
    pub(crate) async fn verify(&self) {
        let mut command = projector();
        command.env("DATABASE_URL", self.url()).arg("verify");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn url(&self) -> String {
        let config = self.database.config();
        let host = match &config.get_hosts()[0] {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let user = config.get_user().unwrap();
        format!("host={host} port={port} user={user} dbname={}", self.database.name())
    }

    fn receivers(&self) -> PathBuf {
        self.folder.path().join("receivers")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Caller {
    /// Somebody whom the transmitter does not know.
    pub(crate) fn stranger(&self) -> Self {
        Self { token: "stranger".to_owned(), address: self.address.clone() }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        self.ask_with(method, path, "application/json", &body).await
    }

    pub(crate) async fn ask_with(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let (address, request) = (&self.address, self.request(method, path, kind, body));
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            // A body that is too large is refused before all of it is read.
            stream.write_all(request.as_bytes()).await.ok();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.ok();
            String::from_utf8(answer).unwrap()
        };
        let answer = tokio::time::timeout(BOUND, exchange).await.expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
        Answer { status, head: head.to_ascii_lowercase(), body }
    }

    /// Asks, and waits for no answer.
    pub(crate) async fn ask_and_hang_up(&self, method: &str, path: &str, body: &Value) {
        let request = self.request(method, path, "application/json", &body.to_string());
        TcpStream::connect(&self.address).await.unwrap().write_all(request.as_bytes()).await.unwrap();
    }

    fn request(&self, method: &str, path: &str, kind: &str, body: &str) -> String {
        let (token, length) = (&self.token, body.len());
        format!(
            "{method} {path} HTTP/1.1\r\nhost: shop.example\r\nauthorization: Bearer {token}\r\ncontent-type: {kind}\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    }

    /// Makes a stream that is polled; returns its id.
    pub(crate) async fn make(&self) -> String {
        let made = self.ask("POST", "/ssf/streams", Some(&json!({}))).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body["stream_id"].as_str().unwrap().to_owned()
    }

    /// Polls at once, with acknowledgements; returns the claims of the tokens.
    pub(crate) async fn poll(&self, stream: &str, acknowledged: &[String]) -> Vec<Value> {
        let asked = json!({ "returnImmediately": true, "ack": acknowledged });
        claims(&self.ask("POST", &format!("/ssf/poll/{stream}"), Some(&asked)).await)
    }

    /// Polls and acknowledges until nothing comes any more.
    pub(crate) async fn drain(&self, stream: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let got = self.poll(stream, &jtis(&all)).await;
            if got.is_empty() {
                return all;
            }
            all.extend(got);
        }
    }

    pub(crate) async fn set_status(&self, stream: &str, status: &str) -> Answer {
        self.ask("POST", "/ssf/status", Some(&json!({ "stream_id": stream, "status": status }))).await
    }
}

/// The verified claims of an answer to a poll.
pub(crate) fn claims(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let jwk = SigningKey::from_file(&key_file("pkcs8.pem")).unwrap().jwk();
    let sets = answer.body["sets"].as_object().unwrap();
    let read = |(jti, token): (&String, &Value)| {
        let (_, claims) = verified(token.as_str().unwrap(), &jwk);
        assert_eq!(claims["jti"], **jti);
        claims
    };
    sets.iter().map(read).collect()
}

pub(crate) fn jtis(claims: &[Value]) -> Vec<String> {
    claims.iter().map(|claims| claims["jti"].as_str().unwrap().to_owned()).collect()
}

/// The last word of the type of an event, and its user or stream.
pub(crate) fn told(claims: &Value) -> (String, String) {
    let kind = claims["events"].as_object().unwrap().keys().next().unwrap();
    let subject = &claims["sub_id"];
    let who = subject["user"]["sub"].as_str().or(subject["id"].as_str()).unwrap();
    (kind.rsplit('/').next().unwrap().to_owned(), who.to_owned())
}

fn projector() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    for name in ["DATABASE_URL", "RUST_LOG"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}
