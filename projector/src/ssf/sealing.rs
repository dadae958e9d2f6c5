//! Where a stream is pushed to, as it is kept: sealed, since address and header may be a receiver's secrets.

use data_encoding::BASE64URL_NOPAD;
use rand::TryRng;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::{Deserialize, Serialize};

use super::key::{SigningKey, SigningKeyError};

/// What the signing key signs, to make the sealing key of it. No token begins so.
const DOMAIN: &str = "session-ledger: the key that seals deliveries of Shared Signals, 1";

/// Where tokens are pushed to. It has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PushTo {
    pub(super) endpoint_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorization_header: Option<String>,
}

/// Seals and opens with a key that follows from the one that signs, so that there is no other to keep.
pub(super) struct Sealer {
    /// The newest first.
    keys: Vec<(String, LessSafeKey)>,
}

/// Something could not be sealed: there is no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotSealed;

impl Sealer {
    /// Seals with the first key, and opens with any.
    pub(super) fn of(keys: &[SigningKey]) -> Result<Self, SigningKeyError> {
        let keys = keys.iter().map(|key| Ok((key.id().to_owned(), derived(key)?)));
        Ok(Self { keys: keys.collect::<Result<_, SigningKeyError>>()? })
    }

    /// Seals for one stream: in another one it does not open.
    pub(super) fn seal(&self, stream: &str, to: &PushTo, rng: &mut impl TryRng) -> Result<String, NotSealed> {
        let (id, key) = self.keys.first().ok_or(NotSealed)?;
        let mut nonce = [0; NONCE_LEN];
        rng.try_fill_bytes(&mut nonce).map_err(|_| NotSealed)?;
        let mut bytes = serde_json::to_vec(to).map_err(|_| NotSealed)?;
        let sealed =
            key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(stream), &mut bytes);
        sealed.map_err(|_| NotSealed)?;
        Ok(format!("{id}.{}.{}", BASE64URL_NOPAD.encode(&nonce), BASE64URL_NOPAD.encode(&bytes)))
    }

    /// What was sealed. None if its key is gone, or it was sealed for another stream.
    pub(super) fn open(&self, stream: &str, sealed: &str) -> Option<PushTo> {
        let mut parts = sealed.splitn(3, '.');
        let (id, nonce, bytes) = (parts.next()?, parts.next()?, parts.next()?);
        let (_, key) = self.keys.iter().find(|(known, _)| known == id)?;
        let nonce: [u8; NONCE_LEN] = BASE64URL_NOPAD.decode(nonce.as_bytes()).ok()?.try_into().ok()?;
        let mut bytes = BASE64URL_NOPAD.decode(bytes.as_bytes()).ok()?;
        let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(stream), &mut bytes);
        serde_json::from_slice(opened.ok()?).ok()
    }

    /// Whether it was sealed with the key that seals today.
    pub(super) fn is_fresh(&self, sealed: &str) -> bool {
        self.keys.first().is_some_and(|(id, _)| sealed.split('.').next() == Some(id))
    }
}

/// A signature with PKCS#1 v1.5 is the same each time, whatever file the key was read from, and nobody
/// without the key can make it.
fn derived(key: &SigningKey) -> Result<LessSafeKey, SigningKeyError> {
    let signature = key.sign(DOMAIN)?;
    let pseudorandom = Salt::new(HKDF_SHA256, DOMAIN.as_bytes()).extract(signature.as_bytes());
    let key = pseudorandom.expand(&[b"aes-256-gcm"], &AES_256_GCM).map(UnboundKey::from);
    Ok(LessSafeKey::new(key.map_err(|_| SigningKeyError::NoRandomness)?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::PathBuf;

    use rand::rngs::SysRng;

    use super::*;

    fn key(name: &str) -> SigningKey {
        SigningKey::from_file(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ssf").join(name))
            .unwrap()
    }

    fn to() -> PushTo {
        let authorization_header = Some("Bearer hunter2".to_owned());
        PushTo { endpoint_url: "https://forum.example/events?key=hunter3".to_owned(), authorization_header }
    }

    #[test]
    fn what_is_sealed_opens_for_its_stream_alone_and_shows_nothing() {
        let sealer = Sealer::of(&[key("pkcs8.pem")]).unwrap();
        let sealed = sealer.seal("a", &to(), &mut SysRng).unwrap();
        assert!(!sealed.contains("hunter") && sealer.is_fresh(&sealed));
        assert!(sealer.open("a", &sealed) == Some(to()));
        assert!(sealer.open("b", &sealed).is_none());
        // The same key from another file.
        assert!(Sealer::of(&[key("pkcs1.pem")]).unwrap().open("a", &sealed) == Some(to()));
        for at in 0..sealed.len() {
            let mut broken = sealed.clone().into_bytes();
            broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
            assert!(sealer.open("a", &String::from_utf8(broken).unwrap()).is_none(), "{at}");
        }
    }

    #[test]
    fn a_key_that_is_gone_opens_nothing() {
        let sealed = Sealer::of(&[key("pkcs8.pem")]).unwrap().seal("a", &to(), &mut SysRng).unwrap();
        let nobody = Sealer { keys: Vec::new() };
        assert!(nobody.open("a", &sealed).is_none() && !nobody.is_fresh(&sealed));
        assert!(nobody.seal("a", &to(), &mut SysRng) == Err(NotSealed));
    }
}
