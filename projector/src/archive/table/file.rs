//! A Parquet file: rows are gathered column by column, and written group by group.
//!
//! Each column of a group is one page: whether each cell is there, and the cells that are, plain and
//! compressed with zstd. What describes the file is made by a crate for the format.

use std::io::{self, Write};

use polars_parquet_format::thrift::protocol::TCompactOutputProtocol;
use polars_parquet_format::{
    ColumnChunk, ColumnMetaData, CompressionCodec, ConvertedType, DataPageHeader, Encoding,
    FieldRepetitionType, FileMetaData, KeyValue, LogicalType, MilliSeconds, PageHeader, PageType, RowGroup,
    SchemaElement, StringType, TimeUnit, TimestampType, Type,
};
use serde_json::Value;

use super::columns::{Column, Kind, cell};

/// The mark at both ends of a file.
const MARK: &[u8; 4] = b"PAR1";

/// How hard a page is compressed: zstd's own default.
const LEVEL: i32 = 3;

/// The most rows of a group, and about the most bytes of its cells: a group is held in memory.
pub(super) const ROWS_MAX: usize = 65_536;
const BYTES_MAX: usize = 16 << 20;

/// A file that is being written.
pub(super) struct File<W> {
    out: W,
    /// How many bytes were written.
    offset: usize,
    schema: &'static [Column],
    columns: Vec<Cells>,
    rows_max: usize,
    groups: Vec<RowGroup>,
    rows: usize,
}

/// The cells of a column that are not written yet.
#[derive(Default)]
struct Cells {
    /// Whether each is there.
    are_there: Vec<bool>,
    /// Those that are there, as they are written.
    bytes: Vec<u8>,
    /// The same where they are flags, of which eight are a byte.
    flags: Vec<bool>,
}

impl<W: Write> File<W> {
    /// A file whose groups have so many rows at the most.
    pub(super) fn begin(mut out: W, schema: &'static [Column], rows_max: usize) -> io::Result<Self> {
        out.write_all(MARK)?;
        let columns = schema.iter().map(|_| Cells::default()).collect();
        Ok(Self { out, offset: MARK.len(), schema, columns, rows_max, groups: Vec::new(), rows: 0 })
    }

    /// Adds the row of a document.
    pub(super) fn add(&mut self, document: &Value) -> io::Result<()> {
        for ((path, kind), cells) in self.schema.iter().zip(&mut self.columns) {
            cells.add(*kind, cell(document, path))?;
        }
        self.rows += 1;
        let bytes: usize = self.columns.iter().map(|cells| cells.bytes.len()).sum();
        if self.waiting() >= self.rows_max || bytes >= BYTES_MAX { self.write_group() } else { Ok(()) }
    }

    /// How many rows are not written yet.
    fn waiting(&self) -> usize {
        self.columns.first().map_or(0, |cells| cells.are_there.len())
    }

    fn write_group(&mut self) -> io::Result<()> {
        let (rows, begin) = (self.waiting(), self.offset);
        if rows == 0 {
            return Ok(());
        }
        let (mut chunks, mut total) = (Vec::new(), 0);
        for (nth, (path, kind)) in self.schema.iter().enumerate() {
            let cells = self.columns.get_mut(nth).map(std::mem::take).unwrap_or_default();
            let chunk = self.write_column(path, *kind, &cells)?;
            total += chunk.meta_data.as_ref().map_or(0, |column| column.total_uncompressed_size);
            chunks.push(chunk);
        }
        self.groups.push(RowGroup {
            columns: chunks,
            total_byte_size: total,
            num_rows: number(rows)?,
            sorting_columns: None,
            file_offset: Some(number(begin)?),
            total_compressed_size: Some(number(self.offset - begin)?),
            ordinal: None,
        });
        Ok(())
    }

