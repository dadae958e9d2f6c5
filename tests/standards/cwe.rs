//! Weaknesses that session stores have had.

use crate::document::Found::{DoesNotApply, Held, HeldBut, Open};
use crate::document::{Point, point};

/// The weaknesses that are looked at, in the order of the list below.
pub(crate) const IDS: [u32; 44] = [
    384, 613, 614, 1004, 1275, 539, 565, 784, 598, 525, 532, 117, 352, 346, 1385, 348, 330, 331, 334, 338,
    323, 354, 347, 208, 294, 312, 522, 459, 672, 362, 367, 488, 404, 772, 400, 770, 502, 177, 180, 639, 778,
    212, 359, 1188,
];

const GOLDEN: &str = "token::the_default_is_a_host_cookie_for_the_browser_session";
const RANDOM: &str = "standards::each_bit_of_a_secret_is_as_often_set_as_not";
const FAILING: &str = "token::a_generator_that_fails_is_an_error_and_nothing_is_made";
const BYTES: &str = "token::a_changed_byte_is_refused_at_every_position";
const DUMP: &str = "secrets::a_dump_of_the_database_and_all_logs_hold_no_token";
const FORGED: &str = "csrf::asvs_3_5_1_wstg_sess_05_the_middleware_decides_as_the_table_says";
const FINAL: &str = "finality::nothing_of_a_request_commits_after_its_sessions_end";
const LOGOUT: &str = "login::a_logout_is_final_for_every_copy_of_the_token";
const DROPPED: &str =
    "cancellation::a_request_dropped_after_any_poll_did_all_or_nothing_and_leaves_a_connection_that_works";
const FULL: &str = "bad_input::too_much_data_is_refused_before_anything_is_sent";

pub(crate) fn points() -> Vec<Point> {
    [cookies_and_requests(), randomness_and_sealing(), lives_and_resources()].into_iter().flatten().collect()
}

#[rustfmt::skip]
fn cookies_and_requests() -> Vec<Point> {
    vec![
        point("CWE-384", "session fixation",
            Held(&["standards::a_cookie_that_was_forced_on_a_victim_is_worthless_after_their_login"])),
        point("CWE-613", "insufficient session expiration", Held(&[
            "timeouts::an_unused_session_ends_at_its_idle_timeout_and_not_before",
            "timeouts::a_busy_session_ends_at_its_absolute_timeout",
        ])),
        point("CWE-614", "a cookie without Secure", Held(&[GOLDEN])),
        point("CWE-1004", "a cookie without HttpOnly", Held(&[GOLDEN])),
        point("CWE-1275", "a cookie without a proper SameSite", Held(&[GOLDEN, "token::a_cookie_for_other_sites_is_secure"])),
        point("CWE-539", "a persistent cookie", Held(&[GOLDEN])),
        point("CWE-565", "a cookie that is trusted unchecked", Held(&["cookie::every_single_byte_of_a_token_counts"])),
        point("CWE-784", "a decision by a cookie that is trusted unchecked",
            Held(&["cookie::a_token_of_another_audience_or_key_is_refused"])),
        point("CWE-598", "a token in an address",
            Held(&["standards::a_token_that_comes_another_way_than_in_the_cookie_is_nobodys"])),
        point("CWE-525", "a browser's cache that keeps it",
            Held(&["cookie::a_response_that_sets_the_cookie_is_kept_out_of_caches"])),
        point("CWE-532", "a token in a log", Held(&[DUMP])),
        point("CWE-117", "lines that a client writes into the log", Held(&[
            "login::the_history_says_who_came_from_where",
            "logged::nothing_that_is_sent_has_a_comment",
            "projector::commands::a_terminal_gets_no_control_characters_in_any_format",
        ])),
        point("CWE-352", "cross-site request forgery", Held(&[FORGED])),
        point("CWE-346", "an origin that nobody checks", Held(&[FORGED])),
        point("CWE-1385", "an origin that nobody checks at a WebSocket",
            DoesNotApply("a handshake is a GET, which the library's middleware lets pass: its handler looks at `Origin`, and \
SameSite keeps the cookie from foreign pages")),
        point("CWE-348", "a source of the address that anybody writes", Held(&[
            "proxy::a_header_of_anybody_else_changes_nothing",
            "proxy::behind_a_trusted_proxy_the_log_says_the_client",
        ])),
    ]
}

