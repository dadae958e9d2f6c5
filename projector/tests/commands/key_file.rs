//! `projector keys rotate`, `retire` and `list`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use session_ledger::token::KeyRing;

use super::{bare_projector, stderr, stdout};

const RING: &str = "# The shop's keys.\r\nprimary 5f0c21aa ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8 # since March\n\
     accept-old 19d3b004 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8; retired 0a0b0c0d \
     AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";

struct Ring {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Ring {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys");
        fs::write(&file, text).unwrap();
        Self { folder, file }
    }

    fn run(&self, command: &str, more: &[&str]) -> Output {
        bare_projector().args(["keys", command]).arg(&self.file).args(more).output().unwrap()
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.file).unwrap()
    }

    fn refused(&self, command: &str, more: &[&str]) -> String {
        let before = self.text();
        let output = self.run(command, more);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
        assert_eq!(self.text(), before, "the file is as it was");
        stderr(&output)
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path()).unwrap().count()
    }
}

fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stdout(output)
}

#[test]
fn the_list_says_until_when_a_key_opens_tokens() {
    let ring = Ring::new(&RING.replace("GBkaGxwdHh8;", "GBkaGxwdHh8 not-after=2027-06-30T02:00:00+02:00;"));
    let listed = done(&ring.run("list", &[]));
    assert_eq!(
        listed,
        "5f0c21aa primary\n19d3b004 accept-old until 2027-06-30T00:00:00Z\n0a0b0c0d retired\n"
    );
    done(&ring.run("retire", &["19d3b004"]));
    assert!(ring.text().contains(" not-after=2027-06-30T02:00:00+02:00;"), "all else stays as it was");
}

#[test]
fn a_rotation_is_two_commands_and_a_third_much_later() {
    let ring = Ring::new(RING);
    fs::set_permissions(&ring.file, fs::Permissions::from_mode(0o640)).unwrap();
    let added = ring.run("rotate", &[]);
    let id = done(&added).strip_suffix(" added as accept-only\n").unwrap().to_owned();
    assert!(stderr(&added).starts_with("Give this file to every process."), "{}", stderr(&added));
    let text = ring.text();
    assert!(text.starts_with(&format!("{RING}\naccept-only {id} ")), "all else stays as it was: {text}");

    let promoted = ring.run("rotate", &[]);
    assert_eq!(done(&promoted), format!("{id} is primary\n5f0c21aa is accept-old\n"));
    assert!(stderr(&promoted).contains(&format!("projector keys retire {} 5f0c21aa", ring.file.display())));
    assert_eq!(
        ring.text(),
        text.replacen("primary", "accept-old", 1).replacen("accept-only", "primary", 1),
        "two words have changed"
    );

    assert_eq!(done(&ring.run("retire", &["5F0C21AA"])), "5f0c21aa is retired\n");
    let listed = done(&ring.run("list", &[]));
    assert_eq!(listed, format!("5f0c21aa retired\n19d3b004 accept-old\n0a0b0c0d retired\n{id} primary\n"));
    assert!(KeyRing::parse(&ring.text()).is_ok());
    let mode = fs::metadata(&ring.file).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, ring.files()), (0o640, 1), "for the same readers, and nothing is left behind");
}

#[test]
fn no_output_repeats_a_master() {
    let ring = Ring::new(RING);
    let outputs = [ring.run("rotate", &[]), ring.run("rotate", &[]), ring.run("list", &[])];
    for word in ring.text().split(|c: char| c.is_whitespace() || c == ';').filter(|word| word.len() == 43) {
        for output in &outputs {
            assert!(!stdout(output).contains(word) && !stderr(output).contains(word));
        }
    }
}

#[test]
fn a_step_that_makes_no_sense_is_refused_and_changes_nothing() {
    let ring = Ring::new(RING);
    assert_eq!(
        ring.refused("retire", &["5f0c21aa"]),
        "error: the key 5f0c21aa is primary, and seals tokens: run `projector keys rotate` first\n"
    );
    assert_eq!(
        ring.refused("retire", &["ffffffff"]),
        "error: the file has no key \"ffffffff\": `projector keys list` shows those that it has\n"
    );
    let two = format!("{RING}\n{}", entry("accept-only 1a1b1c1d", 'B'));
    let two = Ring::new(&format!("{two}\n{}", entry("accept-only 2a2b2c2d", 'C')));
    assert_eq!(
        two.refused("rotate", &[]),
        "error: several keys are accept-only, so it is not clear which comes next: make all but one retired\n"
    );
    let broken = Ring::new("primary hunter2");
    let told = broken.refused("rotate", &[]);
    assert!(told.contains("The key ring is wrong at line 1") && !told.contains("hunter2"), "{told}");
    assert_eq!((ring.files(), broken.files()), (1, 1));
}

#[test]
fn two_commands_do_not_write_at_once() {
    let ring = Ring::new(RING);
    let beside = ring.folder.path().join("keys.new");
    fs::write(&beside, "").unwrap();
    let told = ring.refused("rotate", &[]);
    assert!(told.contains("keys.new is there: another `projector keys` is at work"), "{told}");
    fs::remove_file(&beside).unwrap();
    done(&ring.run("rotate", &[]));
}

#[test]
fn a_symbolic_link_stays_one() {
    let ring = Ring::new(RING);
    let link = ring.folder.path().join("link");
    symlink(&ring.file, &link).unwrap();
    let linked = Ring { folder: tempfile::tempdir().unwrap(), file: link.clone() };
    done(&linked.run("rotate", &[]));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(ring.text().contains("accept-only"));
    let missing = linked.folder.path().join("none");
    let output = bare_projector().args(["keys", "list"]).arg(Path::new(&missing)).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("none: No such file"), "{}", stderr(&output));
}

fn entry(state_and_id: &str, letter: char) -> String {
    format!("{state_and_id} {}A", letter.to_string().repeat(42))
}
