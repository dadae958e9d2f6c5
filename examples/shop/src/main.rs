//! Runs the shop: `cargo run -p shop`. It brings its own PostgreSQL unless `DATABASE_URL` names one.
#![forbid(unsafe_code)]

mod postgres;
mod settings;

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use poem::Server;
use poem::listener::{Acceptor, TcpAcceptor};
use session_ledger::token::CookieSettings;
use tokio::net::{TcpSocket, lookup_host};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use postgres::Postgres;
use settings::{Keys, Settings};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How long requests under way may take once the shop is asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// How many connections may wait to be accepted.
const WAITING_MAX: u32 = 1024;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let Some(settings) = Settings::read()? else {
        return say(settings::HELP);
    };
    let stop = stop_signal()?;
    let acceptor = listen(&settings).await?;
    let address = acceptor.local_addr().iter().find_map(|address| address.as_socket_addr().copied());
    let address = address.ok_or("The address that the shop listens on is unknown.")?;
    say("Starting PostgreSQL and filling the shelves …")?;
    let postgres = Postgres::find(settings.database_url.as_deref())?;
    let opened = shop::open(postgres.config(), settings.keys.ring()?, cookie(&settings)).await;
    let (shop, _) = opened.map_err(|error| format!("The shop cannot open: {error}."))?;

    say(&announcement(address, &postgres, &settings))?;
    Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(shop, stop, Some(GRACE)).await?;
    let farewell =
        if postgres.is_private() { ", and so has its PostgreSQL with all that it held" } else { "" };
    drop(postgres);
    say(&format!("The shop has closed{farewell}."))
}

/// The default port may be taken; then any other will do. An address that was asked for is not changed.
async fn listen(settings: &Settings) -> Outcome<TcpAcceptor> {
    let wanted = settings.listen.as_deref();
    let taken = match listen_on(wanted.unwrap_or(settings::LISTEN)).await {
        Ok(acceptor) => return Ok(acceptor),
        Err(error) => error,
    };
    if let Some(address) = wanted {
        return Err(
            format!("The shop cannot listen on {address}: {taken}. Choose another with --listen.").into()
        );
    }
    say(&format!("{} is taken ({taken}), so another port is used.", settings::LISTEN))?;
    Ok(listen_on("127.0.0.1:0").await?)
}

/// Listens, and has each connection send what there is to send at once (TCP_NODELAY), which it has from its
/// listener. With poem's own listener a part of a stream waits until the one before is acknowledged.
async fn listen_on(address: &str) -> io::Result<TcpAcceptor> {
    let nowhere = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let address = lookup_host(address).await?.next().ok_or_else(nowhere)?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    TcpAcceptor::from_tokio(socket.listen(WAITING_MAX)?)
}

#[cfg(test)]
#[tokio::test]
async fn each_connection_sends_at_once() -> Outcome<()> {
    let mut acceptor = listen_on("127.0.0.1:0").await?;
    let own = acceptor.local_addr().first().and_then(|address| address.as_socket_addr().copied());
    let _client = tokio::net::TcpStream::connect(own.ok_or("an address")?).await?;
    assert!(acceptor.accept().await?.0.nodelay()?);
    Ok(())
}

/// The library's default is `__Host-session` with `Secure`, the right choice for every site with HTTPS. The
/// shop speaks plain HTTP. There Chromium and Firefox accept that cookie from this machine, but Safari and
/// phones do not.
fn cookie(settings: &Settings) -> CookieSettings {
    if settings.secure_cookie {
        CookieSettings::default()
    } else {
        CookieSettings::default().name("session").insecure()
    }
}

/// Ends when the terminal or the parent process asks the shop to stop.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn announcement(address: SocketAddr, postgres: &Postgres, settings: &Settings) -> String {
    let users = shop::DEMO_USERS.map(|(name, password)| format!("  {name:<8} {password}")).join("\n");
    let keys = match settings.keys {
        Keys::Named(_) => "from SESSION_LEDGER_KEYS",
        Keys::New => "made for this run, so that carts and logins end with it",
    };
    let cookie = if settings.secure_cookie {
        "__Host-session; Secure, which Safari does not take from plain HTTP"
    } else {
        "session; not Secure, because this is plain HTTP (--secure-cookie for the library's default)"
    };
    format!(
        "\nThe shop is open at  http://{address}\n\nLog in as\n{users}\n\n\
         Database   {}\nCookie     {cookie}\nKeys       {keys}\n\n\
         Every page “History” names its session. To see what the log holds of it:\n  \
         {}cargo run -p projector -- history SESSION\n\n\
         Stop with Ctrl-C.",
        postgres.description(),
        postgres.variable(),
    )
}

fn say(text: &str) -> Outcome<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
