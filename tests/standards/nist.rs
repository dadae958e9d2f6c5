//! NIST SP 800-63B-4 (final, July 2025).

use crate::document::Found::{DoesNotApply, Held, HeldBut};
use crate::document::{Point, point};

#[rustfmt::skip]
pub(crate) fn points() -> Vec<Point> {
    vec![
        point("N1", "5.1: the secret is made by the host in answer to the authentication", Held(&[
            "csrf::asvs_7_2_4_a_login_replaces_the_token_at_once",
            "standards::each_proof_replaces_the_token_and_begins_both_limits_anew",
        ])),
        point("N2", "5.1: the secret does not outlive the browser, unless asked for", Held(&[
            "token::the_default_is_a_host_cookie_for_the_browser_session",
            "remember::the_cookie_of_a_remembered_session_alone_has_an_age",
            "remember::at_aal2_nobody_is_remembered_unless_the_policy_says_why",
        ])),
        point("N3", "5.1: limits hold for proofs bound to a device too",
            DoesNotApply("no session is bound to a device")),
        point("N4", "5.1: the level of a session is not above its authentication's",
            Held(&["standards::the_level_of_a_session_is_that_of_its_latest_proof"])),
        point("N5", "5.1, list: made at the authentication, 64 bits and more, ended by the subject, sent by TLS, limited in time, \
opaque to others", Held(&[
            "standards::each_bit_of_a_secret_is_as_often_set_as_not",
            "login::a_logout_is_final_for_every_copy_of_the_token",
            "timeouts::an_unused_session_ends_at_its_idle_timeout_and_not_before",
            "token::a_token_shows_only_version_and_key_id_the_rest_changes_with_every_token",
        ])),
        point("N6", "5.1: erased at the endpoint, never in local storage, never by http", Held(&[
            "cookie::logging_out_clears_the_cookie_with_the_attributes_it_was_set_with",
            "kit::a_cookie_that_a_browser_would_refuse_is_not_kept",
            "standards::the_token_stands_in_the_cookie_alone",
        ])),
        point("N7", "5.1: POST and PUT carry an identifier against forgery",
            Held(&["csrf::asvs_3_5_1_nist_n7_a_token_that_is_asked_for_is_needed_besides"])),
        point("N8", "5.1: a way to log off that is easily found",
            HeldBut("pages are the application's; the demo shows it",
            &["shop::shop::logging_out_ends_the_session_and_clears_the_cookie"])),
        point("N9", "5.1.1: a cookie for https alone, for few hosts and paths, HttpOnly, `__Host-`, SameSite, opaque", Held(&[
            "token::the_default_is_a_host_cookie_for_the_browser_session",
            "token::a_token_shows_only_version_and_key_id_the_rest_changes_with_every_token",
        ])),
        point("N10", "5.2: either limit ends the session; activity resets one, a further proof both; limits are documented", Held(&[
            "timeouts::a_process_whose_clock_is_an_hour_off_judges_sessions_alike",
            "standards::each_proof_replaces_the_token_and_begins_both_limits_anew",
            "policy::a_policy_is_printed_as_a_document",
        ])),
    ]
}