#[rustfmt::skip]
fn randomness_and_sealing() -> Vec<Point> {
    vec![
        point("CWE-330", "values that are not random enough", Held(&[RANDOM])),
        point("CWE-331", "too little entropy", Held(&[RANDOM, FAILING])),
        point("CWE-334", "too few values", Held(&[RANDOM, "token::two_secrets_are_never_the_same"])),
        point("CWE-338", "a weak generator", Held(&[RANDOM, FAILING])),
        point("CWE-323", "a nonce that is used twice",
            Held(&["token::a_hundred_thousand_tokens_of_one_secret_differ_in_nonce_and_text"])),
        point("CWE-354", "an integrity check that is left out", Held(&[BYTES])),
        point("CWE-347", "a signature that nobody checks",
            Held(&[BYTES, "token::only_the_key_that_the_token_names_is_tried"])),
        point("CWE-208", "what the time of an answer tells",
            HeldBut("no test measures times: hashes are compared in constant time, and each refusal is one error",
            &["token::every_refusal_is_the_same_error"])),
        point("CWE-294", "a token that is replayed", Held(&[
            LOGOUT,
            "login::a_token_that_comes_back_long_after_a_login_ends_the_session",
        ])),
        point("CWE-312", "a token in plain text at rest", Held(&[DUMP])),
        point("CWE-522", "credentials that are kept unprotected", Held(&[DUMP])),
    ]
}

#[rustfmt::skip]
fn lives_and_resources() -> Vec<Point> {
    vec![
        point("CWE-459", "a logout that leaves something",
            Held(&[LOGOUT, "cookie::logging_out_clears_the_cookie_with_the_attributes_it_was_set_with"])),
        point("CWE-672", "use after the end", Held(&[
            FINAL,
            "streams::what_a_task_asks_after_the_answer_is_refused_and_what_it_reads_is_true",
        ])),
        point("CWE-362", "races", Held(&[
            FINAL,
            "commit::parallel_changes_of_one_session_all_survive",
        ])),
        point("CWE-367", "a check and a use that come apart",
            Held(&["finality::the_fence_refuses_the_same_transaction"])),
        point("CWE-488", "data of another session",
            Held(&["standards::answers_and_cookies_of_interleaved_requests_are_each_visitors_own"])),
        point("CWE-404", "resources that are not released", Held(&[DROPPED])),
        point("CWE-772", "resources that are kept too long",
            Held(&["unfinished::a_connection_that_the_server_has_ended_gives_its_slot_back_while_its_handler_runs", DROPPED])),
        point("CWE-400", "resources that run out", Held(&[
            "pool::requests_that_find_no_connection_in_time_are_told_to_come_back",
            "unfinished::sixteen_silent_sockets_leave_most_of_the_pool_to_the_others",
        ])),
        point("CWE-770", "resources without a limit", Held(&[
            FULL,
            "unfinished::a_client_that_forgets_its_cookies_starts_no_more_sessions_than_the_limit_says",
            "unfinished::bodies_are_kept_within_one_budget_and_a_request_beyond_it_runs_once",
        ])),
        point("CWE-502", "data that becomes code or another type", Held(&[
            "codec::random_bytes_of_every_kind_are_refused_or_give_an_event_of_exactly_these_bytes",
            "values::a_number_is_not_read_as_a_number_of_another_type",
        ])),
        point("CWE-177", "names that are decoded from an address's encoding",
            Held(&["cookie::a_name_that_only_decodes_to_ours_is_not_ours"])),
        point("CWE-180", "a check before the decoding",
            Held(&["cookie::a_name_that_only_decodes_to_ours_is_not_ours", "cookie::quotes_enclose_nothing"])),
        point("CWE-639", "another user's session by its id",
            HeldBut("pages are the application's; an id alone opens nothing", &[
            "shop::shop::somebody_elses_device_is_not_found",
            "cookie::every_single_byte_of_a_token_counts",
        ])),
        point("CWE-778", "what is not logged", Held(&[
            "seed_parity::each_step_of_a_sessions_life_is_a_fact_of_the_log",
            "csrf::asvs_16_3_3_each_refusal_is_an_incident_with_its_cause",
        ])),
        point("CWE-212", "personal data that is not removed before it is kept",
            HeldBut("addresses and browsers go after a limit of their own; users and values go with their month", &[
            "projector::retention::a_client_leaves_the_log_and_its_rows_and_all_else_is_as_it_was",
            "projector::retention::rows_that_follow_from_the_log_age_only_once_it_is_archived",
        ])),
        point("CWE-359", "personal data that others see",
            Open("values stay out of the feed and of the log; who reads the database reads them", &[
            "projector::relay::values_and_messages_stay_inside",
            "values::the_log_names_the_key_and_not_the_value",
        ])),
        point("CWE-1188", "a default that is not secure",
            Held(&[GOLDEN, "token::a_master_of_zeros_is_no_key", "policy::the_default_policy_can_be_followed"])),
    ]
}
