//! Encryption on the way to the database (ASVS 12.3.1, 12.3.2): to a verified server, or no encryption at
//! all. It never falls back to plain text silently.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::plain_debug::plain_debug;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Why connections to a database cannot be encrypted as its configuration demands.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum EncryptionError {
    /// `sslmode=prefer`, which is the default, or `allow`, on the way to another machine.
    #[error(
        "setting `sslmode` must be given for the database host \"{host}\": `require` encrypts and verifies the \
         server's certificate and name, as `verify-ca` and `verify-full` do, `disable` does neither; `prefer`, the \
         default, and `allow` could go on without either and nobody would notice"
    )]
    Undecided {
        /// The host.
        host: String,
    },
    /// The bytes given to `root_certificate` are no certificate.
    #[error("`root_certificate` must be given one or more certificates in PEM: {0}")]
    RootCertificate(String),
    /// The file that the address names in `sslrootcert` cannot be read.
    #[error("`sslrootcert` must name a file with certificates in PEM, or be `system`: {} {reason}", .file.display())]
    RootFile {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system knows no certificate authority.
    #[error(
        "no certificate authority is known that could vouch for the database's server: install the system's \
         certificates (Debian: `ca-certificates`), set SSL_CERT_FILE, or give one to `root_certificate`"
    )]
    NoRoots,
    /// The TLS library refuses its own settings.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

plain_debug!(EncryptionError);

/// Whether connections to the one host of `config` are encrypted. On a unix socket, and with `prefer` on the
/// loopback device, they are not: their data never leaves the machine.
pub(super) fn is_encrypted(config: &Config) -> Result<bool, EncryptionError> {
    let address = config.get_hostaddrs().first();
    let host = config.get_hosts().first();
    if address.is_none() && matches!(host, Some(Host::Unix(_))) {
        return Ok(false);
    }
    match config.get_ssl_mode() {
        SslMode::Disable => Ok(false),
        SslMode::Prefer if is_loopback(host, address) => Ok(false),
        SslMode::Prefer => Err(EncryptionError::Undecided { host: name(host, address) }),
        // `require`, and whatever stricter mode a later version of the driver may know.
        _ => Ok(true),
    }
}

/// Who may vouch for a server: certificates in PEM, and those in a file. If there are neither, the system's
/// authorities.
#[derive(Default)]
pub(crate) struct Authorities {
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) file: Option<PathBuf>,
}

/// Makes encrypted connections to a server that has proved its name.
pub(super) fn verifying(authorities: &Authorities) -> Result<MakeRustlsConnect, EncryptionError> {
    let Authorities { certificates, file } = authorities;
    let mut store =
        if certificates.is_empty() && file.is_none() { system_roots()? } else { given_roots(certificates)? };
    if let Some(file) = file {
        add_file(&mut store, file)?;
    }
    // By name: the application may have another provider for itself, or several.
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| EncryptionError::Setup(error.to_string()))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The meaning of a failed handshake and the remedy. `None` if the error is of another kind.
pub(crate) fn explain(error: &tokio_postgres::Error) -> Option<String> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let inner = cause.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
        let tls = inner.and_then(|error| error.downcast_ref()).or_else(|| cause.downcast_ref());
        if let Some(tls) = tls {
            return Some(explanation(tls));
        }
        source = cause.source();
    }
    let refused = std::error::Error::source(error)?.to_string() == "server does not support TLS";
    refused.then(|| {
        "the server does not support TLS, which `sslmode` demands: turn `ssl` on at the server".to_owned()
    })
}

fn explanation(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "the server's certificate comes from an authority that is not trusted here: give that authority's \
             certificate to `root_certificate`, or name its file in `sslrootcert` or SSL_CERT_FILE"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "the server's certificate is for another host: connect by a name that the certificate carries".to_owned(),
        rustls::Error::InvalidCertificate(reason) => format!("the server's certificate is not valid: {reason}"),
        other => format!("the TLS handshake failed: {other}"),
    }
}

