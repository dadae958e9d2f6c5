//! A certificate authority, and its servers.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use private_postgres::{Options, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_postgres::NoTls;

/// An authority that signs the servers' certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, in PEM.
    pub(crate) fn certificate(&self) -> String {
        pem("CERTIFICATE", self.0.der())
    }

    /// A certificate for a host of this name, and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let (params, key) =
            (CertificateParams::new([name.to_owned()]).unwrap(), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (pem("CERTIFICATE", certificate.der()), pem("PRIVATE KEY", &key.serialize_der()))
    }
}

/// A server that listens on the loopback device too.
pub(crate) struct TcpServer {
    pub(crate) server: Server,
    port: u16,
}

impl TcpServer {
    /// A server without TLS.
    pub(crate) fn plain() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options =
            Options::new().setting("listen_addresses", "127.0.0.1").setting("port", port.to_string());
        Self { server: Server::start(options).unwrap(), port }
    }

    /// A server with a certificate for `name`; none if its programs were built without TLS, as those of the
    /// Python wheel are.
    pub(crate) async fn certified(authority: &Authority, name: &str) -> Option<Self> {
        let it = Self::plain();
        let (certificate, key) = authority.issue(name);
        for (file, content) in [("server.crt", certificate), ("server.key", key)] {
            it.put(file, &content);
        }
        let (client, connection) = it.config("localhost", "disable").connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let folder = it.server.socket_dir().display();
        client
            .batch_execute(&format!("alter system set ssl_cert_file = '{folder}/server.crt'"))
            .await
            .unwrap();
        client
            .batch_execute(&format!("alter system set ssl_key_file = '{folder}/server.key'"))
            .await
            .unwrap();
        if let Err(refusal) = client.batch_execute("alter system set ssl = on").await {
            let text = format!("{refusal:?}");
            assert!(text.contains("SSL is not supported by this build"), "{text}");
            eprintln!("NOT TESTED: this PostgreSQL was built without TLS.");
            return None;
        }
        client.batch_execute("select pg_reload_conf()").await.unwrap();
        while client.query_one("show ssl", &[]).await.unwrap().get::<_, &str>(0) != "on" {
            tokio::task::yield_now().await;
        }
        Some(it)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The configuration to connect to it under this name.
    pub(crate) fn config(&self, name: &str, sslmode: &str) -> tokio_postgres::Config {
        let port = self.port;
        let text = format!(
            "host={name} hostaddr=127.0.0.1 port={port} user=postgres password=hunter2 dbname=postgres sslmode={sslmode}"
        );
        text.parse().unwrap()
    }

    /// Writes a file that only the server's user may read, and returns its path.
    pub(crate) fn put(&self, name: &str, content: &str) -> String {
        let path = self.server.socket_dir().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let owner = fs::metadata(self.server.socket_dir()).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        path.display().to_string()
    }
}

/// The PEM format (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
