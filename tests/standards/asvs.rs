//! OWASP ASVS 5.0, chapter V7.

use crate::document::Found::{DoesNotApply, Held, HeldBut};
use crate::document::{Point, point};

pub(crate) fn points() -> Vec<Point> {
    first().into_iter().chain(last()).collect()
}

#[rustfmt::skip]
fn first() -> Vec<Point> {
    vec![
        point("7.1.1", "limits of inactivity and of lifetime are documented, deviations justified", Held(&[
            "policy::a_policy_is_printed_as_a_document",
            "policy::a_limit_beyond_the_standard_needs_a_written_reason",
        ])),
        point("7.1.2", "how many sessions an account may have at once, and what happens at the limit", Held(&[
            "limits::asvs_7_1_2_one_login_too_many_ends_the_oldest_and_says_so",
            "limits::asvs_7_1_2_one_login_too_many_is_denied",
            "limits::sm28_a_user_is_asked_which_session_to_end",
            "policy::a_policy_is_printed_as_a_document",
        ])),
        point("7.1.3", "federated systems and their common lifetimes are documented",
            DoesNotApply("the library federates with nobody; an application that does ends sessions by `Ledger::end_all`")),
        point("7.2.1", "tokens are verified by a trusted backend", Held(&[
            "cookie::every_single_byte_of_a_token_counts",
            "standards::the_token_stands_in_the_cookie_alone",
        ])),
        point("7.2.2", "tokens are made anew, never static", Held(&[
            "token::two_secrets_are_never_the_same",
            "token::a_hundred_thousand_tokens_of_one_secret_differ_in_nonce_and_text",
        ])),
        point("7.2.3", "reference tokens are unique, random, of 128 bits and more", Held(&[
            "standards::each_bit_of_a_secret_is_as_often_set_as_not",
            "token::a_generator_that_fails_is_an_error_and_nothing_is_made",
            "schema::a_session_is_live_once_and_ends_once",
        ])),
        point("7.2.4", "a new token at each authentication, the old one is over", Held(&[
            "csrf::asvs_7_2_4_a_login_replaces_the_token_at_once",
            "login::a_login_keeps_what_the_visitor_had_and_replaces_the_token",
            "standards::each_proof_replaces_the_token_and_begins_both_limits_anew",
        ])),
        point("7.3.1", "inactivity is limited", Held(&[
            "timeouts::an_unused_session_ends_at_its_idle_timeout_and_not_before",
            "timeouts::a_process_whose_clock_is_an_hour_off_judges_sessions_alike",
        ])),
        point("7.3.2", "the lifetime is limited", Held(&["timeouts::a_busy_session_ends_at_its_absolute_timeout"])),
    ]
}

#[rustfmt::skip]
fn last() -> Vec<Point> {
    vec![
        point("7.4.1", "after logout or expiry a session is of no use", Held(&[
            "finality::nothing_of_a_request_commits_after_its_sessions_end",
            "finality::a_request_that_runs_across_the_logout_does_not_make_the_session_again",
            "login::a_logout_is_final_for_every_copy_of_the_token",
        ])),
        point("7.4.2", "a disabled or deleted account has no sessions", Held(&[
            "disabled::asvs_7_4_2_all_sessions_of_a_disabled_account_end_and_nobody_logs_in_to_it",
            "disabled::asvs_7_4_2_a_login_that_races_with_the_disabling_is_refused_or_ended",
        ])),
        point("7.4.3", "after a change of a factor the user may end all other sessions", Held(&[
            "step_up::asvs_7_4_3_a_changed_factor_ends_the_other_sessions_in_the_same_commit",
            "step_up::asvs_7_4_3_a_changed_factor_can_leave_the_other_sessions_alone",
        ])),
        point("7.4.4", "a visible way to log out on each page",
            HeldBut("pages are the application's; the demo shows it",
            &["shop::shop::logging_out_ends_the_session_and_clears_the_cookie"])),
        point("7.4.5", "administrators end the sessions of a user or of all", Held(&[
            "login::a_cookie_of_a_session_that_ended_just_now_is_not_cleared_but_later_it_is",
            "login::all_other_sessions_of_a_user_can_be_ended_at_once",
            "ending::ten_thousand_sessions_of_a_user_end_in_one_call_and_few_trips",
            "ending::all_sessions_end_also_of_visitors_who_are_not_signed_in",
            "restored::a_token_from_before_the_epoch_was_raised_opens_nothing",
        ])),
        point("7.5.1", "a full authentication before attributes of the account change", Held(&[
            "step_up::asvs_7_5_1_an_old_login_must_be_proved_anew_and_the_token_is_replaced",
            "step_up::each_method_has_its_own_time",
        ])),
        point("7.5.2", "users see and end their sessions",
            HeldBut("pages are the application's; the demo shows them", &[
            "shop::shop::somebody_elses_device_is_not_found",
            "shop::shop::signing_out_all_others_keeps_this_one",
        ])),
        point("7.5.3", "a further factor before what is highly sensitive", Held(&[
            "step_up::asvs_7_5_3_a_grant_is_taken_once_with_what_it_is_for",
            "step_up::asvs_7_5_3_of_many_tabs_that_take_one_grant_one_does",
        ])),
        point("7.6.1", "lifetimes between relying party and identity provider are as documented", Held(&[
            "step_up::asvs_7_6_1_the_time_that_an_identity_provider_tells_is_the_proof_s",
        ])),
        point("7.6.2", "a session begins by consent or by an explicit act", Held(&[
            "csrf::asvs_7_6_2_a_token_is_read_without_a_row_or_a_cookie",
            "shop::shop::looking_around_keeps_nothing_and_sets_no_cookie",
        ])),
    ]
}
