//! The files that the rules are held against.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::paths::{self, Named};
use crate::source::{self, Masked};

/// A text file of the repository.
pub(crate) struct File {
    /// From the repository's root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The file as Rust, for `.rs` files only.
    pub(crate) rust: Option<Rust>,
}

/// A Rust file as the rules read it.
pub(crate) struct Rust {
    pub(crate) masked: Masked,
    pub(crate) names: Vec<Named>,
}

impl Rust {
    pub(crate) fn read(text: &str) -> Self {
        let masked = source::mask(text);
        Self { names: paths::named(&masked.code), masked }
    }
}

impl File {
    /// One line of a report.
    pub(crate) fn at(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }

    pub(crate) fn is_under(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(&format!("{folder}/")))
    }
}

/// Every text file that git tracks, or would with the next `git add`.
pub(crate) fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut paths = tracked(root).unwrap_or_else(|| walked(root));
        paths.sort();
        paths.into_iter().filter_map(|path| read(root, path)).collect()
    })
}

/// The Rust files among them.
pub(crate) fn rust_files() -> impl Iterator<Item = (&'static File, &'static Rust)> {
    files().iter().filter_map(|file| Some((file, file.rust.as_ref()?)))
}

/// The file at this path, if there is one.
pub(crate) fn file(path: &str) -> Option<&'static File> {
    files().iter().find(|file| file.path == path)
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").arg("-C").arg(root).args(list).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout).ok())??;
    let paths: Vec<String> = text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    (!paths.is_empty()).then_some(paths)
}

/// An unpacked archive is no repository: there everything counts but build output.
fn walked(root: &Path) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name();
            if entry.file_type().unwrap().is_file() {
                let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                paths.push(path);
            } else if name != "target" && name != ".git" {
                folders.push(entry.path());
            }
        }
    }
    paths
}

/// `None` for a file that was deleted without telling git, a folder (a submodule), and anything that is not
/// text.
fn read(root: &Path, path: String) -> Option<File> {
    let text = String::from_utf8(fs::read(root.join(&path)).ok()?).ok()?;
    let rust = path.ends_with(".rs").then(|| Rust::read(&text));
    (!text.contains('\0')).then_some(File { path, text, rust })
}

#[test]
fn the_tree_is_really_read() {
    for path in ["Cargo.toml", "src/lib.rs", "projector/src/main.rs", "tests/tidy/tree.rs"] {
        assert!(file(path).is_some(), "{path} is missing from the files that the rules are held against");
    }
    assert!(!files().iter().any(|file| file.is_under(&["target", ".git"])), "build output is no source");
}

#[test]
fn an_archive_without_a_repository_is_read_as_well() {
    let paths = walked(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(paths.iter().any(|path| path == "tests/tidy/tree.rs"));
    assert!(!paths.iter().any(|path| path.starts_with("target/")));
}
