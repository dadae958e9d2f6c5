//! The place and the time of a measurement.

use std::fs;
use std::process::Command;

use time::OffsetDateTime;

/// One line: the day, the processor, the kernel, the compiler, the commit, and `also` (a server's version,
/// say).
pub fn machine(also: &str) -> String {
    let today = OffsetDateTime::now_utc().date();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let facts = [
        today.to_string(),
        format!("{cpus} x {}", processor()),
        said("uname", &["-sr"]),
        said("rustc", &["--version"]).split(" (").next().unwrap_or_default().to_owned(),
        format!("commit {}", said("git", &["describe", "--always", "--dirty"])),
        also.to_owned(),
    ];
    facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join("; ")
}

fn processor() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// The output of a program; nothing if the program is not there.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok();
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    text.trim().to_owned()
}
