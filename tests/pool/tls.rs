//! Encryption to the database is verified, or refused (ASVS 12.3.1, 12.3.2).

use session_ledger::Ledger;
use session_ledger::ledger::{Address, StartError};

use crate::certificates::{Authority, TcpServer};

/// The error when a ledger cannot be opened. The password is never part of it.
async fn refusal(config: tokio_postgres::Config, authority: &Authority) -> String {
    let opened = Ledger::builder(config.clone()).root_certificate(authority.certificate()).connect().await;
    let text = format!("{}", opened.unwrap_err());
    let migrated = Ledger::builder(config).root_certificate(authority.certificate()).migrate().await;
    assert_eq!(migrated.unwrap_err().to_string(), text, "a migration says the same");
    assert!(!text.contains("hunter2"), "{text}");
    text
}

#[tokio::test]
async fn a_server_that_proves_its_name_is_spoken_to_in_encryption() {
    let authority = Authority::named("Our Authority");
    let Some(server) = TcpServer::certified(&authority, "db.example").await else { return };
    let builder =
        || Ledger::builder(server.config("db.example", "require")).root_certificate(authority.certificate());
    assert!(!builder().migrate().await.unwrap().applied.is_empty());
    let ledger = builder().connect().await.unwrap();
    assert!(ledger.sessions(&"alice".into()).await.unwrap().is_empty());
    let (client, connection) =
        server.config("localhost", "disable").connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let ours = "select count(*), count(*) filter (where ssl)
                  from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'session-ledger'";
    let row = client.query_one(ours, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (1, 1));
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_is_not_spoken_to() {
    let authority = Authority::named("Our Authority");
    let Some(server) = TcpServer::certified(&authority, "db.example").await else { return };
    assert_eq!(
        refusal(server.config("db.example", "require"), &Authority::named("Somebody Else")).await,
        "the database is not available: the server's certificate comes from an authority that is not trusted here: \
         give that authority's certificate to `root_certificate`, or name its file in `sslrootcert` or SSL_CERT_FILE"
    );
    assert_eq!(
        refusal(server.config("other.example", "require"), &authority).await,
        "the database is not available: the server's certificate is for another host: connect by a name that the \
         certificate carries"
    );
}

#[tokio::test]
async fn a_server_without_tls_is_not_spoken_to_in_plain_text_where_encryption_is_demanded() {
    let (authority, server) = (Authority::named("Our Authority"), TcpServer::plain());
    assert_eq!(
        refusal(server.config("db.example", "require"), &authority).await,
        "the database is not available: the server does not support TLS, which `sslmode` demands: turn `ssl` on at \
         the server"
    );
    // On the loopback device nobody asks for encryption.
    assert!(!Ledger::migrate(&server.config("localhost", "prefer")).await.unwrap().applied.is_empty());
}

#[tokio::test]
async fn a_way_to_another_machine_without_a_decision_is_refused_at_the_start() {
    let config = "host=db.example user=shop password=hunter2".parse().unwrap();
    let refusal = Ledger::builder(config).connect().await.unwrap_err();
    assert!(matches!(refusal, StartError::Encryption(_)));
    assert_eq!(
        refusal.to_string(),
        "setting `sslmode` must be given for the database host \"db.example\": `require` encrypts and verifies the \
         server's certificate and name, as `verify-ca` and `verify-full` do, `disable` does neither; `prefer`, the \
         default, and `allow` could go on without either and nobody would notice"
    );
}

#[tokio::test]
async fn an_address_names_the_mode_and_the_file_of_the_authority() {
    let authority = Authority::named("Our Authority");
    let Some(server) = TcpServer::certified(&authority, "db.example").await else { return };
    let ours = server.put("ours.pem", &authority.certificate());
    let theirs = server.put("theirs.pem", &Authority::named("Somebody Else").certificate());
    let at = |host: &str, mode: &str, file: &str| {
        let port = server.port();
        let text =
            format!("postgres://postgres:hunter2@{host}:{port}/postgres?hostaddr=127.0.0.1&sslmode={mode}");
        let variable = |name: &str| (name == "PGSSLROOTCERT").then(|| file.to_owned());
        Ledger::at(Address::read(&text, variable).unwrap())
    };
    at("db.example", "verify-full", &ours).migrate().await.unwrap();
    for mode in ["require", "verify-ca", "verify-full"] {
        at("db.example", mode, &ours).connect().await.unwrap();
        let stranger = at("db.example", mode, &theirs).connect().await.unwrap_err().to_string();
        assert!(stranger.contains("comes from an authority that is not trusted here"), "{stranger}");
        let name = at("other.example", mode, &ours).connect().await.unwrap_err().to_string();
        assert!(name.contains("the server's certificate is for another host"), "{name}");
        let away = at("db.example", mode, "/nowhere.pem").connect().await.unwrap_err().to_string();
        assert!(away.starts_with("`sslrootcert` must name a file"), "{away}");
    }
    for mode in ["prefer", "allow"] {
        let text = format!("postgres://shop@db.example/shop?sslmode={mode}");
        let refusal = Ledger::at(Address::read(&text, |_| None).unwrap()).connect().await.unwrap_err();
        assert!(matches!(refusal, StartError::Encryption(_)), "{mode}: {refusal}");
    }
}
