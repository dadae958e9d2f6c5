//! `projector completions` and `projector man`: texts that are made of the command line's own description.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::cli::CommandLine;
use crate::words::count;
use crate::{Answer, Console, Error};

/// Prints the completions of a shell.
///
/// # Errors
///
/// The output cannot be written.
pub fn completions(shell: Shell, console: &mut Console<'_>) -> Result<Answer, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "projector", &mut script);
    print(&script, console)
}

/// Prints the manual page, or writes the pages of all commands into a folder.
///
/// # Errors
///
/// The output, or a file in the folder, cannot be written.
pub fn man(folder: Option<&Path>, console: &mut Console<'_>) -> Result<Answer, Error> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(CommandLine::command()).render(&mut page)?;
        return print(&page, console);
    };
    fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
    let mut command = CommandLine::command();
    command.build();
    let pages = write(&command, folder)?;
    console.print(&format!("Wrote {} to {}.\n", count(pages, "page"), folder.display()))?;
    Ok(Answer::Yes)
}

/// Writes the page of a command and those of its commands. Says how many.
fn write(command: &clap::Command, folder: &Path) -> Result<u64, Error> {
    let man = Man::new(command.clone());
    let path = folder.join(man.get_filename());
    let mut page = Vec::new();
    man.render(&mut page)?;
    fs::write(&path, page).map_err(|error| unwritten(&path, &error))?;
    let mut pages = 1;
    for below in command.get_subcommands().filter(|one| one.get_name() != "help") {
        pages += write(below, folder)?;
    }
    Ok(pages)
}

fn unwritten(path: &Path, error: &io::Error) -> Error {
    Error::Output(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// The texts have no stored words in them, so that nothing needs to be escaped.
fn print(text: &[u8], console: &mut Console<'_>) -> Result<Answer, Error> {
    console.out.write_all(text)?;
    console.out.flush()?;
    Ok(Answer::Yes)
}
