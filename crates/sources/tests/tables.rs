//! Tables in and out: every way a CSV may be written, every way a file may be broken, and outputs that read back.

// files are what is tested
#![allow(clippy::disallowed_methods)]

use counterpoint::data::{Cells, Table};
use counterpoint::finding::Finding;
use counterpoint_sources::{OutColumn, SourceError, Staging, read_table, table_from_bytes, write_csv, write_parquet};
use jiff::civil::date;
use proptest::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder of this test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("counterpoint-tables-{}-{n}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder in the temporary folder");
        Folder(path)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).expect("a file in the temporary folder");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn read(bytes: &[u8]) -> Table {
    table_from_bytes("data.csv", bytes.to_vec()).expect("a readable table")
}

fn bad(bytes: &[u8]) -> Vec<Finding> {
    let findings = table_from_bytes("data.csv", bytes.to_vec()).expect_err("findings");
    assert!(findings.iter().all(|f| f.file.as_deref() == Some("data.csv") && !f.mend.is_empty()), "{findings:?}");
    findings
}

fn cells<'t>(table: &'t Table, name: &str) -> Vec<Option<&'t str>> {
    match &table.column(name).expect("the column").cells {
        Cells::Text(cells) => cells.iter().map(Option::as_deref).collect(),
        _ => panic!("a column of text"),
    }
}

#[test]
fn every_separator_and_encoding_gives_the_same_table() {
    let text = "date;caf\u{e9};n\r\n2026-01-05;\"a;\"\"b\"\"\";1,5\r\n";
    let utf16 = |to: fn(u16) -> [u8; 2]| ["\u{feff}", text].concat().encode_utf16().flat_map(to).collect::<Vec<u8>>();
    for bytes in [
        text.as_bytes().to_vec(),
        [&[0xEF, 0xBB, 0xBF], text.as_bytes()].concat(),
        utf16(u16::to_le_bytes),
        utf16(u16::to_be_bytes),
        text.replace("\r\n", "\n").into_bytes(),
        text.replace("\r\n", "\r").into_bytes(),
    ] {
        let table = read(&bytes);
        assert_eq!(cells(&table, "caf\u{e9}"), [Some("a;\"b\"")]);
        assert_eq!(cells(&table, "n"), [Some("1,5")]);
        assert_eq!(table.lines, [2]);
    }
    assert_eq!(cells(&read(b"a\tb\n1\t2\n"), "b"), [Some("2")]);
    assert_eq!(cells(&read(b"sep=;\na;b\n1;2\n"), "b"), [Some("2")]);
    assert_eq!(read(b"sep=;\na;b\n1;2\n").lines, [3]);
}

#[test]
fn a_row_knows_its_line_through_blank_lines_and_quoted_line_ends() {
    let table = read(b"a,b\n\n1,\"x\ny\"\n\n 2 , z\n");
    assert_eq!(table.lines, [3, 6]);
    assert_eq!(cells(&table, "b"), [Some("x\ny"), Some("z")]);
    assert_eq!(cells(&table, "a"), [Some("1"), Some("2")]);
}

#[test]
fn unnamed_columns_get_a_name_and_empty_cells_stay_empty() {
    let table = read(b",geo,unnamed_1\n0,,2\n");
    assert_eq!(table.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["unnamed_1_", "geo", "unnamed_1"]);
    assert_eq!(cells(&table, "geo"), [None]);
    assert_eq!(read(b",geo\n0,a\n").columns[0].name, "unnamed_1");
}

#[test]
fn ragged_rows_are_all_counted_and_the_first_are_listed() {
    let rows: String = (0..9).map(|_| "1,2,3\n").collect();
    let findings = bad(format!("a,b\n{rows}").as_bytes());
    assert_eq!(findings.len(), 6);
    assert_eq!(findings[0].row, Some(2));
    assert!(findings[5].found.contains("and 4 more"), "{findings:?}");
    assert!(findings[0].mend.contains("quoted"));
}

#[test]
fn broken_files_say_what_is_broken_and_where() {
    for (bytes, code, row) in [
        (&b""[..], "empty-table", None),
        (b"\n  \n", "empty-table", None),
        (b"a,b\n", "empty-table", None),
        (b"a,b,a\n1,2,3\n", "duplicate-column", Some(1)),
        (b"2020-01-05,1.5\n2020-01-12,2.5\n", "no-header", Some(1)),
        (b"a,b\n1,\"x\n2,y\n", "unclosed-quote", Some(2)),
        (b"a,b\n1,2\n3,caf\xe9\n", "encoding", Some(3)),
        (b"a,b\n1,\x002\n", "encoding", Some(2)),
        (b"\xff\xfea", "encoding", None),
        (b"PK\x03\x04rest", "unknown-format", None),
        (b"\x1f\x8brest", "unknown-format", None),
        (b"PAR1 and nothing more", "damaged-file", None),
    ] {
        let findings = bad(bytes);
        assert_eq!((findings[0].code.as_str(), findings[0].row), (code, row), "{findings:?}");
    }
    assert!(bad(b"a\ncaf\xe9\n")[0].found.contains("0xE9"));
}

