//! Keys of a session, and columns of a table, whose values are not shown.

use serde_json::Value;

/// A key with one of these in its name is hidden, in whatever way its words are put together.
const WORDS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "authorization",
    "cookie",
    "apikey",
    "privatekey",
    "cardnumber",
];

/// A key is hidden that has one of these as a word: within another they mean nothing (`shipping`).
const SHORT_WORDS: [&str; 6] = ["otp", "pin", "cvv", "cvc", "iban", "ssn"];

/// What is shown in the place of a value.
pub(crate) const HIDDEN: &str = "hidden";

/// Which keys are hidden.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden {
    /// Beside those whose names look sensitive.
    also: Vec<String>,
}

impl Hidden {
    pub(crate) fn with(keys: &[String]) -> Self {
        Self { also: keys.to_vec() }
    }

    /// Whether the value of a key is hidden.
    pub(crate) fn hides(&self, key: &str) -> bool {
        if self.also.iter().any(|one| one.eq_ignore_ascii_case(key)) {
            return true;
        }
        let letters: String =
            key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        WORDS.iter().any(|word| letters.contains(word))
            || words(key).iter().any(|word| SHORT_WORDS.contains(&word.as_str()))
    }

    /// The JSON of a key that is shown, with the fields in it that are not.
    pub(crate) fn without_hidden(&self, value: Value) -> Value {
        match value {
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| {
                    let shown = if self.hides(&name) { HIDDEN.into() } else { self.without_hidden(value) };
                    (name, shown)
                })
                .collect(),
            Value::Array(items) => items.into_iter().map(|item| self.without_hidden(item)).collect(),
            other => other,
        }
    }
}

/// The words of a name, in lower case: `cardPin` and `card-pin` have two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_sounds_sensitive_is_hidden_and_what_is_like_it_is_not() {
        let hidden = Hidden::with(&["Diagnosis".to_owned()]);
        for key in [
            "password",
            "newPassword",
            "api_key",
            "API-Key",
            "oauth.access_token",
            "cardPin",
            "card_pin",
            "otp",
            "diagnosis",
            "client_secret",
        ] {
            assert!(hidden.hides(key), "{key}");
        }
        for key in ["cart", "shipping", "pinned", "optional", "card", "diagnosis_code", ""] {
            assert!(!hidden.hides(key), "{key}");
        }
    }

    #[test]
    fn fields_are_hidden_at_any_depth() {
        let value = json!({ "cart": [{ "id": 1, "token": "t" }], "pin": { "all": 1 } });
        let shown = json!({ "cart": [{ "id": 1, "token": "hidden" }], "pin": "hidden" });
        assert_eq!(Hidden::default().without_hidden(value), shown);
    }
}
