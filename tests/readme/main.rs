//! The README can be pasted: its blocks, in their order, make a crate beside a clone of this repository,
//! build it, run it against a new database, and tell what the README says that they tell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod blocks;
mod desk;
mod told;

use blocks::Block;
use desk::Desk;

#[test]
fn the_readme_can_be_pasted() {
    let blocks = blocks::of_readme();
    let text = |language: &str| {
        let found: Vec<&Block> = blocks.iter().filter(|block| block.language == language).collect();
        found.into_iter().map(|block| block.text.clone()).collect::<Vec<_>>()
    };
    let (manifest, program, test) = (text("toml"), text("rust,no_run"), text("rust,ignore"));
    let (scripts, sql, console) = (text("sh"), text("sql"), text("console"));
    assert_eq!((manifest.len(), program.len(), test.len(), scripts.len(), sql.len()), (1, 1, 1, 2, 3));

    let desk = Desk::new(&manifest[0], &program[0], &test[0]);
    desk.build();
    let shop = desk.serve(&scripts[0]);
    desk.run(&scripts[1]);
    let session = desk.ask("projector sessions --user alice --format json");
    let session = told::session_of(&session);
    for (command, expected) in told::conversation(&console[0], &session) {
        assert_eq!(told::told(&desk.ask(&command)), told::told(&expected), "$ {command}");
    }
    sql.iter().for_each(|text| desk.psql(text));
    drop(shop);
    desk.test();
}
