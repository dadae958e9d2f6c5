//! The recorded counts, and the comparison with new ones.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::callgrind::Count;
use crate::cases::CASES;

/// How many percent more instructions than recorded are accepted: another compiler, C library or processor
/// gives slightly different counts.
const MARGIN_PERCENT: u64 = 10;

/// The same, and for allocations too, where a server is asked: in how many pieces its messages arrive depends
/// on what else the machine does.
const SERVED_MARGINS_PERCENT: (u64, u64) = (30, 5);

/// The architecture of the recorded counts, as instructions differ between architectures.
const ARCHITECTURE: &str = "x86_64";

const RECORD: &str = "UPDATE_BUDGET=1 cargo bench --locked --bench instructions";

/// The recorded counts by case, and those of this run.
pub(crate) struct Budget {
    recorded: BTreeMap<String, Count>,
    counted: Vec<(String, Count)>,
}

impl Budget {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(file()).unwrap_or_default();
        let recorded = text.lines().filter(|line| !line.starts_with('#')).map(case).collect();
        println!("{:<44} {:>12} {:>8} {:>11}", "", "instructions", "", "allocations");
        Self { recorded, counted: Vec::new() }
    }

    /// Notes and prints the counts of a case.
    pub(crate) fn hold(&mut self, case: &str, count: Count) {
        let recorded = self.recorded.get(case);
        let change = recorded.map_or("new".to_owned(), |recorded| change(*recorded, count));
        println!("{case:<44} {:>12} {change:>8} {:>11}", count.instructions, count.allocations);
        self.counted.push((case.to_owned(), count));
    }

    /// Records the counts if asked to, else names the ones over the budget.
    pub(crate) fn settle(mut self) -> ExitCode {
        if env::var_os("UPDATE_BUDGET").is_some() {
            self.recorded.extend(self.counted);
            self.recorded.retain(|known, _| CASES.iter().any(|(name, _)| name == known));
            fs::write(file(), written(&self.recorded)).expect("the budget can be written");
            return ExitCode::SUCCESS;
        }
        if env::consts::ARCH != ARCHITECTURE {
            println!("The budget is one for {ARCHITECTURE}, so nothing was compared.");
            return ExitCode::SUCCESS;
        }
        let over: Vec<_> =
            self.counted.iter().filter_map(|(case, count)| self.excess(case, *count)).collect();
        if over.is_empty() {
            println!(
                "All are within the budget: the recorded instructions and {MARGIN_PERCENT} % ({} % for orders), and the \
                 allocations.",
                SERVED_MARGINS_PERCENT.0
            );
            return ExitCode::SUCCESS;
        }
        eprintln!("\n{}\n\n{}", over.join("\n"), advice());
        ExitCode::FAILURE
    }

    /// The objection to a count, if there is one.
    fn excess(&self, case: &str, count: Count) -> Option<String> {
        let Some(recorded) = self.recorded.get(case) else {
            return Some(format!("{case}: no budget is recorded."));
        };
        let is_served = case.starts_with("orders");
        let margins = if is_served { SERVED_MARGINS_PERCENT } else { (MARGIN_PERCENT, 0) };
        let most = recorded.instructions * (100 + margins.0) / 100;
        let allocations = recorded.allocations * (100 + margins.1) / 100;
        let is_over = count.instructions > most || count.allocations > allocations;
        is_over.then(|| {
            format!(
                "{case}: {} instructions and {} allocations; at most {most} and {allocations} are in the budget.",
                count.instructions, count.allocations
            )
        })
    }
}

fn advice() -> String {
    let recorded = fs::read_to_string(file()).unwrap_or_default();
    let tools = recorded.lines().find_map(|line| line.strip_prefix("# Recorded with ")).unwrap_or("nothing.");
    format!(
        "The hot path takes more than before. If the change is meant, record the new budget with\n  {RECORD}\n\
         and say in the commit why it is worth it. If nothing was changed, it is another compiler or C library:\n\
         the budget was recorded with {tools}\n\
         This is {}, {}.",
        version("rustc"),
        version("valgrind")
    )
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions/budget.txt")
}

/// A line of the file: the case, its instructions, its allocations.
fn case(line: &str) -> (String, Count) {
    let mut words = line.split_whitespace();
    let name = words.next().expect("a case").to_owned();
    let mut number =
        || words.next().and_then(|word| word.parse().ok()).expect("two numbers behind each case");
    (name, Count { instructions: number(), allocations: number() })
}

fn written(counts: &BTreeMap<String, Count>) -> String {
    let head = format!(
        "# Instructions and allocations of the in-process hot path on {ARCHITECTURE}. Written by\n# {RECORD}\n\
         # Recorded with {}, {}.\n",
        version("rustc"),
        version("valgrind")
    );
    let line = |(case, count): (&String, &Count)| {
        format!("{case:<44} {:>12} {:>11}\n", count.instructions, count.allocations)
    };
    head + &counts.iter().map(line).collect::<String>()
}

fn change(recorded: Count, count: Count) -> String {
    let percent = count.instructions as f64 / recorded.instructions as f64 * 100.0 - 100.0;
    format!("{percent:+.2} %")
}

fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map_or(program.to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
