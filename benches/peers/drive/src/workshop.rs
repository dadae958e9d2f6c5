//! Builds the peers' programs: with cargo, and with pip if possible.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::peer::{Language, Peer};

/// The places of the programs.
#[derive(Debug)]
pub(crate) struct Workshop {
    /// `benches/peers`.
    workspace: PathBuf,
    /// Cargo's folder with this program.
    programs: PathBuf,
}

impl Workshop {
    /// The workshop of the tree that this program was built from.
    pub(crate) fn find() -> Result<Self, Box<dyn Error>> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let ours = env::current_exe()?;
        let programs = ours.parent().ok_or("This program is in no folder.")?.to_owned();
        Ok(Self { workspace, programs })
    }

    /// The folder of all benches, with the results.
    pub(crate) fn benches(&self) -> PathBuf {
        self.workspace.join("..")
    }

    /// The text of the workspace's Cargo.lock and of the reference's requirements, which name all versions.
    pub(crate) fn versions(&self) -> (String, String) {
        let text = |file: &str| std::fs::read_to_string(self.workspace.join(file)).unwrap_or_default();
        (text("Cargo.lock"), text("reference/requirements.txt"))
    }

    /// Builds the whole workspace, whichever peers take part: for a selection of packages cargo would choose
    /// other features of their dependencies, and build those anew.
    pub(crate) async fn build(&self) -> Result<(), Box<dyn Error>> {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args(["build", "--release", "--locked", "--workspace", "--manifest-path"])
            .arg(self.workspace.join("Cargo.toml"));
        // `cargo run` sets variables that describe this package, and ring is built anew whenever they change.
        let ours = env::vars_os().map(|(name, _)| name).filter(|name| {
            let name = name.as_encoded_bytes();
            name.starts_with(b"CARGO_PKG_") || name.starts_with(b"CARGO_MANIFEST_")
        });
        ours.for_each(|name| {
            cargo.env_remove(name);
        });
        succeed(&mut cargo).await.map_err(|reason| format!("The peers could not be built: {reason}.").into())
    }

    /// Installs the peer in Python, if its packages can be had.
    pub(crate) async fn install(&self) -> Result<(), Box<dyn Error>> {
        let mut install = Command::new(self.workspace.join("reference/install"));
        install.arg(self.environment());
        succeed(&mut install).await.map_err(|reason| format!("It could not be installed: {reason}.").into())
    }

    /// The command that starts a peer, without its environment.
    pub(crate) fn start(&self, peer: Peer) -> Command {
        match peer.language {
            Language::Rust => Command::new(self.programs.join(peer.program())),
            Language::Python => {
                let mut serve = Command::new(self.workspace.join("reference/serve"));
                serve.arg(self.environment());
                serve
            }
        }
    }

    /// The folder for Python, beside cargo's builds.
    fn environment(&self) -> PathBuf {
        self.programs.join("../reference")
    }
}

async fn succeed(command: &mut Command) -> Result<(), String> {
    match command.kill_on_drop(true).status().await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(error.to_string()),
    }
}
