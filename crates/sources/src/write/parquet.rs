//! Tables as Parquet: dictionaries for text, zstd, plain types that every reader knows.

use super::{OutColumn, rows, write_file};
use crate::error::SourceError;
use counterpoint::data::calendar::day_number;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Rows of a row group.
const GROUP: usize = 1 << 20;

/// Writes a table as Parquet, whole or not at all. NaN is null; dates are days.
///
/// # Errors
/// The columns make no table, or the file system refuses.
pub fn write_parquet(path: &Path, columns: &[OutColumn]) -> Result<(), SourceError> {
    let rows = rows(path, columns)?;
    let bytes = encode(columns, rows).map_err(|source| SourceError::Parquet { path: path.to_owned(), source })?;
    write_file(path, &bytes)
}

fn encode(columns: &[OutColumn], rows: usize) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_created_by(concat!("counterpoint ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
    for start in (0..rows).step_by(GROUP) {
        let mut group = file.next_row_group()?;
        for column in columns {
            write_column(&mut group, column, start..(start + GROUP).min(rows))?;
        }
        group.close()?;
    }
    file.close()?;
    Ok(bytes)
}

fn field(column: &OutColumn) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical, repetition) = match column {
        OutColumn::Text { .. } => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED),
        OutColumn::Number { .. } => (Physical::DOUBLE, None, Repetition::OPTIONAL),
        OutColumn::Int { .. } => (Physical::INT64, None, Repetition::REQUIRED),
        OutColumn::Date { .. } => (Physical::INT32, Some(LogicalType::Date), Repetition::REQUIRED),
    };
    let builder = Type::primitive_type_builder(column.name(), physical);
    Ok(Arc::new(builder.with_logical_type(logical).with_repetition(repetition).build()?))
}

fn write_column<W: std::io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &OutColumn,
    rows: Range<usize>,
) -> Result<(), ParquetError> {
    let Some(mut writer) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the schema has".to_owned()));
    };
    match column {
        OutColumn::Text { values, .. } => {
            let values: Vec<ByteArray> = values[rows].iter().map(|text| ByteArray::from(text.as_str())).collect();
            writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
        }
        OutColumn::Number { values, .. } => {
            let levels: Vec<i16> = values[rows.clone()].iter().map(|v| i16::from(!v.is_nan())).collect();
            let values: Vec<f64> = values[rows].iter().copied().filter(|v| !v.is_nan()).collect();
            writer.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
        }
        OutColumn::Int { values, .. } => {
            writer.typed::<Int64Type>().write_batch(&values[rows], None, None)?;
        }
        OutColumn::Date { values, .. } => {
            let days: Vec<i32> = values[rows].iter().map(|d| day_number(*d) as i32).collect();
            writer.typed::<Int32Type>().write_batch(&days, None, None)?;
        }
    }
    writer.close()
}
