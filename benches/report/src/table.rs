//! Tables that read well on a terminal and as markdown.

use comfy_table::{CellAlignment, Table, presets};

/// A markdown table; all columns but the first are aligned to the right.
pub fn markdown(heads: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(heads.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for (nth, column) in table.column_iter_mut().enumerate() {
        column.set_cell_alignment(if nth == 0 { CellAlignment::Left } else { CellAlignment::Right });
    }
    table.to_string()
}

#[test]
fn a_table_is_markdown() {
    let text = markdown(&["what", "rate"], [vec!["reads".to_owned(), "12".to_owned()]]);
    assert_eq!(text.lines().next(), Some("| what  | rate |"));
    assert!(text.ends_with("| reads |   12 |"), "{text}");
}
