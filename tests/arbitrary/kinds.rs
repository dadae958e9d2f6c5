//! The kinds and shapes that the library knows, as its source lists them.

/// The lines `"kind", shape => Variant;` of the table in the codec's source. The event enum is
/// `#[non_exhaustive]`, so that no match in a test could be exhaustive; this table always is.
pub(crate) fn kinds() -> Vec<(String, i16)> {
    let kinds: Vec<(String, i16)> = include_str!("../../src/session/codec.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once(" => "))
        .map(|(kind_and_shape, _)| {
            let (kind, shape) = kind_and_shape.split_once("\", ").unwrap();
            (kind.to_owned(), shape.parse().unwrap())
        })
        .collect();
    assert!(kinds.len() >= 15, "the table of kinds is found in the source: {kinds:?}");
    kinds
}
