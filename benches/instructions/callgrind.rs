//! One case in a process of its own, under valgrind's callgrind.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::region;

/// The flag before the name of the case that a watched process runs.
pub(crate) const RUN: &str = "--run";

/// The C library's functions that allocate.
const ALLOCATING: [&str; 5] = ["malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc"];

/// The counts of a case's region.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) instructions: u64,
    /// The number of allocations. An allocation that grows counts again.
    pub(crate) allocations: u64,
}

/// Runs the case and counts.
pub(crate) fn count(case: &str) -> Count {
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{case}.callgrind"));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet", "--compress-strings=no"]);
    valgrind.arg(format!("--zero-before={}", region::BEGIN));
    valgrind.arg(format!("--dump-before={}", region::END));
    valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
    valgrind.arg(env::current_exe().unwrap()).args([RUN, case]);
    let run = valgrind
        .output()
        .unwrap_or_else(|error| panic!("{error}: install valgrind, it is a package of that name"));
    assert!(run.status.success(), "{case} failed:\n{}", String::from_utf8_lossy(&run.stderr));
    // Callgrind writes the events after the region into the file without a number.
    read(
        &fs::read_to_string(profile.with_extension("callgrind.1"))
            .expect("the counted region came to its end"),
    )
}

/// Reads a profile: its total, and the calls of each function. Calls follow the name of the function called.
fn read(profile: &str) -> Count {
    let mut count = Count { instructions: 0, allocations: 0 };
    let mut called = "";
    for line in profile.lines() {
        if let Some(function) = line.strip_prefix("cfn=") {
            called = function;
        } else if let Some(calls) = line.strip_prefix("calls=").filter(|_| ALLOCATING.contains(&called)) {
            count.allocations += first_number(calls);
        } else if let Some(total) = line.strip_prefix("totals: ") {
            count.instructions = first_number(total);
        }
    }
    count
}

fn first_number(text: &str) -> u64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number of callgrind's")
}
