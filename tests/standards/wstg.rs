//! OWASP Web Security Testing Guide, session management.

use crate::document::Found::{DoesNotApply, Held, HeldBut};
use crate::document::{Point, point};

#[rustfmt::skip]
pub(crate) fn points() -> Vec<Point> {
    vec![
        point("WSTG-SESS-01", "the scheme: random, opaque, proof against changes", Held(&[
            "standards::each_bit_of_a_secret_is_as_often_set_as_not",
            "token::a_changed_byte_is_refused_at_every_position",
            "token::only_the_url_alphabet_without_padding_is_a_token",
        ])),
        point("WSTG-SESS-02", "the cookie's attributes", Held(&[
            "token::the_default_is_a_host_cookie_for_the_browser_session",
            "token::a_prefix_is_spelled_exactly",
            "kit::a_cookie_that_a_browser_would_refuse_is_not_kept",
        ])),
        point("WSTG-SESS-03", "fixation", Held(&[
            "standards::a_cookie_that_was_forced_on_a_victim_is_worthless_after_their_login",
            "cookie::a_name_that_only_decodes_to_ours_is_not_ours",
            "cookie::two_cookies_of_the_name_are_both_refused",
        ])),
        point("WSTG-SESS-04", "exposed tokens: transport, caches, methods", Held(&[
            "cookie::a_response_that_sets_the_cookie_is_kept_out_of_caches",
            "csrf::asvs_3_5_3_a_logout_by_get_is_refused_by_the_router",
            "standards::the_token_stands_in_the_cookie_alone",
        ])),
        point("WSTG-SESS-05", "forged requests", Held(&[
            "csrf::asvs_3_5_1_wstg_sess_05_the_middleware_decides_as_the_table_says",
            "csrf::asvs_3_5_1_nist_n7_a_token_that_is_asked_for_is_needed_besides",
            "csrf::a_token_of_another_session_or_of_nobody_is_refused",
            "shop::browser::a_form_on_another_site_puts_nothing_into_the_cart_and_signs_nobody_in",
        ])),
        point("WSTG-SESS-06", "logout, also for the cookie's copies", Held(&[
            "login::a_logout_is_final_for_every_copy_of_the_token",
            "cookie::logging_out_clears_the_cookie_with_the_attributes_it_was_set_with",
        ])),
        point("WSTG-SESS-07", "time limits, by the server", Held(&[
            "timeouts::an_unused_session_ends_at_its_idle_timeout_and_not_before",
            "timeouts::a_busy_session_ends_at_its_absolute_timeout",
        ])),
        point("WSTG-SESS-08", "values that one page sets and another takes for something else", Held(&[
            "standards::a_value_of_any_name_signs_nobody_in",
            "values::one_name_for_two_types_is_an_error",
        ])),
        point("WSTG-SESS-09", "hijacking: Secure everywhere, HSTS",
            HeldBut("Strict-Transport-Security is the application's header",
            &["token::the_default_is_a_host_cookie_for_the_browser_session"])),
        point("WSTG-SESS-10", "JSON web tokens", DoesNotApply("there are none")),
        point("WSTG-SESS-11", "sessions at once, as the policy says", Held(&[
            "limits::wstg_sess_11_64_parallel_logins_leave_no_more_live_than_may_be",
            "limits::wstg_sess_11_of_64_parallel_logins_no_more_are_granted_than_may_be",
        ])),
    ]
}
