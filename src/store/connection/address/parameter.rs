//! The parameters that libpq knows, and which of them are taken.

/// A parameter of an address.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// The variable that it comes from if the address does not say it.
    pub(super) variable: Option<&'static str>,
    pub(super) how: Use,
}

/// How a parameter is used.
#[derive(Clone, Copy)]
pub(super) enum Use {
    Taken,
    /// Taken with the values that say what is done anyway.
    Only(&'static [&'static str]),
    /// Not taken; with what to do instead.
    Refused(&'static str),
}

const fn taken(name: &'static str, variable: &'static str) -> Parameter {
    Parameter { name, variable: Some(variable), how: Use::Taken }
}

const fn without_variable(name: &'static str, how: Use) -> Parameter {
    Parameter { name, variable: None, how }
}

const fn only(name: &'static str, variable: &'static str, values: &'static [&'static str]) -> Parameter {
    Parameter { name, variable: Some(variable), how: Use::Only(values) }
}

const fn refused(name: &'static str, variable: &'static str, instead: &'static str) -> Parameter {
    Parameter { name, variable: Some(variable), how: Use::Refused(instead) }
}

const NO_FILE: &str = "write host, user and dbname into the address";
const NO_CLIENT_CERTIFICATE: &str = "client certificates are not supported, so log in by password or peer";
const NO_LIST: &str = "revoked certificates are not looked up";
const NO_LIMIT: &str = "TLS 1.2 and 1.3 are spoken, with no other limit";
const NO_DEMAND: &str = "name a folder of the socket that only the server's user may write to";

/// All of them. `PGCLIENTENCODING` and variables for a session's settings (`PGTZ`, `PGDATESTYLE`) are left
/// out: nothing here depends on them.
pub(super) const PARAMETERS: &[Parameter] = &[
    taken("host", "PGHOST"),
    taken("hostaddr", "PGHOSTADDR"),
    taken("port", "PGPORT"),
    taken("user", "PGUSER"),
    taken("password", "PGPASSWORD"),
    taken("dbname", "PGDATABASE"),
    taken("sslmode", "PGSSLMODE"),
    taken("sslrootcert", "PGSSLROOTCERT"),
    taken("sslnegotiation", "PGSSLNEGOTIATION"),
    taken("channel_binding", "PGCHANNELBINDING"),
    taken("target_session_attrs", "PGTARGETSESSIONATTRS"),
    taken("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    taken("application_name", "PGAPPNAME"),
    without_variable("fallback_application_name", Use::Taken),
    taken("options", "PGOPTIONS"),
    taken("connect_timeout", "PGCONNECT_TIMEOUT"),
    without_variable("tcp_user_timeout", Use::Taken),
    without_variable("keepalives", Use::Taken),
    without_variable("keepalives_idle", Use::Taken),
    without_variable("keepalives_interval", Use::Taken),
    without_variable("keepalives_count", Use::Taken),
    without_variable("client_encoding", Use::Only(&["UTF8", "UTF-8", "auto"])),
    only("gssencmode", "PGGSSENCMODE", &["disable", "prefer"]),
    only("sslcertmode", "PGSSLCERTMODE", &["disable", "allow"]),
    only("sslcompression", "PGSSLCOMPRESSION", &["0"]),
    only("sslsni", "PGSSLSNI", &["1"]),
    refused("service", "PGSERVICE", NO_FILE),
    refused("passfile", "PGPASSFILE", "set PGPASSWORD, or write the password into the address"),
    refused("sslcert", "PGSSLCERT", NO_CLIENT_CERTIFICATE),
    refused("sslkey", "PGSSLKEY", NO_CLIENT_CERTIFICATE),
    without_variable("sslpassword", Use::Refused(NO_CLIENT_CERTIFICATE)),
    refused("sslcrl", "PGSSLCRL", NO_LIST),
    refused("sslcrldir", "PGSSLCRLDIR", NO_LIST),
    refused("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", NO_LIMIT),
    refused("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", NO_LIMIT),
    refused("requirepeer", "PGREQUIREPEER", NO_DEMAND),
    refused("require_auth", "PGREQUIREAUTH", "verify the server with `sslmode=verify-full`"),
    without_variable("replication", Use::Refused("connect to the database itself")),
];
