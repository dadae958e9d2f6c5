//! Tables of addresses and of what becomes of them.

use std::collections::HashMap;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::{Address, Config};

/// Reads an address with the variables of an environment.
fn read(text: &str, variables: &[(&str, &str)]) -> Result<Address, String> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    Address::read(text, |name| variables.get(name).map(|value| (*value).to_owned()))
        .map_err(|error| error.to_string())
}

fn config(text: &str, variables: &[(&str, &str)]) -> Config {
    read(text, variables).unwrap_or_else(|error| panic!("{text}: {error}")).config().clone()
}

fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    read(text, variables).expect_err(text)
}

/// The driver's reading of keys and values.
fn driver(text: &str) -> Config {
    text.parse().unwrap()
}

#[test]
fn both_forms_of_libpq_are_read() {
    let socket = "host=/var/run/postgresql";
    let table = [
        ("postgres:///shop", format!("{socket} dbname=shop")),
        ("postgresql:///shop", format!("{socket} dbname=shop")),
        ("dbname=shop user=root", format!("{socket} dbname=shop user=root")),
        ("postgres://", socket.to_owned()),
        ("host='' user=shop", format!("{socket} user=shop")),
        ("postgres://shop@localhost", "host=localhost user=shop".to_owned()),
        ("postgres://shop:hunter2@a:1/b", "host=a port=1 user=shop password=hunter2 dbname=b".to_owned()),
        ("postgres://u%40x:p%2Fq%3A@a/b%20c", r"host=a user=u@x password=p/q: dbname='b c'".to_owned()),
        ("postgres://u:p@q?r@a/b", "host=a user=u password=p@q?r dbname=b".to_owned()),
        ("postgres://a:1,b,c:3/d", "host=a,b,c port=1,5432,3 dbname=d".to_owned()),
        ("postgres://a,b:6543/d", "host=a,b port=5432,6543 dbname=d".to_owned()),
        ("postgres://[2001:db8::1]:6543/d", "host=2001:db8::1 port=6543 dbname=d".to_owned()),
        ("postgres://%2Frun%2Fpg:6543/d", "host=/run/pg port=6543 dbname=d".to_owned()),
        ("postgres:///d?host=/run/pg&port=6543", "host=/run/pg port=6543 dbname=d".to_owned()),
        ("postgres://shop@a?dbname=d", "host=a user=shop dbname=d".to_owned()),
        ("host = a  user='two words'\tport=1", "host=a user='two words' port=1".to_owned()),
        (r"host=a password='it\'s \\' user=a\ b", r"host=a password='it\'s \\' user='a b'".to_owned()),
        ("hostaddr=192.0.2.1 user=u", "hostaddr=192.0.2.1 user=u".to_owned()),
        ("host=a hostaddr=::1 user=u", "host=a hostaddr=::1 user=u".to_owned()),
        ("host=a user=u user=v", "host=a user=v".to_owned()),
    ];
    for (text, expected) in table {
        assert_eq!(config(text, &[]), driver(&expected), "{text}");
    }
}

#[test]
fn every_parameter_reaches_the_driver() {
    let text = "host=a sslmode=require sslnegotiation=direct channel_binding=require target_session_attrs=read-only \
                load_balance_hosts=random application_name=n options='-c a=b' connect_timeout=7 keepalives=0 \
                keepalives_idle=9 keepalives_interval=11";
    assert_eq!(config(text, &[]), driver(text));
    assert_eq!(config("host=a keepalives_count=4", &[]).get_keepalives_retries(), Some(4));
    // The driver's own name for it.
    assert_eq!(config("host=a keepalives_retries=4", &[]).get_keepalives_retries(), Some(4));
    // libpq counts milliseconds, the driver's text form seconds.
    let patience = config("host=a tcp_user_timeout=2500", &[]);
    assert_eq!(patience.get_tcp_user_timeout(), Some(&Duration::from_millis(2500)));
    let open = config("host=a tcp_user_timeout=0 keepalives_interval=0 keepalives_count=0", &[]);
    assert_eq!(open, driver("host=a"));
    let named = config("host=a fallback_application_name=f", &[]);
    assert_eq!(named.get_application_name(), Some("f"));
    assert_eq!(
        config("host=a fallback_application_name=f", &[("PGAPPNAME", "n")]).get_application_name(),
        Some("n")
    );
    let harmless =
        "host=a client_encoding=utf8 gssencmode=disable sslsni=1 sslcompression=0 sslcertmode=disable";
    assert_eq!(config(harmless, &[]), driver("host=a"));
}