#[test]
fn a_missing_file_names_its_neighbours() {
    let folder = Folder::new();
    folder.put("data.csv", b"a\n1\n");
    std::fs::create_dir(folder.0.join("inner")).expect("a folder");
    let finding = |file: &str| read_table(&folder.0, file).expect_err("no such table").remove(0);
    assert_eq!(finding("Data.CVS").mend, "did you mean data.csv?");
    assert!(finding("sales.parquet").mend.contains("data.csv"));
    assert_eq!(finding("inner").code, "not-a-file");
    assert_eq!(finding("").code, "missing-file");
    assert_eq!(finding("a\0b").code, "unreadable-file");
    assert!(finding("gone/data.csv").mend.contains("does not exist"));
    assert_eq!(read_table(&folder.0, "data.csv").expect("the table").rows(), 1);
}

fn columns() -> Vec<OutColumn> {
    vec![
        OutColumn::text("geo", ["=HYPERLINK(1)", "a,\"b\"\nc"]),
        OutColumn::number("mean", vec![0.1 + 0.2, f64::NAN]),
        OutColumn::number("tiny", vec![1.5e-300, -1e22]),
        OutColumn::int("chain", vec![-1, i64::MAX]),
        OutColumn::date("date", vec![date(1969, 12, 29), date(2026, 3, 31)]),
    ]
}

#[test]
fn a_csv_is_safe_in_a_spreadsheet_and_its_numbers_read_back() {
    let folder = Folder::new();
    write_csv(&folder.0.join("out.csv"), &columns()).expect("written");
    let table = read_table(&folder.0, "out.csv").expect("read back");
    assert_eq!(cells(&table, "geo"), [Some("'=HYPERLINK(1)"), Some("a,\"b\"\nc")]);
    assert_eq!(cells(&table, "mean"), [Some("0.30000000000000004"), None]);
    assert_eq!(cells(&table, "tiny"), [Some("1.5e-300"), Some("-1e22")]);
    assert_eq!(cells(&table, "date"), [Some("1969-12-29"), Some("2026-03-31")]);
}

#[test]
fn a_parquet_file_reads_back_as_it_was() {
    let folder = Folder::new();
    write_parquet(&folder.0.join("out.parquet"), &columns()).expect("written");
    let table = read_table(&folder.0, "out.parquet").expect("read back");
    assert_eq!(cells(&table, "geo"), [Some("=HYPERLINK(1)"), Some("a,\"b\"\nc")]);
    assert_eq!(table.column("mean").expect("mean").cells, Cells::Number(vec![Some(0.1 + 0.2), None]));
    assert_eq!(table.column("chain").expect("chain").cells, Cells::Number(vec![Some(-1.0), Some(i64::MAX as f64)]));
    let dates = Cells::Date(vec![Some(date(1969, 12, 29)), Some(date(2026, 3, 31))]);
    assert_eq!(table.column("date").expect("date").cells, dates);
    assert_eq!(table.lines, [1, 2]);
}

#[test]
fn columns_of_different_length_are_refused() {
    let uneven = [OutColumn::int("a", vec![1]), OutColumn::int("b", vec![])];
    let twice = [OutColumn::int("a", vec![1]), OutColumn::int("a", vec![1])];
    let folder = Folder::new();
    for columns in [&uneven[..], &twice, &[]] {
        let error = write_csv(&folder.0.join("x.csv"), columns).expect_err("refused");
        assert!(matches!(error, SourceError::Columns { .. }), "{error}");
    }
}

#[test]
fn a_run_folder_appears_whole_or_not_at_all() {
    let folder = Folder::new();
    let target = folder.0.join("runs").join("one");
    let staging = Staging::begin(&target).expect("begun");
    staging.write("run.json", b"{}").expect("written");
    assert!(!target.exists());
    drop(staging);
    assert_eq!(std::fs::read_dir(folder.0.join("runs")).expect("runs").count(), 0);

    let staging = Staging::begin(&target).expect("begun");
    staging.write_csv("drivers.csv", &columns()).expect("written");
    for name in ["../x", "a/b", "", ".hidden"] {
        assert!(matches!(staging.write(name, b""), Err(SourceError::Name { .. })), "{name}");
    }
    assert_eq!(staging.commit().expect("in place"), target);
    assert!(target.join("drivers.csv").is_file());
    assert_eq!(std::fs::read_dir(folder.0.join("runs")).expect("runs").count(), 1);
    let error = Staging::begin(&target).expect_err("taken");
    assert!(error.to_string().contains("exists already"), "{error}");
}

