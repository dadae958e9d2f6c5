//! Histories with a known fault, and one without, for the checker.

use crate::checker::{Anomaly, check};
use crate::cycle::Kind;
use crate::history::List::Row;
use crate::history::Outcome::{Aborted, Committed, Unknown};
use crate::history::Step::{Append, Read};
use crate::history::{History, List, Outcome, Step, Transaction};

const X: List = Row(1);
const Y: List = Row(2);

fn history(transactions: &[(Outcome, &[Step])], x: &[i64], y: &[i64]) -> History {
    let transactions = transactions.iter();
    let transactions =
        transactions.map(|(outcome, steps)| Transaction { steps: steps.to_vec(), outcome: *outcome });
    History { transactions: transactions.collect(), lists: [(X, x.to_vec()), (Y, y.to_vec())].into() }
}

/// Asserts that the only anomaly is a cycle of this kind.
#[track_caller]
fn assert_cycle(history: &History, kind: Kind, transactions: &[usize]) {
    match &check(history)[..] {
        [Anomaly::Cycle(cycle)] => {
            let mut found: Vec<_> = cycle.path.iter().map(|(transaction, _)| *transaction).collect();
            found.sort_unstable();
            assert_eq!((cycle.kind, &found[..]), (kind, transactions), "{cycle}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_serial_history_is_clean() {
    let steps: [(Outcome, &[Step]); 6] = [
        (Committed, &[Append(X, 1), Append(Y, 2), Read(X, vec![1])]),
        (Committed, &[Read(X, vec![1]), Append(X, 3), Append(X, 4), Read(X, vec![1, 3, 4])]),
        (Aborted, &[Append(X, 5), Read(Y, vec![9, 9])]),
        (Unknown, &[Append(Y, 6), Read(X, vec![])]),
        (Unknown, &[Append(Y, 7)]),
        (Committed, &[Read(Y, vec![2, 6]), Read(X, vec![1, 3, 4])]),
    ];
    assert_eq!(check(&history(&steps, &[1, 3, 4], &[2, 6])), []);
}

#[test]
fn writes_in_opposite_orders_are_g0() {
    let steps: [(Outcome, &[Step]); 2] =
        [(Committed, &[Append(X, 1), Append(Y, 2)]), (Committed, &[Append(X, 3), Append(Y, 4)])];
    assert_cycle(&history(&steps, &[1, 3], &[4, 2]), Kind::G0, &[0, 1]);
}

#[test]
fn two_that_see_each_other_are_g1c() {
    let steps: [(Outcome, &[Step]); 2] =
        [(Committed, &[Append(X, 1), Read(Y, vec![2])]), (Committed, &[Append(Y, 2), Read(X, vec![1])])];
    assert_cycle(&history(&steps, &[1], &[2]), Kind::G1c, &[0, 1]);
}

#[test]
fn a_lost_update_is_g_single() {
    let steps: [(Outcome, &[Step]); 2] =
        [(Committed, &[Read(X, vec![]), Append(X, 1)]), (Committed, &[Read(X, vec![]), Append(X, 2)])];
    assert_cycle(&history(&steps, &[1, 2], &[]), Kind::GSingle, &[0, 1]);
}

#[test]
fn a_read_between_two_writes_of_another_is_g_single() {
    let steps: [(Outcome, &[Step]); 2] =
        [(Committed, &[Append(X, 1), Append(Y, 2)]), (Committed, &[Read(X, vec![1]), Read(Y, vec![])])];
    assert_cycle(&history(&steps, &[1], &[2]), Kind::GSingle, &[0, 1]);
}

#[test]
fn write_skew_is_g2() {
    let steps: [(Outcome, &[Step]); 2] =
        [(Committed, &[Read(Y, vec![]), Append(X, 1)]), (Committed, &[Read(X, vec![]), Append(Y, 2)])];
    assert_cycle(&history(&steps, &[1], &[2]), Kind::G2, &[0, 1]);
}

#[test]
fn readers_that_disagree_about_the_order_of_two_writes_are_g2() {
    let steps: [(Outcome, &[Step]); 4] = [
        (Committed, &[Append(X, 1)]),
        (Unknown, &[Append(Y, 2)]),
        (Committed, &[Read(X, vec![1]), Read(Y, vec![])]),
        (Committed, &[Read(X, vec![]), Read(Y, vec![2])]),
    ];
    assert_cycle(&history(&steps, &[1], &[2]), Kind::G2, &[0, 1, 2, 3]);
}

#[test]
fn what_was_rolled_back_and_is_seen_is_an_aborted_read() {
    let steps: [(Outcome, &[Step]); 2] = [(Aborted, &[Append(X, 1)]), (Committed, &[Read(X, vec![1])])];
    let found = check(&history(&steps, &[], &[]));
    assert!(found.contains(&Anomaly::AbortedRead { list: X, element: 1 }), "{found:?}");
    let found = check(&history(&steps[..1], &[1], &[]));
    assert_eq!(found, [Anomaly::AbortedRead { list: X, element: 1 }]);
}

#[test]
fn a_transaction_seen_halfway_is_an_intermediate_read() {
    let steps: [(Outcome, &[Step]); 2] =
        [(Committed, &[Append(X, 1), Append(X, 2)]), (Committed, &[Read(X, vec![1])])];
    let found = check(&history(&steps, &[1, 2], &[]));
    assert!(found.contains(&Anomaly::IntermediateRead { transaction: 1, list: X, element: 1 }), "{found:?}");
}

#[test]
fn an_append_that_is_gone_is_lost() {
    let steps: [(Outcome, &[Step]); 3] =
        [(Committed, &[Append(X, 1)]), (Committed, &[Append(X, 2)]), (Unknown, &[Append(X, 3)])];
    let found = check(&history(&steps, &[2], &[]));
    assert_eq!(found, [Anomaly::Lost { transaction: 0, list: X, element: 1 }]);
}

#[test]
fn an_append_that_was_done_again_is_a_duplicate() {
    let steps: [(Outcome, &[Step]); 1] = [(Unknown, &[Append(X, 1)])];
    let found = check(&history(&steps, &[1, 1], &[]));
    assert_eq!(found, [Anomaly::Duplicate { list: X, element: 1 }]);
}

#[test]
fn an_element_of_another_list_is_garbage() {
    let steps: [(Outcome, &[Step]); 1] = [(Unknown, &[Append(X, 1)])];
    let found = check(&history(&steps, &[], &[1, 7]));
    let garbage = |element| Anomaly::Garbage { list: Y, element };
    assert_eq!(found, [garbage(1), garbage(7)]);
}

#[test]
fn a_list_that_became_another_is_incompatible() {
    let steps: [(Outcome, &[Step]); 2] =
        [(Committed, &[Append(X, 1), Append(X, 2)]), (Committed, &[Read(X, vec![2])])];
    let found = check(&history(&steps, &[1, 2], &[]));
    assert_eq!(found, [Anomaly::Incompatible { transaction: 1, list: X }]);
}

#[test]
fn a_transaction_that_does_not_see_its_own_append_is_told() {
    let steps: [(Outcome, &[Step]); 1] = [(Committed, &[Append(X, 1), Read(X, vec![])])];
    let found = check(&history(&steps, &[1], &[]));
    assert_eq!(found, [Anomaly::Internal { transaction: 0, list: X }]);
}
