//! Starts a server, tells its directory, waits for a line of input, and dies in the way its argument names.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{env, io, process};

use private_postgres::{Options, Server};

fn main() {
    let end = env::args().nth(1).expect("an argument: panic, exit, abort or return");
    let server = Server::start(Options::new()).unwrap_or_else(|error| panic!("{error}"));
    println!("{}", server.socket_dir().display());
    println!("{}", server.connection_string("postgres"));
    println!("{}", server.bin_dir().display());
    io::stdin().read_line(&mut String::new()).unwrap();
    match end.as_str() {
        "panic" => panic!("as told"),
        // Neither runs any Drop, as for a server kept in a static.
        "exit" => process::exit(3),
        "abort" => process::abort(),
        _ => {}
    }
}