    fn write_column(&mut self, path: &[&str], kind: Kind, cells: &Cells) -> io::Result<ColumnChunk> {
        let (begin, page) = (self.offset, cells.page()?);
        let compressed = zstd::stream::encode_all(&page[..], LEVEL)?;
        let header = PageHeader {
            type_: PageType::DATA_PAGE,
            uncompressed_page_size: number(page.len())?,
            compressed_page_size: number(compressed.len())?,
            crc: None,
            data_page_header: Some(DataPageHeader {
                num_values: number(cells.are_there.len())?,
                encoding: Encoding::PLAIN,
                definition_level_encoding: Encoding::RLE,
                repetition_level_encoding: Encoding::RLE,
                statistics: None,
            }),
            index_page_header: None,
            dictionary_page_header: None,
            data_page_header_v2: None,
        };
        let mut written = Vec::new();
        header
            .write_to_out_protocol(&mut TCompactOutputProtocol::new(&mut written))
            .map_err(io::Error::other)?;
        let header_size = written.len();
        written.extend_from_slice(&compressed);
        self.write(&written)?;
        let column = ColumnMetaData {
            type_: kind.stored(),
            encodings: vec![Encoding::PLAIN, Encoding::RLE],
            path_in_schema: path.iter().map(|name| (*name).to_owned()).collect(),
            codec: CompressionCodec::ZSTD,
            num_values: number(cells.are_there.len())?,
            total_uncompressed_size: number(header_size + page.len())?,
            total_compressed_size: number(written.len())?,
            key_value_metadata: None,
            data_page_offset: number(begin)?,
            index_page_offset: None,
            dictionary_page_offset: None,
            statistics: None,
            encoding_stats: None,
            bloom_filter_offset: None,
            bloom_filter_length: None,
            size_statistics: None,
        };
        Ok(ColumnChunk {
            file_path: None,
            file_offset: number(begin)?,
            meta_data: Some(column),
            offset_index_offset: None,
            offset_index_length: None,
            column_index_offset: None,
            column_index_length: None,
            crypto_metadata: None,
            encrypted_column_metadata: None,
        })
    }

    /// Ends the file with its description, to which belong these words about it.
    pub(super) fn finish(mut self, about: &[(&str, &str)]) -> io::Result<W> {
        self.write_group()?;
        let mut schema = vec![SchemaElement { repetition_type: None, ..group("event", self.schema, 0) }];
        describe(self.schema, 0, &mut schema);
        let word = |(key, value): &(&str, &str)| KeyValue::new((*key).to_owned(), (*value).to_owned());
        let description = FileMetaData {
            version: 1,
            schema,
            num_rows: number(self.rows)?,
            row_groups: std::mem::take(&mut self.groups),
            key_value_metadata: Some(about.iter().map(word).collect()),
            created_by: Some(concat!("session-ledger version ", env!("CARGO_PKG_VERSION")).to_owned()),
            column_orders: None,
            encryption_algorithm: None,
            footer_signing_key_metadata: None,
        };
        let mut written = Vec::new();
        let mut protocol = TCompactOutputProtocol::new(&mut written);
        description.write_to_out_protocol(&mut protocol).map_err(io::Error::other)?;
        let size: u32 = number(written.len())?;
        self.write(&written)?;
        self.write(&size.to_le_bytes())?;
        self.write(MARK)?;
        Ok(self.out)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.offset += bytes.len();
        self.out.write_all(bytes)
    }
}

impl Cells {
    /// Adds a cell. What is of another kind than the column is an error: the table would lack it.
    fn add(&mut self, kind: Kind, value: Option<&Value>) -> io::Result<()> {
        let value = value.filter(|value| !value.is_null());
        self.are_there.push(value.is_some());
        let Some(value) = value else { return Ok(()) };
        let other = || io::Error::other(format!("{value} is no value of a column of the kind {kind:?}"));
        match kind {
            Kind::Int => {
                let value = value.as_i64().and_then(|value| i32::try_from(value).ok()).ok_or_else(other)?;
                self.bytes.extend_from_slice(&value.to_le_bytes());
            }
            Kind::Long | Kind::Time => {
                self.bytes.extend_from_slice(&value.as_i64().ok_or_else(other)?.to_le_bytes());
            }
            Kind::Flag => self.flags.push(value.as_bool().ok_or_else(other)?),
            Kind::Text => {
                let text = value.as_str().ok_or_else(other)?;
                self.bytes.extend_from_slice(&number::<u32>(text.len())?.to_le_bytes());
                self.bytes.extend_from_slice(text.as_bytes());
            }
        }
        Ok(())
    }