#[test]
fn what_the_address_leaves_open_comes_from_the_variables() {
    let all = [
        ("PGHOST", "/run/pg"),
        ("PGPORT", "6543"),
        ("PGUSER", "shop"),
        ("PGPASSWORD", "hunter2"),
        ("PGDATABASE", "orders"),
        ("PGSSLMODE", "require"),
        ("PGAPPNAME", "n"),
        ("PGOPTIONS", "-c a=b"),
        ("PGCONNECT_TIMEOUT", "7"),
        ("PGTARGETSESSIONATTRS", "read-only"),
        ("PGCHANNELBINDING", "disable"),
        ("PGLOADBALANCEHOSTS", "random"),
        ("PGSSLNEGOTIATION", "direct"),
    ];
    let whole = "host=/run/pg port=6543 user=shop password=hunter2 dbname=orders sslmode=require application_name=n \
                 options='-c a=b' connect_timeout=7 target_session_attrs=read-only channel_binding=disable \
                 load_balance_hosts=random sslnegotiation=direct";
    for text in ["", "  ", "postgres://", "port=6543"] {
        assert_eq!(config(text, &all), driver(whole), "{text:?}");
    }
    let said = config("postgres://bob@db.example/shop?sslmode=disable", &all);
    assert_eq!(said.get_hosts(), [Host::Tcp("db.example".to_owned())]);
    assert_eq!((said.get_user(), said.get_dbname()), (Some("bob"), Some("shop")));
    assert_eq!((said.get_ssl_mode(), said.get_ports()), (SslMode::Disable, &[6543][..]));
    assert_eq!(said.get_target_session_attrs(), TargetSessionAttrs::ReadOnly);
    // An empty variable is none. A parameter that is given empty is given.
    assert_eq!(config("host=a", &[("PGUSER", "")]), driver("host=a"));
    assert_eq!(config("host=a user=''", &[("PGUSER", "shop")]), driver("host=a"));
    assert_eq!(config("", &[("PGHOSTADDR", "192.0.2.1")]), driver("hostaddr=192.0.2.1"));
}

#[test]
fn each_mode_of_encryption_is_one_that_verifies_or_one_that_the_connector_decides() {
    let mode = |text: &str| config(&format!("host=a {text}"), &[]).get_ssl_mode();
    for (text, expected) in [
        ("", SslMode::Prefer),
        ("sslmode=disable", SslMode::Disable),
        ("sslmode=allow", SslMode::Prefer),
        ("sslmode=prefer", SslMode::Prefer),
        ("sslmode=require", SslMode::Require),
        ("sslmode=verify-ca", SslMode::Require),
        ("sslmode=verify-full", SslMode::Require),
        ("sslrootcert=system", SslMode::Require),
        ("sslrootcert=/ca.pem", SslMode::Prefer),
    ] {
        assert_eq!(mode(text), expected, "{text}");
    }
    let url = config("postgres://a/shop?sslmode=verify-full", &[]);
    assert_eq!(url, driver("host=a dbname=shop sslmode=require"));
    assert_eq!(config("postgres://a/shop?ssl=true", &[]).get_ssl_mode(), SslMode::Require);
    let file = |text: &str, variables| {
        let address = read(text, variables).unwrap();
        address.root_certificate_file().map(|file| file.display().to_string())
    };
    assert_eq!(file("host=a sslmode=verify-full sslrootcert=/ca.pem", &[]).as_deref(), Some("/ca.pem"));
    assert_eq!(file("host=a", &[("PGSSLROOTCERT", "/ca.pem")]).as_deref(), Some("/ca.pem"));
    assert_eq!(file("host=a sslrootcert=system", &[("PGSSLROOTCERT", "/ca.pem")]), None);
    assert_eq!(
        refusal("host=a sslrootcert=system sslmode=prefer", &[]),
        "`sslmode` in the database's address or its environment must be `require`, `verify-ca` or `verify-full` beside \
         `sslrootcert=system`: the others verify nothing"
    );
}

#[test]
fn nothing_that_names_a_database_is_said_with_what_names_one() {
    for (text, variables) in [("", &[][..]), (" ", &[("PGSSLMODE", "require")]), ("", &[("PGHOST", "")])] {
        assert_eq!(
            refusal(text, variables),
            "no database is named: set DATABASE_URL to a URL such as postgresql://shop@localhost/shop or to keys and \
             values such as \"host=localhost user=shop dbname=shop\", or set PGHOST, PGUSER and PGDATABASE"
        );
    }
}

#[test]
fn a_parameter_of_another_driver_is_named_with_what_to_do() {
    for (text, expected) in [
        (
            "postgres://a/shop?pgbouncer=true",
            "`pgbouncer` is no parameter of a database's address: take it out; behind a pooler in transaction mode an \
             application calls `unnamed_statements()`, and `projector` takes the address of the server itself",
        ),
        (
            "postgres://a/shop?connection_limit=5",
            "`connection_limit` is no parameter of a database's address: take it out; the number of connections is \
             `connections_max`",
        ),
        (
            "postgres://a/shop?schema=public",
            "`schema` is no parameter of a database's address: take it out; the ledger's tables are always in the schema \
             session_ledger",
        ),
        (
            "host=a usr=shop",
            "`usr` is no parameter of a database's address: take it out; `host`, `port`, `user`, `dbname`, `sslmode` and \
             the others that libpq knows are",
        ),
    ] {
        assert_eq!(refusal(text, &[]), expected);
    }
}

