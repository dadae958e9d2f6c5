//! Settings of the middleware that are refused, and what it shows of itself.

use poem::{handler, post};
use session_ledger::web::{Csrf, CsrfSettingsError};

#[handler]
fn nothing() {}

#[test]
fn a_trusted_origin_that_no_browser_sends_is_refused_when_it_is_built() {
    let error =
        Csrf::builder().trust("https://pay.example").trust("https://shop.example/").build().unwrap_err();
    assert!(matches!(error, CsrfSettingsError::Origin(_)));
    assert_eq!(
        error.to_string(),
        "the trusted origin \"https://shop.example/\" has more than scheme, host and port: write it as browsers \
         send it, such as `https://pay.example`"
    );
}

#[test]
fn an_exempt_endpoint_that_is_there_twice_is_refused_when_it_is_built() {
    let twice = Csrf::builder().exempt("/hooks/:a", post(nothing)).exempt("/hooks/:a", nothing);
    let error = twice.build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the exempt endpoint at `/hooks/:a` cannot be routed: duplicate path: /hooks/:a"
    );
}

#[test]
fn the_middleware_shows_its_rule() {
    let csrf = Csrf::builder().strict().trust("https://pay.example").build().unwrap();
    let told = format!("{csrf:?}");
    assert_eq!(
        told,
        r#"Csrf { rule: Rule { is_strict: true, trusted: [Origin("https://pay.example")] }, .. }"#
    );
    let told = format!("{:?}", Csrf::builder().exempt("/hooks", nothing).log_only());
    assert_eq!(
        told,
        r#"CsrfBuilder { is_strict: false, trusted: [], exempt: ["/hooks"], asks_token: false, is_log_only: true }"#
    );
}
