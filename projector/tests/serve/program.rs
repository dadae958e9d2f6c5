//! The program itself: what it refuses, what it says, and how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use test_support::Database;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The program, with no database in its environment and no keys.
fn projector() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_projector"));
    for name in ["DATABASE_URL", "RUST_LOG", "SESSION_LEDGER_KEYS", "SESSION_LEDGER_KEYS_FILE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// A connection string for the same database as another user.
fn address(config: &Config, user: &str) -> String {
    let Host::Unix(folder) = &config.get_hosts()[0] else {
        let Host::Tcp(host) = &config.get_hosts()[0] else { panic!("a host") };
        return format!(
            "host={host} port={} user={user} dbname={}",
            config.get_ports()[0],
            config.get_dbname().unwrap()
        );
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("host={} port={port} user={user} dbname={}", folder.display(), config.get_dbname().unwrap())
}

/// The last line of what a refused command says.
fn refusal(arguments: &[&str], database: &str) -> String {
    let output = projector().args(arguments).env("DATABASE_URL", database).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn other_machines_are_not_served_without_users() {
    let nowhere = "host=localhost";
    assert_eq!(
        refusal(&["serve", "--listen", "0.0.0.0:0"], nowhere),
        "error: 0.0.0.0:0 can be reached from other machines, so whoever comes must sign in: give --users FILE, with \
         lines that `projector console-user NAME ROLE` prints, or listen on 127.0.0.1"
    );
    assert_eq!(
        refusal(&["serve", "--listen", "0.0.0.0:0", "--users", "users"], nowhere),
        "error: 0.0.0.0:0 can be reached from other machines, but requests for another host than localhost are refused: \
         name the host with --allow-host"
    );
}

fn console_user(arguments: &[&str], password: &str) -> Output {
    let mut command = projector();
    command
        .arg("console-user")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

#[test]
fn a_line_for_the_file_of_users_holds_a_hash_and_no_password() {
    let output = console_user(&["anna", "ender"], "correct horse battery\n");
    assert!(output.status.success(), "{output:?}");
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.starts_with("anna ender $argon2id$v=19$m=19456,t=2,p=1$") && line.ends_with('\n'), "{line}");
    assert!(!line.contains("horse"));
    for (arguments, password, told) in [
        (["anna", "ender"], "short\n", "a password of the console has 12 to 1000 characters: choose another"),
        (["anna", "ender"], "", "no password was given: type one, or send it as one line of standard input"),
        (["local", "ender"], "correct horse battery", "\"local\" cannot be a name"),
    ] {
        let output = console_user(&arguments, password);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(told), "{said}");
    }
}

#[tokio::test]
async fn it_serves_until_it_is_told_to_stop() {
    let database = Database::fresh().await;
    let config = database.config();
    let address = address(&config, config.get_user().unwrap());
    let folder: TempDir = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    let line = console_user(&["anna", "reader"], "correct horse battery\n").stdout;
    std::fs::write(&users, line).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&users, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let users = users.to_str().unwrap();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--users", users];
    assert_eq!(
        refusal(&arguments, &address),
        format!("error: others may read the file of users {users}: run `chmod 600 {users}`")
    );
    #[cfg(unix)]
    std::fs::set_permissions(users, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();

    let mut command = projector();
    command.args(arguments).env("DATABASE_URL", &address).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let own = said.trim().strip_prefix("The console listens on http://").expect(&said).to_owned();
    let ask = |request: String| {
        let mut stream = TcpStream::connect(&own).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask(format!("GET /login HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("<h1>Log in</h1>"), "{answer}");
    let form = "name=anna&password=correct+horse+battery";
    let answer = ask(format!(
        "POST /login HTTP/1.1\r\nHost: {own}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{form}",
        form.len()
    ));
    assert!(answer.starts_with("HTTP/1.1 303 See Other\r\n"), "{answer}");

    let asked = Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap();
    assert!(asked.success());
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let mut notes = String::new();
    process.stderr.take().unwrap().read_to_string(&mut notes).unwrap();
    assert!(notes.contains("There is no key ring") && notes.contains("The console has stopped."), "{notes}");
    assert!(notes.contains("signed in to the console") && !notes.contains("horse"), "{notes}");
}

#[tokio::test]
async fn the_role_that_it_needs_is_enough_and_another_is_told() {
    let database = Database::fresh().await;
    let name = format!("reader_of_{}", database.name());
    let admin = database.connect().await;
    admin
        .batch_execute(&format!("create role {name} login; grant session_ledger_runtime to {name}"))
        .await
        .unwrap();
    let address = address(&database.config(), &name);
    let refused = refusal(&["serve", "--listen", "127.0.0.1:0"], &address);
    assert!(
        refused.ends_with(
            "`projector serve` needs a role that is granted session_ledger_auditor and session_ledger_runtime"
        ),
        "{refused}"
    );
    admin.batch_execute(&format!("grant session_ledger_auditor to {name}")).await.unwrap();
    let mut command = projector();
    command.args(["serve", "--listen", "127.0.0.1:0"]).env("DATABASE_URL", &address);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    admin.batch_execute(&format!("drop role {name}")).await.unwrap();
    assert!(said.starts_with("The console listens on http://127.0.0.1:"), "{said}");
}
