//! Signatures of Standard Webhooks, and the secrets that make them.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::BASE64;
use ring::hmac;
use ring::signature::Ed25519KeyPair;

use super::WebhookError;

/// The environment variable of the secrets.
const VARIABLE: &str = "SESSION_LEDGER_WEBHOOK_SECRETS";

/// The most that is read of a file of secrets.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A secret that signs. It has no `Display`, and its `Debug` tells its kind alone.
#[derive(Clone)]
pub struct Secret(Kind);

#[derive(Clone)]
enum Kind {
    /// `whsec_`: shared with the receiver (`v1`, HMAC-SHA256).
    Shared(hmac::Key),
    /// `whsk_`: a private key, whose public one the receiver knows (`v1a`, Ed25519).
    Private(Arc<Ed25519KeyPair>),
}

/// A text is no secret. No message repeats it.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It begins with neither of the two.
    #[error("a webhook's secret begins with `whsec_` (shared) or `whsk_` (a private key of Ed25519)")]
    Prefix,
    /// The rest is no base64.
    #[error("behind its prefix a webhook's secret is base64, with its padding")]
    Base64,
    /// A shared secret is too short or too long.
    #[error("a shared secret has 24 to 64 bytes: `openssl rand -base64 32` makes one to put behind `whsec_`")]
    Length,
    /// A private key is none.
    #[error("a private key of Ed25519 has 32 bytes, or 64 with its public key behind it, which must fit")]
    Key,
}

/// As its `Display`.
impl fmt::Debug for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The secrets in a text: one a line, or with spaces between them.
///
/// # Errors
///
/// One of them is none.
pub fn secrets(text: &str) -> Result<Vec<Secret>, SecretError> {
    text.split_whitespace().map(str::parse).collect()
}

/// The secrets in `file`, or else those that `environment` holds in `SESSION_LEDGER_WEBHOOK_SECRETS`.
///
/// # Errors
///
/// The file cannot be read, or one of them is none.
pub fn secrets_of(
    file: Option<&Path>,
    environment: impl FnOnce(&str) -> Option<String>,
) -> Result<Vec<Secret>, WebhookError> {
    let (place, text) = match file {
        Some(path) => (path.display().to_string(), read(path)?),
        None => (VARIABLE.to_owned(), environment(VARIABLE).unwrap_or_default()),
    };
    secrets(&text).map_err(|error| WebhookError::Secret { place, error })
}

/// The text of a file that holds secrets; of a large one its beginning.
fn read(path: &Path) -> Result<String, WebhookError> {
    let mut text = String::new();
    let reading = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
    reading.map_err(|error| WebhookError::File { path: path.to_owned(), error })?;
    Ok(text)
}

/// The value of `webhook-signature`: one signature for each secret.
pub(super) fn of(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let signatures: Vec<String> = secrets.iter().map(|secret| secret.sign(&signed)).collect();
    signatures.join(" ")
}

impl Secret {
    fn sign(&self, signed: &[u8]) -> String {
        match &self.0 {
            Kind::Shared(key) => format!("v1,{}", BASE64.encode(hmac::sign(key, signed).as_ref())),
            Kind::Private(key) => format!("v1a,{}", BASE64.encode(key.sign(signed).as_ref())),
        }
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| SecretError::Base64);
        if let Some(shared) = text.strip_prefix("whsec_") {
            let shared = bytes(shared)?;
            let is_fitting = (24..=64).contains(&shared.len());
            is_fitting
                .then(|| Self(Kind::Shared(hmac::Key::new(hmac::HMAC_SHA256, &shared))))
                .ok_or(SecretError::Length)
        } else if let Some(private) = text.strip_prefix("whsk_") {
            let key = key_pair(&bytes(private)?).ok_or(SecretError::Key)?;
            Ok(Self(Kind::Private(Arc::new(key))))
        } else {
            Err(SecretError::Prefix)
        }
    }
}

