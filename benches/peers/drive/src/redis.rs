//! A Redis for one peer.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use crate::leash::Leashed;
use crate::peer::Persistence;

/// Redis ignores its input. So a shell watches the input, and tells the process id.
const SCRIPT: &str = r#"
trap '' INT HUP
redis-server --bind 127.0.0.1 --port "$1" --dir "$2" --save '' --appendonly "$3" --appendfsync always \
    --daemonize no >&2 </dev/null &
server=$!
echo "$server"
while read -r _; do :; done
kill "$server"
wait "$server"
"#;

/// How often a connection is tried before Redis counts as failed.
const TRIES_MAX: usize = 200;

/// A running `redis-server`.
#[derive(Debug)]
pub(crate) struct Redis {
    name: &'static str,
    leash: Leashed,
    address: SocketAddr,
    /// Of its own.
    dir: PathBuf,
    persistence: Persistence,
    /// Of the server itself.
    pub(crate) process: u32,
}

impl Redis {
    /// Starts one for the peer of this name, with a folder of its own in `dir`.
    pub(crate) async fn start(
        name: &'static str,
        persistence: Persistence,
        dir: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let (address, dir) = (free_address()?, dir.join(format!("{name}-redis")));
        fs::create_dir(&dir)?;
        let (leash, process) = run(name, address, persistence, &dir).await?;
        Ok(Self { name, leash, address, dir, persistence, process })
    }

    /// Kills it, and all that it has not written with it.
    pub(crate) async fn crash(&mut self) -> Result<(), Box<dyn Error>> {
        self.leash.kill().await
    }

    /// Starts it again after a crash, where it was.
    pub(crate) async fn start_again(&mut self) -> Result<(), Box<dyn Error>> {
        (self.leash, self.process) = run(self.name, self.address, self.persistence, &self.dir).await?;
        Ok(())
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

async fn run(
    name: &str,
    address: SocketAddr,
    persistence: Persistence,
    dir: &Path,
) -> Result<(Leashed, u32), Box<dyn Error>> {
    let append_only = if persistence == Persistence::EachWrite { "yes" } else { "no" };
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "redis", &address.port().to_string()]).arg(dir).arg(append_only);
    let mut leash = Leashed::start(command, &format!("{name}-redis"), dir)?;
    let process = leash.first_line().await?.parse()?;
    for _ in 0..TRIES_MAX {
        if TcpStream::connect(address).await.is_ok() {
            return Ok((leash, process));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Err("redis-server did not start. Is it installed (Debian: apt-get install redis-server)?".into())
}

/// A port of the loopback that nobody listens on at this moment.
pub(crate) fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// `7.0.15` of `Redis server v=7.0.15 sha=…`; nothing where there is no Redis.
pub(crate) async fn version() -> Option<String> {
    let output = Command::new("redis-server").arg("--version").output().await.ok()?;
    version_in(&String::from_utf8(output.stdout).ok()?)
}

fn version_in(text: &str) -> Option<String> {
    text.split_whitespace().find_map(|word| word.strip_prefix("v=")).map(str::to_owned)
}

#[test]
fn the_version_of_redis_is_found_in_what_it_prints() {
    let text = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d";
    assert_eq!(version_in(text).as_deref(), Some("7.0.15"));
}
