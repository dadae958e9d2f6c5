//! OpenID Shared Signals Framework 1.0 (final, September 2025) with CAEP 1.0, RFC 8935 and RFC 8936: what
//! they ask of a transmitter.

use crate::document::Found::{Held, HeldBut, Open};
use crate::document::{Point, point};

pub(crate) fn points() -> Vec<Point> {
    tokens().into_iter().chain(management()).chain(delivery()).collect()
}

#[rustfmt::skip]
fn tokens() -> Vec<Point> {
    vec![
        point("SSF 4.1", "typed tokens with `sub_id`, without `sub` and `exp`; one event each; `iss` is the issuer", Held(&[
            "projector::ssf::a_login_is_an_established_session",
            "projector::ssf::an_end_is_a_revoked_session_and_says_who_or_what_ended_it",
        ])),
        point("SSF 4.1.9", "`txn` should say what events have in common", Open("it is not said", &[])),
        point("CAEP 3", "`session-revoked`, `credential-change`, `assurance-level-change`, `session-established`", Held(&[
            "projector::ssf::an_end_is_a_revoked_session_and_says_who_or_what_ended_it",
            "projector::ssf::a_changed_factor_is_a_changed_credential_of_the_user",
            "projector::ssf::another_proof_is_a_change_of_the_level",
            "projector::ssf::a_login_is_an_established_session",
        ])),
    ]
}

#[rustfmt::skip]
fn management() -> Vec<Point> {
    vec![
        point("SSF 7", "the configuration of the transmitter, and its keys", Held(&[
            "projector::ssf::the_documents_are_for_all_and_name_the_endpoints",
            "projector::ssf::the_documents_that_receivers_ask_for_are_printed",
        ])),
        point("SSF 8", "a receiver is authorized for its own streams and audiences alone",
            HeldBut("by tokens of a file, no authorization server is asked", &[
            "projector::ssf::a_receiver_sees_its_own_streams_alone",
        ])),
        point("SSF 8.1.1.1", "a stream is made: 201, 400, 401, 403, 409", Held(&[
            "projector::ssf::a_receiver_makes_reads_changes_replaces_and_deletes_its_streams",
            "projector::ssf::a_receiver_has_so_many_streams_and_no_more",
            "projector::ssf::what_cannot_be_followed_is_refused_with_what_to_do",
        ])),
        point("SSF 8.1.1.2", "one is read, or all", Held(&[
            "projector::ssf::a_receiver_makes_reads_changes_replaces_and_deletes_its_streams",
        ])),
        point("SSF 8.1.1.3", "what is named is changed; what the transmitter says must match", Held(&[
            "projector::ssf::a_receiver_makes_reads_changes_replaces_and_deletes_its_streams",
            "projector::ssf::what_cannot_be_followed_is_refused_with_what_to_do",
        ])),
        point("SSF 8.1.1.4", "a stream is replaced as a whole", Held(&[
            "projector::ssf::a_receiver_makes_reads_changes_replaces_and_deletes_its_streams",
        ])),
        point("SSF 8.1.1.5", "a stream is deleted", Held(&[
            "projector::ssf::a_receiver_makes_reads_changes_replaces_and_deletes_its_streams",
        ])),
        point("SSF 8.1.2", "the status is read and set; a paused stream keeps what happens, a disabled one does not", Held(&[
            "projector::ssf::a_paused_stream_keeps_what_happens_and_a_disabled_one_does_not",
        ])),
        point("SSF 8.1.3", "subjects are added and removed", Open(
            "there are no such endpoints, which are optional: `default_subjects` says `ALL`", &[])),
        point("SSF 8.1.4", "a verification is sent with its state; too many are refused with 429", Held(&[
            "projector::ssf::a_verification_comes_with_its_state_and_not_too_often",
            "projector::ssf::a_stream_is_pushed_from_its_beginning_to_its_end",
        ])),
        point("SSF 8.1.5", "`stream-updated` tells of a status that the transmitter has set", Held(&[
            "projector::ssf::a_receiver_that_is_gone_has_its_stream_paused_and_nothing_is_lost",
            "projector::ssf::a_paused_stream_keeps_what_happens_and_a_disabled_one_does_not",
        ])),
    ]
}

#[rustfmt::skip]
fn delivery() -> Vec<Point> {
    vec![
        point("RFC 8935", "tokens are pushed, and again until they are acknowledged", Held(&[
            "projector::ssf::a_token_is_pushed_as_the_standard_has_it",
            "projector::ssf::an_event_that_is_refused_comes_again_with_the_same_jti",
            "projector::ssf::a_stream_is_pushed_from_its_beginning_to_its_end",
        ])),
        point("RFC 8936 2.2", "`maxEvents`, `returnImmediately`, `ack`, `setErrs`, and waiting polls", Held(&[
            "projector::ssf::a_receiver_gets_no_more_than_it_asks_for_and_is_told_that_there_is_more",
            "projector::ssf::a_poll_waits_until_something_happens_and_holds_nothing_meanwhile",
            "projector::ssf::a_token_that_is_refused_is_a_dead_letter_and_its_session_waits",
            "projector::ssf::a_request_to_a_stream_that_cannot_be_followed_is_refused",
        ])),
        point("RFC 8936 2.4", "what is not acknowledged comes again", Held(&[
            "projector::ssf::what_is_not_acknowledged_comes_again_though_the_process_is_killed",
            "projector::ssf::acknowledgements_come_in_any_order_and_a_sessions_tokens_in_theirs",
        ])),
        point("RFC 8936 3", "receivers are authenticated", Held(&[
            "projector::ssf::a_receiver_sees_its_own_streams_alone",
        ])),
    ]
}
