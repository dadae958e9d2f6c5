//! Whether browsers accept a cookie with these attributes.

use std::net::IpAddr;

use super::error::CookieSettingsError;
use super::{CookieSettings, SameSite};
use crate::token::frame::TEXT;

/// The most bytes of a name and its value together that browsers accept.
const PAIR_MAX: usize = 4096;
/// The most bytes of an attribute that browsers accept.
const ATTRIBUTE_MAX: usize = 1024;
/// The most bytes of a domain, and of one of its labels (RFC 1035, section 2.3.4).
const DOMAIN_MAX: usize = 253;
const LABEL_MAX: usize = 63;
/// The name prefixes that browsers know; a longer one goes before its own beginning.
const PREFIXES: [&str; 4] = ["__Host-Http-", "__Host-", "__Http-", "__Secure-"];

impl CookieSettings {
    /// Whether browsers will accept these settings.
    ///
    /// # Errors
    /// Names the setting that they would refuse, and why.
    pub fn validate(&self) -> Result<(), CookieSettingsError> {
        self.validate_name()?;
        self.validate_scope()?;
        if self.same_site == SameSite::None && !self.secure {
            return Err(CookieSettingsError::InsecureForOthers { setting: "same_site" });
        }
        if self.partitioned && !self.secure {
            return Err(CookieSettingsError::InsecureForOthers { setting: "partitioned" });
        }
        Ok(())
    }

    fn validate_name(&self) -> Result<(), CookieSettingsError> {
        let name = &self.name;
        if name.is_empty() || !name.bytes().all(is_token_byte) {
            return Err(CookieSettingsError::Name { name: name.clone() });
        }
        if name.len() + TEXT > PAIR_MAX {
            return Err(CookieSettingsError::NameLength { found: name.len(), most: PAIR_MAX - TEXT });
        }
        let Some(prefix) = prefix_of(name) else { return Ok(()) };
        if !name.starts_with(prefix) {
            return Err(CookieSettingsError::PrefixSpelling { name: name.clone(), prefix });
        }
        if !self.secure {
            return Err(CookieSettingsError::PrefixInsecure { name: name.clone(), prefix });
        }
        Ok(())
    }

    fn validate_scope(&self) -> Result<(), CookieSettingsError> {
        let refuse_host = |setting| CookieSettingsError::PrefixOfHost { name: self.name.clone(), setting };
        let is_of_host = prefix_of(&self.name).is_some_and(|prefix| prefix.starts_with("__Host-"));
        if let Some(domain) = &self.domain {
            if !is_domain(domain) {
                return Err(CookieSettingsError::Domain { domain: domain.clone() });
            }
            if is_of_host {
                return Err(refuse_host("domain"));
            }
        }
        let is_attribute = self.path.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';');
        let is_path = self.path.starts_with('/') && is_attribute && self.path.len() <= ATTRIBUTE_MAX;
        // Browsers cut blanks off, and the rest would be another path.
        if !is_path || self.path.ends_with(' ') {
            return Err(CookieSettingsError::Path { path: self.path.clone() });
        }
        if is_of_host && self.path != "/" {
            return Err(refuse_host("path"));
        }
        Ok(())
    }
}

/// The prefix that a browser sees in `name`. Browsers ignore the case.
fn prefix_of(name: &str) -> Option<&'static str> {
    let begins =
        |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    PREFIXES.into_iter().find(begins)
}

/// Whether a text is the name of a domain with a dot in it, and no address.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=LABEL_MAX).contains(&label.len()) && is_plain && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_name = text.contains('.') && text.len() <= DOMAIN_MAX && text.split('.').all(is_label);
    is_name && text.parse::<IpAddr>().is_err()
}

/// `tchar` of RFC 9110, section 5.6.2.
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