/// A key of 32 bytes, or of 64 with the public key behind it.
fn key_pair(bytes: &[u8]) -> Option<Ed25519KeyPair> {
    match bytes.split_at_checked(32)? {
        (seed, []) => Ed25519KeyPair::from_seed_unchecked(seed).ok(),
        (seed, public) => Ed25519KeyPair::from_seed_and_public_key(seed, public).ok(),
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Shared(_) => "Shared",
            Kind::Private(_) => "Private",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const TIME: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    /// The secret and the message are those that libraries of Standard Webhooks are tested with.
    const SHARED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SHARED_SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    /// The key of the first test of RFC 8032, section 7.1, and what OpenSSL signs with it.
    const PRIVATE: &str = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PRIVATE_AND_PUBLIC: &str =
        "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
    const PRIVATE_SIGNATURE: &str =
        "v1a,fldxM4gAKugP6nnt1hdz3sgGfZ6d99nzrMFnZOELIxbzEHoVmAb2ADpkJK7zgPePmPsle0zV9jSeGlHFG2NVAw==";

    #[test]
    fn each_secret_signs_id_time_and_body_as_the_standard_says() {
        let signed = |text: &str| of(&secrets(text).unwrap(), ID, TIME, BODY);
        assert_eq!(signed(SHARED), SHARED_SIGNATURE);
        assert_eq!(signed(PRIVATE), PRIVATE_SIGNATURE);
        assert_eq!(signed(PRIVATE_AND_PUBLIC), PRIVATE_SIGNATURE);
        let both = format!("{SHARED}\n{PRIVATE}\n");
        assert_eq!(signed(&both), format!("{SHARED_SIGNATURE} {PRIVATE_SIGNATURE}"));
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        let of_bytes = |prefix: &str, bytes: usize| format!("{prefix}{}", BASE64.encode(&vec![7; bytes]));
        let forged = format!("{}AAAA", &PRIVATE_AND_PUBLIC[..PRIVATE_AND_PUBLIC.len() - 4]);
        for (text, refusal) in [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), SecretError::Prefix),
            ("whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(), SecretError::Prefix),
            ("whsec_not base64".to_owned(), SecretError::Base64),
            (of_bytes("whsec_", 23), SecretError::Length),
            (of_bytes("whsec_", 65), SecretError::Length),
            (of_bytes("whsk_", 31), SecretError::Key),
            (of_bytes("whsk_", 64), SecretError::Key),
            (forged, SecretError::Key),
        ] {
            assert_eq!(secrets(&text).err(), Some(refusal), "{text}");
        }
    }

    #[test]
    fn secrets_come_from_a_file_or_from_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secrets");
        std::fs::write(&file, format!("{SHARED}\n{PRIVATE}\n")).unwrap();
        assert_eq!(secrets_of(Some(&file), |_| panic!("the file has them")).unwrap().len(), 2);
        let held = |name: &str| (name == "SESSION_LEDGER_WEBHOOK_SECRETS").then(|| SHARED.to_owned());
        assert_eq!(secrets_of(None, held).unwrap().len(), 1);
        assert_eq!(secrets_of(None, |_| None).unwrap().len(), 0);
        let wrong = secrets_of(None, |_| Some("hunter2".to_owned())).unwrap_err().to_string();
        assert_eq!(
            wrong,
            "SESSION_LEDGER_WEBHOOK_SECRETS: a webhook's secret begins with `whsec_` (shared) or `whsk_` (a private \
             key of Ed25519)"
        );
        let missing = secrets_of(Some(&folder.path().join("none")), |_| None).unwrap_err().to_string();
        assert!(missing.ends_with("/none: No such file or directory (os error 2)"), "{missing}");
    }

    #[test]
    fn no_secret_is_told() {
        let shown = format!("{:?}", secrets(&format!("{SHARED} {PRIVATE}")).unwrap());
        assert_eq!(shown, "[Shared, Private]");
    }
}
