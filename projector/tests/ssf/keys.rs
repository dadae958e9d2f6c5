//! The key that signs, and its public half.

use std::fs;

use projector::ssf::{SigningKey, Transmitter};
use serde_json::json;

use super::key_file;

#[test]
fn a_key_is_read_from_either_form_and_has_the_same_name() {
    let keys = ["pkcs8.pem", "pkcs1.pem"].map(|name| SigningKey::from_file(&key_file(name)).unwrap());
    assert_eq!(keys[0].jwk(), keys[1].jwk());
    assert_eq!(keys[0].id().len(), 43, "a SHA-256 in base64url");
    let jwk = keys[0].jwk();
    assert_eq!(
        (&jwk["kty"], &jwk["alg"], &jwk["use"], &jwk["e"]),
        (&json!("RSA"), &json!("RS256"), &json!("sig"), &json!("AQAB"))
    );
    assert_eq!(Transmitter::jwks(&keys[..1]), json!({ "keys": [jwk] }));
}

#[test]
fn neither_the_debug_nor_the_public_half_shows_the_private_one() {
    let key = SigningKey::from_file(&key_file("pkcs8.pem")).unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({:?})", key.id()));
    let jwk = key.jwk();
    let members: Vec<_> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
}

#[test]
fn a_file_without_a_fitting_key_says_what_to_put_there() {
    let folder = tempfile::tempdir().unwrap();
    let told = |text: &str| {
        let path = folder.path().join("key.pem");
        fs::write(&path, text).unwrap();
        let error = SigningKey::from_file(&path).unwrap_err().to_string();
        error.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
    };
    let advice = "name a PEM file with an RSA key, such as `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072` \
                  makes";
    assert!(told("hello").ends_with(advice));
    let short = fs::read_to_string(key_file("short.pem")).unwrap();
    assert_eq!(told(&short), "TooSmall: RS256 needs an RSA key of 2048 to 4096 bits");
    let curve = fs::read_to_string(key_file("curve.pem")).unwrap();
    assert_eq!(told(&curve), "WrongAlgorithm: RS256 needs an RSA key of 2048 to 4096 bits");
    let missing = SigningKey::from_file(&folder.path().join("none.pem")).unwrap_err().to_string();
    assert!(missing.ends_with(advice), "{missing}");
}
