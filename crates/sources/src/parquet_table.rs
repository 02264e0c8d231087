//! Parquet files, column by column, as written by pandas, Polars, Spark, DuckDB or this tool.

use crate::csv_table::unique_names;
use bytes::Bytes;
use counterpoint::data::{Cells, Column, Table};
use counterpoint::finding::{Finding, Severity};
use jiff::civil::Date;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Records read at once from a column.
const BATCH: usize = 65_536;

/// Reads a Parquet file from its bytes. Numbers, decimals and booleans (0 and 1) become numbers, NaN and null become
/// empty cells; dates and timestamps become dates (the time of day is cut off); strings stay text.
///
/// # Errors
/// All that is wrong with it: truncated, not Parquet, column types that hold no single value a row.
pub fn parse(file: &str, bytes: Vec<u8>) -> Result<Table, Vec<Finding>> {
    // On damaged files the parquet crate may panic where it should return an error; a user's file must not end the program.
    let read = quietly(|| parse_inner(file, bytes));
    match read {
        Ok(Ok(table)) => Ok(table),
        Ok(Err(Trouble::Findings(findings))) => Err(findings.into_iter().map(|f| f.at_file(file)).collect()),
        Ok(Err(Trouble::Parquet(error))) => Err(vec![damaged(file, &error.to_string())]),
        Err(_) => Err(vec![damaged(file, "its contents contradict each other")]),
    }
}

/// Runs `work`; a panic in it is caught, and not printed either.
fn quietly<T>(work: impl FnOnce() -> T) -> std::thread::Result<T> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                loud(panic);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    result
}

enum Trouble {
    Findings(Vec<Finding>),
    Parquet(ParquetError),
}

impl From<ParquetError> for Trouble {
    fn from(error: ParquetError) -> Self {
        Trouble::Parquet(error)
    }
}

fn damaged(file: &str, why: &str) -> Finding {
    Finding::new(
        Severity::Fail,
        "damaged-file",
        format!("not a whole Parquet file ({why})"),
        "a Parquet file with its footer",
        "write or copy the file again; if it is a CSV, name it .csv",
    )
    .at_file(file)
}

fn parse_inner(file: &str, bytes: Vec<u8>) -> Result<Table, Trouble> {
    let reader = SerializedFileReader::new(Bytes::from(bytes))?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let mut findings = Vec::new();
    let paths: Vec<String> = schema.columns().iter().map(|c| c.path().string()).collect();
    let names = unique_names(paths.iter().map(String::as_str), None, &mut findings);
    let mut columns = Vec::with_capacity(names.len());
    for (i, (descr, name)) in schema.columns().iter().zip(&names).enumerate() {
        match kind_of(descr) {
            Ok(kind) => columns.push(Column { name: name.clone(), cells: read_column(&reader, i, descr, kind)? }),
            Err(found) => findings.push(
                Finding::new(
                    Severity::Fail,
                    "column-type",
                    found,
                    "numbers, dates, text or booleans, one a row",
                    "leave this column out of the file, or write it as one of these",
                )
                .at_column(name),
            ),
        }
    }
    let rows = columns.first().map_or(0, |c| c.cells.len());
    if findings.is_empty() && columns.iter().any(|c| c.cells.len() != rows) {
        return Err(ParquetError::General("its columns differ in length".to_owned()).into());
    }
    if findings.is_empty() && rows == 0 {
        findings.push(Finding::new(
            Severity::Fail,
            "empty-table",
            "no row",
            "at least one row",
            "export the table again, with its rows",
        ));
    }
    if !findings.is_empty() {
        return Err(Trouble::Findings(findings));
    }
    Ok(Table { file: file.to_owned(), columns, lines: (1..=rows as u64).collect() })
}

/// How the stored values of a column are to be read.
#[derive(Clone, Copy)]
enum Kind {
    Number,
    Unsigned,
    Decimal {
        scale: i32,
    },
    Days,
    /// Units a day.
    Timestamp(i64),
    Text,
    Half,
}

const MILLIS_A_DAY: i64 = 86_400_000;

