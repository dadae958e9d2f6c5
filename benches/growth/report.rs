//! The figures' way out: to the terminal, and with `--publish` to `benches/RESULTS.md` and to charts beside
//! it.

use std::fs;
use std::path::Path;
use std::time::Instant;

use bench_report::{Series, lines, machine, publish};
use private_postgres::Server;

use crate::Result;
use crate::scene::SETTINGS;
use crate::sheet::Sheet;

const PAGE: &str = "RESULTS.md";
const BENCHES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches");

pub(crate) struct Report {
    publishes: bool,
    /// Whether a failed request ends the run.
    strict: bool,
    begun: Instant,
    /// The flags and the machine, where not all series are run: the page's line tells those of the others.
    apart: Option<(String, String)>,
}

impl Report {
    pub(crate) fn new(publishes: bool, strict: bool) -> Self {
        Self { publishes, strict, begun: Instant::now(), apart: None }
    }

    /// Shows the present step on the terminal.
    pub(crate) fn say(&self, what: &str) {
        eprintln!("{:>5.0} s  {what}", self.begun.elapsed().as_secs_f64());
    }

    /// The machine, the settings and the command. A series that is run apart tells its own.
    pub(crate) fn tell_machine(&mut self, server: &Server, is_full: bool, is_whole: bool) -> Result<()> {
        let machine = machine(&format!("PostgreSQL {}, fsync on", server.version()));
        let settings = SETTINGS.map(|(name, value)| format!("`{name} = {value}`")).join(", ");
        let full = if is_full { "--full " } else { "" };
        if !is_whole {
            self.apart = Some((format!("{full}--publish"), machine));
            return Ok(());
        }
        let text = format!(
            "`cargo bench --bench growth -- {full}--publish`: {machine}.\n\nSettings: {settings}. Requests go \
             through the middleware in process, from 16 clients in closed loop over 16 connections unless said \
             otherwise, each to any session of all; operations are interleaved in rounds, and figures are medians of \
             the rounds. Pages are what the server looked at (`explain (analyze, buffers)`), cached or not. *Reckoned* \
             rows were not measured: they lie on the line a + b log(size) through those that were."
        );
        println!("{text}");
        if self.publishes {
            publish(&Path::new(BENCHES).join(PAGE), "growth", &text)?;
        }
        Ok(())
    }

    /// The text of a series.
    pub(crate) fn section(&self, name: &str, text: &str) -> Result<()> {
        let text = match &self.apart {
            None => text.to_owned(),
            Some((flags, machine)) => {
                format!(
                    "`cargo bench --bench growth -- {flags} {name}`: {machine}; settings as above.\n\n{text}"
                )
            }
        };
        println!("\n## {name}\n\n{text}");
        if self.publishes {
            publish(&Path::new(BENCHES).join(PAGE), &format!("growth-{name}"), &text)?;
        }
        Ok(())
    }

    /// The chart of a series.
    pub(crate) fn chart(&self, name: &str, title: &str, axes: (&str, &str), series: &[Series]) -> Result<()> {
        if self.publishes {
            let folder = Path::new(BENCHES).join("results");
            fs::create_dir_all(&folder)?;
            let file = folder.join(format!("growth-{name}.svg"));
            lines(&file, title, axes, series).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// A list of verdicts, one for each figure.
    pub(crate) fn verdicts(sheet: &Sheet, names: &[&str]) -> String {
        names.iter().map(|name| format!("- {}", sheet.verdict(name))).collect::<Vec<_>>().join("\n")
    }

    /// Tells of failed requests; a test fails for them.
    pub(crate) fn expect_none_failed(&self, what: &str, failed: u64) -> Result<()> {
        match failed {
            0 => Ok(()),
            _ if self.strict => Err(format!("{what}: {failed} requests failed").into()),
            _ => {
                println!("{what}: {failed} requests failed");
                Ok(())
            }
        }
    }
}
