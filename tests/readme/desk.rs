//! The desk of a newcomer: a crate in a folder outside of this workspace, a PostgreSQL, and a shell.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use private_postgres::{Options, Server};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The clone of the repository, as the README names it. This repository stands in for it, under its own name:
/// so what was built of it once need not be built again.
const CLONE: &str = "../session-ledger";

/// The port of the README's program.
const PORT: &str = "8080";

/// How long the projector and the program may take to be built and to answer, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(900);

/// The profile of this repository: with another, each crate of others would be built once more.
const PROFILE: &str = "
[profile.dev]
debug = \"line-tables-only\"
[profile.dev.package.\"*\"]
debug = false
";

pub(crate) struct Desk {
    folder: tempfile::TempDir,
    server: Server,
    /// A free port in place of the README's, on which others may listen.
    port: String,
}

/// The running program. It ends when this is dropped.
pub(crate) struct Running(Child);

impl Desk {
    /// Pastes the blocks into a crate beside the clone.
    pub(crate) fn new(dependencies: &str, program: &str, test: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let desk = Self { folder, server, port };
        fs::create_dir_all(desk.crate_folder().join("src")).unwrap();
        // The versions of this repository: nothing is asked of the network.
        fs::copy(Path::new(REPOSITORY).join("Cargo.lock"), desk.crate_folder().join("Cargo.lock")).unwrap();
        fs::create_dir(desk.folder.path().join(".cargo")).unwrap();
        fs::write(desk.folder.path().join(".cargo/config.toml"), PROFILE).unwrap();
        let package = "[package]\nname = \"pasted-readme\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n";
        assert!(dependencies.contains(CLONE), "{dependencies}");
        desk.write("Cargo.toml", &format!("{package}{}", dependencies.replace(CLONE, REPOSITORY)));
        desk.write("src/main.rs", &desk.at_port(&format!("{program}\n{test}")));
        desk
    }

    pub(crate) fn build(&self) {
        self.run("cargo build");
    }

    /// The crate's own tests.
    pub(crate) fn test(&self) {
        let told = self.run("cargo test");
        assert!(told.contains("1 passed"), "{told}");
    }

    /// Runs a script whose last line runs the program, and waits until that answers.
    pub(crate) fn serve(&self, script: &str) -> Running {
        let lines: Vec<String> = script.lines().map(|line| self.line(line)).collect();
        let (last, before) = lines.split_last().unwrap();
        // In place of the shell, so that the program is the one that is ended.
        let script = format!("set -e\n{}\nexec {last}", before.join("\n"));
        let child = self.shell(&script).stdin(Stdio::null()).spawn().unwrap();
        let mut running = Running(child);
        let patience = Instant::now() + PATIENCE;
        while TcpStream::connect(format!("127.0.0.1:{}", self.port)).is_err() {
            assert!(running.0.try_wait().unwrap().is_none(), "the program has ended: {script}");
            assert!(Instant::now() < patience, "the program does not answer: {script}");
            sleep(Duration::from_millis(20));
        }
        running
    }

    /// What a script writes. It must succeed.
    pub(crate) fn run(&self, script: &str) -> String {
        said(self.shell(&format!("set -e\n{}", self.at_port(script))).output().unwrap(), script)
    }

    /// What a command tells of the database.
    pub(crate) fn ask(&self, command: &str) -> String {
        let mut shell = self.shell(command);
        said(shell.env("DATABASE_URL", self.server.url("shop")).output().unwrap(), command)
    }

    pub(crate) fn psql(&self, statements: &str) {
        self.write("statements.sql", statements);
        self.run("psql --quiet --set ON_ERROR_STOP=1 --dbname shop --file statements.sql");
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("bash");
        shell.args(["-c", script]).current_dir(self.crate_folder());
        // The projector, and the programs of the server.
        let (projector, programs) = (target().join("debug"), self.server.bin_dir().display());
        let path = std::env::var("PATH").unwrap();
        shell.env("PATH", format!("{}:{programs}:{path}", projector.display()));
        shell.env("PGHOST", self.server.socket_dir()).env("PGPORT", "5432").env("PGUSER", "postgres");
        shell.env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", target());
        shell.env_remove("DATABASE_URL").env_remove("SESSION_LEDGER_KEYS");
        shell
    }

    /// A line of the README on this machine: its server in place of the one on localhost, and a projector
    /// that is not optimised, as that takes minutes.
    fn line(&self, line: &str) -> String {
        let Some(folder) = line.strip_prefix("cargo install --locked --path ") else {
            let address = format!("export DATABASE_URL='{}'", self.server.url("shop"));
            return if line.starts_with("export DATABASE_URL=") { address } else { line.to_owned() };
        };
        let manifest = Path::new(&folder.replace(CLONE, REPOSITORY)).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        assert!(manifest.contains("name = \"projector\""), "{manifest}");
        format!("cargo build --locked --package projector --manifest-path '{REPOSITORY}/Cargo.toml'")
    }

    fn at_port(&self, text: &str) -> String {
        text.replace(&format!("127.0.0.1:{PORT}"), &format!("127.0.0.1:{}", self.port))
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.crate_folder().join(file), text).unwrap();
    }

    fn crate_folder(&self) -> PathBuf {
        self.folder.path().join("shop")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The folder of this build, so that the crates of others are built once.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

fn said(output: Output, script: &str) -> String {
    let (told, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "$ {script}\n{told}{wrong}");
    told.into_owned()
}