#[test]
fn an_output_below_a_file_says_so() {
    let folder = Folder::new();
    folder.put("file", b"");
    assert!(Staging::begin(&folder.0.join("file").join("run")).is_err());
    assert!(write_csv(&folder.0.join("gone").join("x.csv"), &columns()).is_err());
}

/// A file with the column types that other tools write, one row and one null row.
fn foreign_parquet() -> Vec<u8> {
    use parquet::data_type::{
        BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
    };
    let schema = "message m {
        optional int64 nanos (TIMESTAMP(NANOS,false));
        optional int64 micros (TIMESTAMP_MICROS);
        optional boolean flag;
        optional int32 cents (DECIMAL(9,2));
        optional fixed_len_byte_array(3) wide (DECIMAL(6,1));
        optional int32 unsigned (UINT_32);
        optional binary category (UTF8);
    }";
    let schema = parquet::schema::parser::parse_message_type(schema).expect("a schema");
    let mut bytes = Vec::new();
    let mut file = parquet::file::writer::SerializedFileWriter::new(&mut bytes, schema.into(), Default::default())
        .expect("a writer");
    let mut group = file.next_row_group().expect("a group");
    let day_before_epoch = -1_i64;
    let levels: Option<&[i16]> = Some(&[1, 0]);
    macro_rules! put {
        ($kind:ty, $value:expr) => {
            let mut column = group.next_column().expect("a column").expect("a column");
            column.typed::<$kind>().write_batch(&[$value], levels, None).expect("written");
            column.close().expect("closed");
        };
    }
    put!(Int64Type, day_before_epoch);
    put!(Int64Type, 86_400_000_000);
    put!(BoolType, true);
    put!(Int32Type, -1234);
    put!(FixedLenByteArrayType, FixedLenByteArray::from(vec![0xFF, 0xFF, 0xF6]));
    put!(Int32Type, -1);
    put!(ByteArrayType, ByteArray::from("a"));
    group.close().expect("closed");
    file.close().expect("closed");
    bytes
}

#[test]
fn parquet_files_of_other_tools_keep_their_meaning() {
    let table = table_from_bytes("x.parquet", foreign_parquet()).expect("a table");
    let of = |name: &str| table.column(name).expect("the column").cells.clone();
    assert_eq!(of("nanos"), Cells::Date(vec![Some(date(1969, 12, 31)), None]));
    assert_eq!(of("micros"), Cells::Date(vec![Some(date(1970, 1, 2)), None]));
    assert_eq!(of("flag"), Cells::Number(vec![Some(1.0), None]));
    assert_eq!(of("cents"), Cells::Number(vec![Some(-12.34), None]));
    assert_eq!(of("wide"), Cells::Number(vec![Some(-1.0), None]));
    assert_eq!(of("unsigned"), Cells::Number(vec![Some(4_294_967_295.0), None]));
    assert_eq!(of("category"), Cells::Text(vec![Some("a".into()), None]));
}

fn parquet_bytes() -> Vec<u8> {
    let folder = Folder::new();
    let path = folder.0.join("x.parquet");
    write_parquet(&path, &columns()).expect("written");
    std::fs::read(&path).expect("read")
}

proptest! {
    #[test]
    fn any_bytes_are_read_as_csv_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = table_from_bytes("x.csv", bytes);
    }

    #[test]
    fn any_csv_like_text_gives_columns_of_one_length(text in "[abc1,;\t\"\r\n\u{e9} ]{0,120}") {
        if let Ok(table) = table_from_bytes("x.csv", text.into_bytes()) {
            prop_assert!(table.rows() > 0);
            for column in &table.columns {
                prop_assert_eq!(column.cells.len(), table.rows());
                prop_assert!(!column.name.is_empty());
            }
        }
    }

    #[test]
    fn any_text_survives_the_way_through_a_csv(values in prop::collection::vec("\\PC{0,12}", 1..6)) {
        let folder = Folder::new();
        let columns = [OutColumn::text("text", values.clone()), OutColumn::int("n", vec![1; values.len()])];
        write_csv(&folder.0.join("x.csv"), &columns).expect("written");
        let table = read_table(&folder.0, "x.csv").expect("read back");
        let guarded = |v: &String| v.starts_with(['=', '+', '-', '@']);
        for (cell, value) in cells(&table, "text").iter().zip(&values) {
            let expected = if guarded(value) { format!("'{value}") } else { value.clone() };
            // spaces around a cell are kept only where something else had it quoted
            prop_assert_eq!(cell.unwrap_or("").trim_matches(' '), expected.trim_matches(' '));
        }
    }

    #[test]
    fn any_damaged_parquet_file_is_read_without_a_panic(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = parquet_bytes();
        for (at, value) in hits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = table_from_bytes("x.parquet", bytes);
    }
}