fn given_roots(roots: &[Vec<u8>]) -> Result<RootCertStore, EncryptionError> {
    let mut store = RootCertStore::empty();
    for pem in roots {
        add(&mut store, pem).map_err(EncryptionError::RootCertificate)?;
    }
    Ok(store)
}

fn add_file(store: &mut RootCertStore, file: &Path) -> Result<(), EncryptionError> {
    let refused = |reason: String| EncryptionError::RootFile { file: file.to_owned(), reason };
    let pem = std::fs::read(file).map_err(|error| refused(format!("cannot be read: {error}")))?;
    add(store, &pem).map_err(|reason| refused(format!("is none: {reason}")))
}

/// Adds the certificates in `pem`, of which there is at least one. The error says what is wrong.
fn add(store: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let before = store.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    if store.len() == before { Err("it holds none".to_owned()) } else { Ok(()) }
}

fn system_roots() -> Result<RootCertStore, EncryptionError> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate of the system cannot be read");
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() { Err(EncryptionError::NoRoots) } else { Ok(store) }
}

/// The packets go to the address if there is one, otherwise to the host.
fn is_loopback(host: Option<&Host>, address: Option<&IpAddr>) -> bool {
    match (address, host) {
        (Some(address), _) => address.is_loopback(),
        // RFC 6761 section 6.3: this name leads to the machine itself.
        (None, Some(Host::Tcp(name))) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
        (None, _) => false,
    }
}

fn name(host: Option<&Host>, address: Option<&IpAddr>) -> String {
    match (host, address) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        (_, Some(address)) => address.to_string(),
        _ => String::new(),
    }
}

#[test]
fn nothing_leaves_the_machine_in_plain_text_unless_told_to() {
    let decide = |text: &str| is_encrypted(&text.parse().unwrap()).map_err(|error| error.to_string());
    for plain in [
        "host=/run/postgresql",
        "host=/run/postgresql sslmode=require",
        "host=localhost",
        "host=127.0.0.1",
        "host=::1",
        "host=db.example hostaddr=127.0.0.1",
        "host=db.example sslmode=disable",
    ] {
        assert_eq!(decide(plain), Ok(false), "{plain}");
    }
    for encrypted in ["host=localhost sslmode=require", "host=db.example sslmode=require"] {
        assert_eq!(decide(encrypted), Ok(true), "{encrypted}");
    }
    for undecided in
        ["host=db.example", "host=db.example hostaddr=192.0.2.1", "host=db.example sslmode=prefer"]
    {
        let refusal = decide(undecided).unwrap_err();
        assert!(refusal.starts_with("setting `sslmode` must be given for the database host \"db.example\""));
    }
    assert!(decide("hostaddr=192.0.2.1").unwrap_err().contains("\"192.0.2.1\""));
}

#[test]
fn a_root_certificate_that_is_none_is_refused() {
    let given = |pem: &[u8]| Authorities { certificates: vec![pem.to_vec()], file: None };
    let refusal = |pem: &[u8]| verifying(&given(pem)).err().map(|error| error.to_string());
    let none = "`root_certificate` must be given one or more certificates in PEM: it holds none";
    assert_eq!(refusal(b"").as_deref(), Some(none));
    assert_eq!(refusal(b"/etc/ssl/ca.pem").as_deref(), Some(none));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(refusal(broken).is_some_and(|text| text.starts_with("`root_certificate` must be given")));
}

#[test]
fn a_file_of_authorities_that_holds_none_is_named() {
    let refusal = |file: &str| {
        let authorities = Authorities { certificates: Vec::new(), file: Some(file.into()) };
        verifying(&authorities).err().map(|error| error.to_string())
    };
    let (here, away) = (concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "/nowhere/authority.pem");
    let advice = "`sslrootcert` must name a file with certificates in PEM, or be `system`:";
    assert_eq!(refusal(here), Some(format!("{advice} {here} is none: it holds none")));
    let reason = "cannot be read: No such file or directory (os error 2)";
    assert_eq!(refusal(away), Some(format!("{advice} {away} {reason}")));
}
