//! The stretch of a case that is counted.

use std::hint::black_box;
use std::thread;

/// Matches the name of the function at whose entry callgrind begins to count.
pub(crate) const BEGIN: &str = "*counted_region*";

/// Matches the name of the function at whose entry callgrind writes down what it has counted.
pub(crate) const END: &str = "*end_of_the_count*";

/// The first runs fill the allocator's lists and ask the processor what it can do.
const WARM_UP_RUNS: u32 = 5;

/// Counts one `run`, without the making of its `input` and with the freeing of all that it makes.
///
/// In a thread of its own: its stack begins at a page and its heap is empty. Those of the process depend on the
/// environment and on what went before, and the ways that copies and allocations take depend on them.
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

#[inline(never)]
fn counted_region<I, O>(input: I, run: impl Fn(I) -> O) {
    drop(black_box(run(black_box(input))));
}

#[inline(never)]
fn end_of_the_count() {
    black_box(());
}
