//! OWASP Session Management Cheat Sheet.

use crate::document::Found::{DoesNotApply, Held, HeldBut};
use crate::document::{Point, point};

pub(crate) fn points() -> Vec<Point> {
    first().into_iter().chain(last()).collect()
}

#[rustfmt::skip]
fn first() -> Vec<Point> {
    vec![
        point("SM1", "a name that tells nothing of the framework",
            Held(&["token::the_default_is_a_host_cookie_for_the_browser_session"])),
        point("SM2", "64 bits of entropy and more, unique", Held(&[
            "standards::each_bit_of_a_secret_is_as_often_set_as_not",
            "token::two_secrets_are_never_the_same",
        ])),
        point("SM3", "a value without meaning",
            Held(&["token::a_token_shows_only_version_and_key_id_the_rest_changes_with_every_token"])),
        point("SM4", "the store is protected", Held(&[
            "roles::a_role_can_do_what_its_duty_needs_and_nothing_else",
            "secrets::a_dump_of_the_database_and_all_logs_hold_no_token",
        ])),
        point("SM5", "no other way for the id than the cookie",
            Held(&["standards::a_token_that_comes_another_way_than_in_the_cookie_is_nobodys"])),
        point("SM6", "TLS for the whole session",
            HeldBut("TLS ends where the application's server says; browsers refuse the cookie without it", &[
            "token::the_default_is_a_host_cookie_for_the_browser_session",
            "plain_http::a_secure_cookie_over_plain_http_is_told_once",
        ])),
        point("SM7", "Secure, HttpOnly, SameSite, prefix",
            Held(&["token::the_default_is_a_host_cookie_for_the_browser_session"])),
        point("SM8", "no Domain, a narrow Path", Held(&[
            "token::the_default_is_a_host_cookie_for_the_browser_session",
            "token::a_host_cookie_has_neither_domain_nor_path",
        ])),
        point("SM9", "gone with the browser",
            Held(&["token::the_default_is_a_host_cookie_for_the_browser_session"])),
        point("SM10", "not in the browser's other stores",
            Held(&["standards::the_token_stands_in_the_cookie_alone"])),
        point("SM11", "an id that was not made here is never taken over, and told of", Held(&[
            "standards::an_authentic_token_of_a_session_that_never_was_is_not_adopted",
            "cookie::a_garbled_truncated_foreign_or_oversized_cookie_is_refused",
        ])),
        point("SM12", "the id is input that nobody trusts", Held(&[
            "token::no_bytes_open_without_the_key",
            "cookie::any_bytes_read_as_the_model_reads_them",
        ])),
        point("SM13", "a new token at each change of privilege", Held(&[
            "standards::each_proof_replaces_the_token_and_begins_both_limits_anew",
            "impersonations::sm13_acting_as_another_and_as_oneself_again_each_replace_the_token",
        ])),
        point("SM14", "another cookie before the login than after it",
            DoesNotApply("it adds to a new token at the login, which there is")),
    ]
}

#[rustfmt::skip]
fn last() -> Vec<Point> {
    vec![
        point("SM15", "a further proof at events of risk", Held(&[
            "changed_client::sm25_a_step_up_refuses_a_signed_in_user_until_they_prove_who_they_are",
            "step_up::asvs_7_5_1_an_old_login_must_be_proved_anew_and_the_token_is_replaced",
        ])),
        point("SM16", "several cookies: none of one name twice",
            Held(&["cookie::two_cookies_of_the_name_are_both_refused"])),
        point("SM17", "an expired session is over on both sides", Held(&[
            "timeouts::an_unused_session_ends_at_its_idle_timeout_and_not_before",
            "seed_parity::an_expired_session_ends_with_its_cookie_though_the_request_that_finds_it_fails",
        ])),
        point("SM18", "an idle limit, by the server",
            Held(&["timeouts::an_unused_session_ends_at_its_idle_timeout_and_not_before"])),
        point("SM19", "an absolute limit", Held(&["timeouts::a_busy_session_ends_at_its_absolute_timeout"])),
        point("SM20", "a new token from time to time, with a short overlap", Held(&[
            "renewal::a_token_is_renewed_by_the_first_request_after_its_time",
            "renewal::three_tabs_renew_once_and_none_is_signed_out",
            "renewal::a_replay_ends_the_session_though_the_request_that_shows_it_is_rolled_back",
            "login::after_a_renewal_a_request_under_way_is_let_in_and_gets_the_new_token",
        ])),
        point("SM21", "a logout is one at the server",
            Held(&["login::a_logout_is_final_for_every_copy_of_the_token"])),
        point("SM22", "no cache keeps what is a session's",
            HeldBut("a `Clear-Site-Data` at the logout is the application's header", &[
            "cookie::a_response_that_sets_the_cookie_is_kept_out_of_caches",
            "cookie::a_response_that_read_the_session_varies_by_cookie_and_sets_none",
        ])),
        point("SM23", "guessing is noticed",
            Held(&[
            "cookie::a_garbled_truncated_foreign_or_oversized_cookie_is_refused",
            "logged::a_flood_of_forged_cookies_is_a_few_lines_and_a_count",
        ])),
        point("SM24", "changed cookies, foreign ids and new places are noticed", Held(&[
            "cookie::every_single_byte_of_a_token_counts",
            "login::a_token_that_comes_back_long_after_a_login_ends_the_session",
            "client::a_browser_of_another_name_or_place_is_news",
        ])),
        point("SM25", "address and browser are there to detect, not to bind", Held(&[
            "changed_client::by_default_a_phone_goes_where_it_likes",
            "changed_client::asvs_8_2_4_a_new_client_is_noted_once_and_not_once_a_request",
        ])),
        point("SM26", "the life of a session is logged, without its id", Held(&[
            "seed_parity::each_step_of_a_sessions_life_is_a_fact_of_the_log",
            "secrets::a_dump_of_the_database_and_all_logs_hold_no_token",
        ])),
        point("SM27", "administration is protected, and told of",
            HeldBut("pages for administrators are the application's", &[
            "login::a_cookie_of_a_session_that_ended_just_now_is_not_cleared_but_later_it_is",
            "roles::a_role_can_do_what_its_duty_needs_and_nothing_else",
        ])),
        point("SM28", "sessions at once: decided, shown to the user, ended by them", Held(&[
            "limits::sm28_a_user_is_asked_which_session_to_end",
            "seed_parity::a_users_sessions_are_listed_with_their_devices",
            "shop::shop::signing_out_all_others_keeps_this_one",
        ])),
    ]
}