fn kind_of(descr: &ColumnDescriptor) -> Result<Kind, String> {
    if descr.max_rep_level() > 0 {
        return Err("lists, several values a row".to_owned());
    }
    let unsupported = |what: &str| Err(format!("{what} values"));
    if let Some(logical) = descr.logical_type_ref() {
        match logical {
            LogicalType::Timestamp(t) => {
                return Ok(Kind::Timestamp(match t.unit {
                    TimeUnit::MILLIS => MILLIS_A_DAY,
                    TimeUnit::MICROS => MILLIS_A_DAY * 1_000,
                    TimeUnit::NANOS => MILLIS_A_DAY * 1_000_000,
                }));
            }
            LogicalType::Date => return Ok(Kind::Days),
            LogicalType::Decimal(d) => return Ok(Kind::Decimal { scale: d.scale }),
            LogicalType::Float16 => return Ok(Kind::Half),
            LogicalType::String | LogicalType::Enum | LogicalType::Json => return Ok(Kind::Text),
            LogicalType::Integer(int) if !int.is_signed => return Ok(Kind::Unsigned),
            LogicalType::Integer(_) | LogicalType::Unknown => {}
            LogicalType::Time(_) => return unsupported("time-of-day"),
            LogicalType::Uuid => return unsupported("UUID"),
            _ => return unsupported("structured"),
        }
    }
    match descr.converted_type() {
        ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Ok(Kind::Text),
        ConvertedType::DATE => Ok(Kind::Days),
        ConvertedType::DECIMAL => Ok(Kind::Decimal { scale: descr.type_scale() }),
        ConvertedType::TIMESTAMP_MILLIS => Ok(Kind::Timestamp(MILLIS_A_DAY)),
        ConvertedType::TIMESTAMP_MICROS => Ok(Kind::Timestamp(MILLIS_A_DAY * 1_000)),
        ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64 => {
            Ok(Kind::Unsigned)
        }
        ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS => unsupported("time-of-day"),
        ConvertedType::INTERVAL => unsupported("interval"),
        ConvertedType::BSON | ConvertedType::LIST | ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => {
            unsupported("structured")
        }
        _ => match descr.physical_type() {
            Physical::INT96 => Ok(Kind::Timestamp(MILLIS_A_DAY)),
            Physical::BYTE_ARRAY => Ok(Kind::Text),
            Physical::FIXED_LEN_BYTE_ARRAY => unsupported("binary"),
            _ => Ok(Kind::Number),
        },
    }
}

fn read_column(
    reader: &SerializedFileReader<Bytes>,
    index: usize,
    descr: &ColumnDescriptor,
    kind: Kind,
) -> Result<Cells, Trouble> {
    let mut cells = match kind {
        Kind::Text => Cells::Text(Vec::new()),
        Kind::Days | Kind::Timestamp(_) => Cells::Date(Vec::new()),
        _ => Cells::Number(Vec::new()),
    };
    let full = descr.max_def_level();
    for group in 0..reader.num_row_groups() {
        let pages = reader.get_row_group(group)?.get_column_reader(index)?;
        match pages {
            ColumnReader::BoolColumnReader(r) => numbers(r, full, &mut cells, |v| f64::from(u8::from(*v)))?,
            ColumnReader::FloatColumnReader(r) => numbers(r, full, &mut cells, |v| f64::from(*v))?,
            ColumnReader::DoubleColumnReader(r) => numbers(r, full, &mut cells, |v| *v)?,
            ColumnReader::Int32ColumnReader(r) => match kind {
                Kind::Unsigned => numbers(r, full, &mut cells, |v| f64::from(*v as u32))?,
                kind => integers(r, full, &mut cells, kind, |v| i64::from(*v))?,
            },
            ColumnReader::Int64ColumnReader(r) => match kind {
                Kind::Unsigned => numbers(r, full, &mut cells, |v| *v as u64 as f64)?,
                kind => integers(r, full, &mut cells, kind, |v| *v)?,
            },
            ColumnReader::Int96ColumnReader(r) => integers(r, full, &mut cells, kind, |v| v.to_millis())?,
            ColumnReader::ByteArrayColumnReader(r) => bytes(r, full, &mut cells, kind, |v| v)?,
            ColumnReader::FixedLenByteArrayColumnReader(r) => bytes(r, full, &mut cells, kind, |v| v)?,
        }
    }
    Ok(cells)
}

