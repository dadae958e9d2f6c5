//! The counted region of a case.

use std::hint::black_box;
use std::thread;

/// Matches the name of the function at whose entry callgrind begins to count.
pub(crate) const BEGIN: &str = "*counted_region*";

/// Matches the name of the function at whose entry callgrind writes its counts.
pub(crate) const END: &str = "*end_of_the_count*";

/// Uncounted first runs, which fill the allocator's lists and ask the processor for its abilities.
const WARM_UP_RUNS: u32 = 5;

/// Counts one `run`, without making its `input` and with the freeing of its results.
///
/// It runs in a thread of its own, whose stack begins at a page and whose heap is empty. The stack and heap
/// of the process depend on the environment and on earlier work, and the cost of copies and allocations
/// depends on them.
pub(crate) fn count<I, O>(input: impl Fn() -> I + Sync, run: impl Fn(I) -> O + Sync) {
    let counting = || {
        for _ in 0..WARM_UP_RUNS {
            drop(black_box(run(black_box(input()))));
        }
        counted_region(input(), &run);
        end_of_the_count();
    };
    thread::scope(|scope| scope.spawn(counting).join()).expect("a case that runs");
}

/// Counts `times` runs, each with its number, after some that do not count: connections are opened and
/// statements prepared by then.
pub(crate) fn count_many(times: u32, run: impl Fn(u32) + Sync) {
    let counting = || {
        (0..WARM_UP_RUNS * 4).for_each(&run);
        counted_region(times, |times| (0..times).for_each(&run));
        end_of_the_count();
    };
    thread::scope(|scope| scope.spawn(counting).join()).expect("a case that runs");
}

#[inline(never)]
fn counted_region<I, O>(input: I, run: impl Fn(I) -> O) {
    drop(black_box(run(black_box(input))));
}

#[inline(never)]
fn end_of_the_count() {
    black_box(());
}
