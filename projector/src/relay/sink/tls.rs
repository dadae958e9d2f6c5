//! Encrypted connections to brokers, which prove their names to the system's authorities.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Trusts the system's authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR. The error says what to do.
pub(super) fn verifying() -> Result<ClientConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        return Err(
            "no authority is trusted here: install the package `ca-certificates`, or name the file of \
                    your authority's certificate in SSL_CERT_FILE"
                .to_owned(),
        );
    }
    // By name, as a process may hold several providers.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| format!("TLS cannot be set up: {error}"))?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}
