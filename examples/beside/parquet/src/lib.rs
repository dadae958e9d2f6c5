//! The table of an archived month (`projector archive export --parquet`), read by the crate `parquet`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

/// A row: the cells that are not empty, by their names, such as `user.uid`.
pub type Cells = BTreeMap<String, Field>;

/// The rows of a table. Each is an event; those of a session come together and in order.
///
/// # Errors
///
/// The file cannot be read, or is no table.
pub fn rows(file: &Path) -> Result<Vec<Cells>, ParquetError> {
    let reader = SerializedFileReader::new(File::open(file)?)?;
    reader.get_row_iter(None)?.map(|row| Ok(cells(&row?))).collect()
}

fn cells(row: &Row) -> Cells {
    let mut cells = Cells::new();
    gather("", row, &mut cells);
    cells
}

fn gather(place: &str, row: &Row, cells: &mut Cells) {
    for (name, field) in row.get_column_iter() {
        match field {
            Field::Null => {}
            Field::Group(row) => gather(&format!("{place}{name}."), row, cells),
            field => {
                cells.insert(format!("{place}{name}"), field.clone());
            }
        }
    }
}
