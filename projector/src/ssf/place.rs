//! Where the endpoints are, as receivers see them: below the issuer's URL.

use serde_json::{Value, json};

use super::stream::{POLL, PUSH};

/// The issuer's URL, and what lies below it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    issuer: String,
    /// The issuer's path, without a slash at its end.
    path: String,
}

impl Place {
    /// Of an issuer: an https URL without query and fragment.
    pub(super) fn of(issuer: &str) -> Self {
        let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
        let path = rest.find('/').map_or("", |at| &rest[at..]).trim_end_matches('/');
        Self { issuer: issuer.to_owned(), path: path.to_owned() }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The path of the configuration: the issuer's own path comes last (SSF 1.0, section 7.2).
    pub(super) fn configuration_path(&self) -> String {
        format!("/.well-known/ssf-configuration{}", self.path)
    }

    /// A path of ours below the issuer's.
    pub(super) fn path_of(&self, name: &str) -> String {
        format!("{}/ssf/{name}", self.path)
    }

    fn url(&self, name: &str) -> String {
        format!("{}/ssf/{name}", self.issuer.trim_end_matches('/'))
    }

    pub(super) fn poll_url(&self, stream: &str) -> String {
        self.url(&format!("poll/{stream}"))
    }

    /// The configuration of the transmitter. It names no endpoint for subjects: all are told.
    pub(super) fn configuration(&self) -> Value {
        json!({
            "spec_version": "1_0",
            "issuer": self.issuer,
            "jwks_uri": self.url("jwks.json"),
            "delivery_methods_supported": [PUSH, POLL],
            "configuration_endpoint": self.url("streams"),
            "status_endpoint": self.url("status"),
            "verification_endpoint": self.url("verify"),
            "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6750" }],
            "default_subjects": "ALL",
        })
    }
}

#[test]
fn the_endpoints_lie_below_the_issuer() {
    let root = Place::of("https://shop.example");
    assert_eq!(root.configuration_path(), "/.well-known/ssf-configuration");
    assert_eq!(root.path_of("streams"), "/ssf/streams");
    assert_eq!(root.poll_url("a"), "https://shop.example/ssf/poll/a");
    let tenant = Place::of("https://shop.example/t1/");
    assert_eq!(tenant.configuration_path(), "/.well-known/ssf-configuration/t1");
    assert_eq!(tenant.path_of("streams"), "/t1/ssf/streams");
    assert_eq!(tenant.poll_url("a"), "https://shop.example/t1/ssf/poll/a");
    assert_eq!(tenant.configuration()["issuer"], "https://shop.example/t1/");
}
