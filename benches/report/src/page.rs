//! `benches/RESULTS.md`: prose by hand, with sections that the benches write.

use std::fs;
use std::io;
use std::path::Path;

/// Replaces the text between `<!-- NAME -->` and `<!-- /NAME -->` in a page. The rest stays.
///
/// # Errors
///
/// The page cannot be read or written, or has no such section.
pub fn publish(page: &Path, name: &str, text: &str) -> io::Result<()> {
    let before = fs::read_to_string(page)?;
    let after = replaced(&before, name, text).ok_or_else(|| {
        let missing =
            format!("{} has no section between <!-- {name} --> and <!-- /{name} -->", page.display());
        io::Error::new(io::ErrorKind::InvalidData, missing)
    })?;
    fs::write(page, after)
}

fn replaced(page: &str, name: &str, text: &str) -> Option<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some(format!("{before}{open}\n\n{}\n\n{close}{after}", text.trim()))
}

#[test]
fn only_the_named_section_is_replaced() {
    let page = "# Results\n<!-- a -->old<!-- /a -->\nprose\n<!-- b -->kept<!-- /b -->\n";
    let expected = "# Results\n<!-- a -->\n\nnew\n\n<!-- /a -->\nprose\n<!-- b -->kept<!-- /b -->\n";
    assert_eq!(replaced(page, "a", "new\n").as_deref(), Some(expected));
    assert_eq!(replaced(page, "c", "new"), None);
}