    /// The page of these cells, before it is compressed.
    fn page(&self) -> io::Result<Vec<u8>> {
        let levels = levels(&self.are_there);
        let mut page = number::<u32>(levels.len())?.to_le_bytes().to_vec();
        page.extend(levels);
        page.extend_from_slice(&self.bytes);
        page.extend(packed(&self.flags));
        Ok(page)
    }
}

impl Kind {
    /// The type of the cells as they are written.
    fn stored(self) -> Type {
        match self {
            Self::Int => Type::INT32,
            Self::Long | Self::Time => Type::INT64,
            Self::Flag => Type::BOOLEAN,
            Self::Text => Type::BYTE_ARRAY,
        }
    }

    /// What the cells mean, in the older and the newer way to say so.
    fn meant(self) -> Option<(ConvertedType, LogicalType)> {
        match self {
            Self::Int | Self::Long | Self::Flag => None,
            Self::Time => {
                let milliseconds = TimestampType::new(true, TimeUnit::MILLIS(MilliSeconds {}));
                Some((ConvertedType::TIMESTAMP_MILLIS, LogicalType::TIMESTAMP(milliseconds)))
            }
            Self::Text => Some((ConvertedType::UTF8, LogicalType::STRING(StringType {}))),
        }
    }
}

/// The columns of each child of a group. The group is that of their names before `depth`.
fn children(columns: &[Column], depth: usize) -> impl Iterator<Item = &[Column]> {
    columns.chunk_by(move |(one, _), (other, _)| one.get(depth) == other.get(depth))
}

/// Describes the children of a group, and what is in them.
fn describe(columns: &[Column], depth: usize, all: &mut Vec<SchemaElement>) {
    for child in children(columns, depth) {
        let Some((path, kind)) = child.first() else { continue };
        let Some(name) = path.get(depth) else { continue };
        if path.len() == depth + 1 {
            all.push(leaf(name, *kind));
        } else {
            all.push(group(name, child, depth + 1));
            describe(child, depth + 1, all);
        }
    }
}

fn group(name: &str, columns: &[Column], depth: usize) -> SchemaElement {
    SchemaElement {
        type_: None,
        type_length: None,
        repetition_type: Some(FieldRepetitionType::REQUIRED),
        name: name.to_owned(),
        num_children: i32::try_from(children(columns, depth).count()).ok(),
        converted_type: None,
        scale: None,
        precision: None,
        field_id: None,
        logical_type: None,
    }
}

fn leaf(name: &str, kind: Kind) -> SchemaElement {
    let meant = kind.meant();
    SchemaElement {
        type_: Some(kind.stored()),
        repetition_type: Some(FieldRepetitionType::OPTIONAL),
        num_children: None,
        converted_type: meant.as_ref().map(|meant| meant.0),
        logical_type: meant.map(|meant| meant.1),
        ..group(name, &[], 0)
    }
}

/// Whether each cell is there, as one run of single bits.
fn levels(are_there: &[bool]) -> Vec<u8> {
    let mut header = are_there.len().div_ceil(8) << 1 | 1;
    let mut levels = Vec::new();
    while header >= 0x80 {
        levels.push((header & 0x7f) as u8 | 0x80);
        header >>= 7;
    }
    levels.push(header as u8);
    levels.extend(packed(are_there));
    levels
}

/// Eight of them a byte, the first one lowest.
fn packed(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    bits.chunks(8).map(byte).collect()
}

/// A size as the format has it.
fn number<N: TryFrom<usize>>(size: usize) -> io::Result<N> {
    N::try_from(size).map_err(|_| io::Error::other(format!("{size} bytes or rows are too many for a table")))
}
