//! The commands of the console.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use session_ledger::web::IpNet;

use super::tables::Tables;
use crate::serve::Role;

/// Arguments of `projector serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,

    /// The file with those who may sign in: lines of `projector console-user`
    #[arg(long, value_name = "FILE")]
    pub users: Option<PathBuf>,

    /// Let whoever comes end sessions, where nobody signs in
    #[arg(long, conflicts_with = "users")]
    pub may_end: bool,

    /// A host name by which browsers reach the console, beside localhost; it may be given several times
    ///
    /// Requests for other names are refused: they come by a page of another site that pretends to be this
    /// machine. With such a name the cookie goes over https only.
    #[arg(long = "allow-host", value_name = "NAME")]
    pub allowed_hosts: Vec<String>,

    /// The address or network of a proxy whose word on the client's address counts; it may be given several
    /// times
    #[arg(long = "trusted-proxy", value_name = "NETWORK")]
    pub trusted_proxies: Vec<IpNet>,

    /// The file with the console's key ring
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,

    /// A key of the sessions whose values are not shown; it may be given several times
    ///
    /// Keys and JSON fields are hidden anyway whose name has one of these words in it: password, passwd,
    /// passphrase, secret, token, credential, authorization, cookie, apikey, privatekey, cardnumber; or is
    /// one of otp, pin, cvv, cvc, iban, ssn, or has it as a word (card_pin).
    #[arg(long = "hide", value_name = "KEY")]
    pub hidden: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub tables: Tables,
}

/// Arguments of `projector console-user`.
#[derive(Debug, Args)]
pub struct ConsoleUser {
    /// The name: up to 64 letters, digits and the characters . _ - @
    #[arg(value_name = "NAME")]
    pub name: String,

    /// What the user may do
    #[arg(value_enum, value_name = "ROLE")]
    pub role: Role,
}