/// Calls `take` with every cell of a column chunk, `None` where it is null.
fn each<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    full: i16,
    mut take: impl FnMut(Option<&T::T>) -> ParquetResult<()>,
) -> ParquetResult<()> {
    loop {
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        let def = (full > 0).then_some(&mut levels);
        let (records, _, _) = reader.read_records(BATCH, def, None, &mut values)?;
        if records == 0 {
            return Ok(());
        }
        if full == 0 {
            values.iter().try_for_each(|v| take(Some(v)))?;
            continue;
        }
        let mut next = values.iter();
        for level in &levels {
            if *level == full {
                let value =
                    next.next().ok_or_else(|| ParquetError::General("a column has too few values".to_owned()))?;
                take(Some(value))?;
            } else {
                take(None)?;
            }
        }
    }
}

fn numbers<T: DataType>(
    reader: ColumnReaderImpl<T>,
    full: i16,
    cells: &mut Cells,
    to: impl Fn(&T::T) -> f64,
) -> ParquetResult<()> {
    each(reader, full, |v| push_number(cells, v.map(&to)))
}

fn integers<T: DataType>(
    reader: ColumnReaderImpl<T>,
    full: i16,
    cells: &mut Cells,
    kind: Kind,
    to: impl Fn(&T::T) -> i64,
) -> ParquetResult<()> {
    each(reader, full, |v| {
        let v = v.map(&to);
        match kind {
            Kind::Days => push_date(cells, v),
            Kind::Timestamp(a_day) => push_date(cells, v.map(|v| v.div_euclid(a_day))),
            Kind::Decimal { scale } => push_number(cells, v.map(|v| v as f64 / 10f64.powi(scale))),
            _ => push_number(cells, v.map(|v| v as f64)),
        }
    })
}

fn bytes<T: DataType>(
    reader: ColumnReaderImpl<T>,
    full: i16,
    cells: &mut Cells,
    kind: Kind,
    to: impl Fn(&T::T) -> &ByteArray,
) -> ParquetResult<()> {
    each(reader, full, |v| {
        let v = v.map(|v| to(v).data());
        match (kind, &mut *cells) {
            (Kind::Text, Cells::Text(cells)) => {
                let text = v.map(std::str::from_utf8).transpose();
                let text = text.map_err(|_| ParquetError::General("a text is not UTF-8".to_owned()))?;
                cells.push(text.filter(|t| !t.is_empty()).map(Box::from));
                Ok(())
            }
            (Kind::Decimal { scale }, cells) => push_number(cells, v.map(|v| big_endian(v) / 10f64.powi(scale))),
            (Kind::Half, cells) => push_number(cells, v.map(half)),
            _ => Err(ParquetError::General("a column's type contradicts its values".to_owned())),
        }
    })
}

fn push_number(cells: &mut Cells, value: Option<f64>) -> ParquetResult<()> {
    match cells {
        Cells::Number(cells) => {
            cells.push(value.filter(|v| !v.is_nan()));
            Ok(())
        }
        _ => Err(ParquetError::General("a column's type contradicts its values".to_owned())),
    }
}

fn push_date(cells: &mut Cells, days: Option<i64>) -> ParquetResult<()> {
    let Cells::Date(cells) = cells else {
        return Err(ParquetError::General("a column's type contradicts its values".to_owned()));
    };
    let date = days.map(|days| date_of(days).ok_or_else(|| ParquetError::General(format!("day {days} is no date"))));
    cells.push(date.transpose()?);
    Ok(())
}

/// The date this many days after 1970-01-01, from year -9999 to 9999.
fn date_of(days: i64) -> Option<Date> {
    let days = i32::try_from(days).ok()?;
    let span = jiff::Span::new().try_days(days).ok()?;
    jiff::civil::date(1970, 1, 1).checked_add(span).ok()
}

/// A big-endian two's complement integer of any length.
fn big_endian(bytes: &[u8]) -> f64 {
    let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
    let mut value = 0.0;
    for byte in bytes {
        let byte = if negative { !byte } else { *byte };
        value = value * 256.0 + f64::from(byte);
    }
    if negative { -(value + 1.0) } else { value }
}

/// A little-endian IEEE half-precision number.
fn half(bytes: &[u8]) -> f64 {
    let [low, high] = bytes else { return f64::NAN };
    let bits = u16::from_le_bytes([*low, *high]);
    let sign = if bits & 0x8000 != 0 { -1.0 } else { 1.0 };
    let fraction = f64::from(bits & 0x3FF) / 1024.0;
    sign * match i32::from((bits >> 10) & 0x1F) {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction) * 2f64.powi(exponent - 15),
    }
}