#[test]
fn what_libpq_would_follow_is_refused_and_never_ignored() {
    assert_eq!(
        refusal("service=shop", &[]),
        "`service` is not followed, and is not ignored either: take it out; write host, user and dbname into the address"
    );
    assert_eq!(
        refusal("host=a", &[("PGREQUIREAUTH", "scram-sha-256")]),
        "`PGREQUIREAUTH` is not followed, and is not ignored either: take it out; verify the server with \
         `sslmode=verify-full`"
    );
    for parameter in ["sslcert", "sslkey", "sslpassword", "sslcrl", "sslcrldir", "requirepeer", "replication"]
    {
        let refused = refusal(&format!("host=a {parameter}=x"), &[]);
        assert!(refused.starts_with(&format!("`{parameter}` is not followed")), "{refused}");
    }
    assert_eq!(
        refusal("host=a gssencmode=require", &[]),
        "`gssencmode` in the database's address or its environment must be disable or prefer"
    );
    // libpq looks into the file only if it has no password.
    assert!(refusal("host=a", &[("PGPASSFILE", "/p")]).starts_with("`PGPASSFILE` is not followed"));
    assert_eq!(config("host=a password=x", &[("PGPASSFILE", "/p")]), driver("host=a password=x"));
}

#[test]
fn a_wrong_value_is_named_by_its_parameter() {
    let wrong = |name: &str, expected: &str| {
        format!("`{name}` in the database's address or its environment must be {expected}")
    };
    let modes = "one of `disable`, `allow`, `prefer`, `require`, `verify-ca`, `verify-full`";
    for (text, expected) in [
        ("host=a sslmode=verify", wrong("sslmode", modes)),
        ("host=a port=http", wrong("port", "one or more numbers from 1 to 65535")),
        ("host=a port=0", wrong("port", "one for all hosts, or one for each, from 1 to 65535")),
        ("host=a,b port=1,2,3", wrong("port", "one for all hosts, or one for each, from 1 to 65535")),
        ("host=a hostaddr=a", wrong("hostaddr", "one or more IP addresses")),
        ("host=a,b hostaddr=::1", wrong("hostaddr", "as many addresses as `host` has names")),
        ("host=a connect_timeout=0", wrong("connect_timeout", "a number of seconds, at least 1")),
        ("host=a connect_timeout=soon", wrong("connect_timeout", "a number of seconds, at least 1")),
        ("host=a keepalives=yes", wrong("keepalives", "one of `0`, `1`")),
        (
            "host=a target_session_attrs=primary",
            wrong("target_session_attrs", "one of `any`, `read-write`, `read-only`"),
        ),
        ("host=a client_encoding=LATIN1", wrong("client_encoding", "UTF8 or UTF-8 or auto")),
    ] {
        assert_eq!(refusal(text, &[]), expected);
    }
}

#[test]
fn a_text_that_is_no_address_is_not_repeated() {
    for (text, reason) in [
        ("mysql://shop:hunter2@localhost/shop", "it begins neither with postgresql:// nor with postgres://"),
        ("shop:hunter2", "a word has no `=` behind it"),
        ("host=localhost password=correct hunter2", "a word has no `=` behind it"),
        ("host=localhost password='hunter2", "a quoted value is not closed"),
        (
            "postgres://shop:hunter2%@localhost/shop",
            "a `%` must be followed by two hexadecimal digits, other than 00",
        ),
        (
            "postgres://shop:hunter2%00@localhost",
            "a `%` must be followed by two hexadecimal digits, other than 00",
        ),
        ("postgres://shop:%ffhunter2@localhost", "what its `%` stand for is not UTF-8"),
        ("postgres://shop:hunter2@[::1/shop", "the `[` of an IPv6 address is not closed"),
        ("postgres://shop:hunter2@[::1]x/shop", "something stands between `]` and the port"),
        ("postgres://shop:hunter2@a/shop?sslmode", "a parameter behind the `?` has no value"),
    ] {
        let refused = refusal(text, &[]);
        assert!(
            refused.starts_with(&format!("the database's address cannot be read: {reason}; write ")),
            "{refused}"
        );
        assert!(!refused.contains("hunter2"), "{refused}");
    }
    for text in [
        "postgresql://shop:hunter2@localhost:http/shop",
        "postgres://shop:hunter2/more@localhost/shop",
        "host=a password=correct hunter2=x",
        "host=a port=hunter2",
    ] {
        assert!(!refusal(text, &[]).contains("hunter2"), "{text}");
    }
    assert!(!format!("{:?}", read("postgres://shop:hunter2@a/b", &[]).unwrap()).contains("hunter2"));
}
