//! The key that signs, and what receivers verify with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An RSA key of 2048 bits or more. It has no `Display`, and its `Debug` tells its name alone.
#[derive(Clone)]
pub struct SigningKey {
    pair: Arc<KeyPair>,
    id: String,
}

/// A file holds no key that can sign. No message repeats what is in it.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// The file cannot be read, or is no PEM file with a private key.
    #[error(
        "{}: {reason}: name a PEM file with an RSA key, such as `openssl genpkey -algorithm RSA -pkeyopt \
         rsa_keygen_bits:3072` makes", .path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key is of another kind, damaged, or too short or too long.
    #[error("{}: {reason}: RS256 needs an RSA key of 2048 to 4096 bits", .path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The system gave no random bytes.
    #[error("the system has no randomness, which a signature needs")]
    NoRandomness,
}

/// As its `Display`: `main` of a program of somebody's own prints it.
impl fmt::Debug for SigningKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl SigningKey {
    /// Reads a key from a PEM file (PKCS#8, or the older PKCS#1).
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no key that fits.
    pub fn from_file(path: &Path) -> Result<Self, SigningKeyError> {
        let der = PrivateKeyDer::from_pem_file(path).map_err(|error| SigningKeyError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let unfit = |reason: String| SigningKeyError::Unfit { path: path.to_owned(), reason };
        let pair = match &der {
            PrivateKeyDer::Pkcs8(der) => KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => KeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(unfit("it is no RSA key".to_owned())),
        };
        let pair = Arc::new(pair.map_err(|error| unfit(error.to_string()))?);
        let id = thumbprint(&pair);
        Ok(Self { pair, id })
    }

    /// The key's name: its thumbprint (RFC 7638), so that no two keys share one.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half, as receivers ask for it at `jwks_uri` (RFC 7517).
    pub fn jwk(&self) -> Value {
        let (modulus, exponent) = components(&self.pair);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": modulus, "e": exponent })
    }

    /// The signature of a JWS over its first two parts.
    pub(super) fn sign(&self, signed: &str) -> Result<String, SigningKeyError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| SigningKeyError::NoRandomness)?;
        Ok(BASE64URL_NOPAD.encode(&signature))
    }
}

/// The name of the key alone.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.id).finish()
    }
}

/// Modulus and exponent in base64url.
fn components(pair: &KeyPair) -> (String, String) {
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
    (BASE64URL_NOPAD.encode(&n), BASE64URL_NOPAD.encode(&e))
}

/// SHA-256 of the required members in the order of their names, without white space.
fn thumbprint(pair: &KeyPair) -> String {
    let (modulus, exponent) = components(pair);
    let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
    BASE64URL_NOPAD.encode(&Sha256::digest(members))
}
