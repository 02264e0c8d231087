//! CSV files as people have them: comma, semicolon or tab, UTF-8 or UTF-16, quoted cells, CR, LF or both.
//!
//! A parser of our own, because a finding needs the true line of every row, and because an unclosed quote must be found
//! and not swallow the rest of the file.

use counterpoint::data::{Cells, Column, Table};
use counterpoint::finding::{Finding, Severity};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How many findings of one kind are listed before "and N more".
const LISTED: usize = 5;

/// Reads a CSV file from its bytes. Cells stay text; spaces around unquoted cells and around names are cut off.
/// An empty name in the header becomes `unnamed_<position>`.
///
/// # Errors
/// All that is wrong with it: encoding, header, rows of the wrong length, an unclosed quote.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Table, Vec<Finding>> {
    let text = decode(bytes).map_err(|found| found.into_iter().map(|f| f.at_file(file)).collect::<Vec<_>>())?;
    parse_text(file, &text).map_err(|found| found.into_iter().map(|f| f.at_file(file)).collect())
}

fn parse_text(file: &str, text: &str) -> Result<Table, Vec<Finding>> {
    if text.trim().is_empty() {
        return Err(vec![fail("empty-table", "an empty file", "a header line and rows", "export the table again")]);
    }
    let (body, skipped, declared) = declared_separator(text);
    let separator = declared.unwrap_or_else(|| guess_separator(body));
    let mut records = Records::new(body, separator, 1 + skipped);
    let Some(header) = records.next() else {
        return Err(vec![fail("empty-table", "no header line", "a header line and rows", "export the table again")]);
    };
    let mut findings = Vec::new();
    let names = header_names(&header, &mut findings);
    let width = names.len();
    let mut cells: Vec<Vec<Option<Box<str>>>> = vec![Vec::new(); width];
    let mut lines = Vec::new();
    let mut ragged: Vec<(u64, usize)> = Vec::new();
    for record in records.by_ref() {
        if record.cells.len() != width {
            ragged.push((record.line, record.cells.len()));
            continue;
        }
        lines.push(record.line);
        for (column, cell) in cells.iter_mut().zip(record.cells) {
            column.push(if cell.is_empty() { None } else { Some(cell.into()) });
        }
    }
    if let Some(line) = records.unclosed {
        findings.push(
            fail(
                "unclosed-quote",
                "a double quote that is never closed",
                "quotes in pairs; a quote inside a quoted cell is doubled",
                "close the quote, or remove it",
            )
            .at_row(line),
        );
    } else {
        say_ragged(&ragged, width, separator, &mut findings);
    }
    if lines.is_empty() && ragged.is_empty() && findings.is_empty() {
        findings.push(fail(
            "empty-table",
            "a header and no row",
            "at least one row",
            "export the table again, with its rows",
        ));
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    let columns =
        names.into_iter().zip(cells).map(|(name, cells)| Column { name, cells: Cells::Text(cells) }).collect();
    Ok(Table { file: file.to_owned(), columns, lines })
}

fn fail(code: &str, found: impl Into<String>, expected: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding::new(Severity::Fail, code, found, expected, mend)
}

fn say_ragged(ragged: &[(u64, usize)], width: usize, separator: u8, findings: &mut Vec<Finding>) {
    let hint = if separator == b',' {
        "; a cell that holds a comma (such as 1,5) must be quoted, or the file saved with semicolons"
    } else {
        ""
    };
    for (i, (line, cells)) in ragged.iter().enumerate() {
        if i == LISTED {
            findings.push(fail(
                "ragged-row",
                format!(
                    "and {} more such rows, the last at line {}",
                    ragged.len() - LISTED,
                    ragged[ragged.len() - 1].0
                ),
                format!("{width} cells, as in the header"),
                "mend how the file is written: most of its rows are concerned by one cause",
            ));
            break;
        }
        findings.push(
            fail(
                "ragged-row",
                format!("{cells} cell{}", if *cells == 1 { "" } else { "s" }),
                format!("{width} cells, as in the header"),
                format!("add or remove separators in this line{hint}"),
            )
            .at_row(*line),
        );
    }
}

/// Names of the header, unique and not empty; says what is wrong with them.
fn header_names(header: &Record<'_>, findings: &mut Vec<Finding>) -> Vec<String> {
    let looks_like_data = |cell: &str| {
        let number = cell.trim_start_matches(['-', '+', '.']);
        number.starts_with(|c: char| c.is_ascii_digit())
            && cell.chars().all(|c| c.is_ascii_digit() || "+-./,:eET ".contains(c))
    };
    if header.cells.iter().all(|c| looks_like_data(c)) {
        findings.push(
            fail(
                "no-header",
                format!("a first line of values, such as {}", header.cells[0]),
                "a first line with the names of the columns",
                "add a header line",
            )
            .at_row(header.line),
        );
    }
    unique_names(header.cells.iter().map(|c| c.trim()), Some(header.line), findings)
}

/// Gives unnamed columns a name and finds names that stand twice.
pub(crate) fn unique_names<'a>(
    raw: impl Iterator<Item = &'a str>,
    line: Option<u64>,
    findings: &mut Vec<Finding>,
) -> Vec<String> {
    let raw: Vec<&str> = raw.collect();
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, name) in raw.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        places.entry(name).or_default().push(i + 1);
    }
    for (name, at) in places.iter().filter(|(_, at)| at.len() > 1).take(LISTED) {
        let at: Vec<String> = at.iter().map(usize::to_string).collect();
        let mut finding = fail(
            "duplicate-column",
            format!("the name {name:?} stands {} times (columns {})", at.len(), at.join(", ")),
            "column names that are unique",
            "rename or remove all but one",
        )
        .at_column(*name);
        finding.row = line;
        findings.push(finding);
    }
    let mut names = Vec::with_capacity(raw.len());
    for (i, name) in raw.iter().enumerate() {
        if name.is_empty() {
            let mut made = format!("unnamed_{}", i + 1);
            while places.contains_key(made.as_str()) {
                made.push('_');
            }
            names.push(made);
        } else {
            names.push((*name).to_owned());
        }
    }
    names
}

/// The text of the file, whatever its encoding.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Vec<Finding>> {
    if let Some(rest) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        return utf16(rest, u16::from_le_bytes).map(Cow::Owned);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        return utf16(rest, u16::from_be_bytes).map(Cow::Owned);
    }
    let rest = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    if let Some(at) = rest.iter().position(|b| *b == 0) {
        return Err(vec![
            fail(
                "encoding",
                "a zero byte: the file is binary, or UTF-16 without its byte order mark",
                "text in UTF-8",
                "save the table as CSV in UTF-8",
            )
            .at_row(line_of(rest, at)),
        ]);
    }
    match std::str::from_utf8(rest) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => Err(bad_utf8(rest)),
    }
}

fn utf16(bytes: &[u8], join: fn([u8; 2]) -> u16) -> Result<String, Vec<Finding>> {
    let units = bytes.chunks_exact(2).map(|pair| join([pair[0], pair[1]]));
    let decoded: Result<String, _> = char::decode_utf16(units).collect();
    match decoded {
        Ok(text) if bytes.len().is_multiple_of(2) => Ok(text),
        _ => Err(vec![fail(
            "encoding",
            "broken UTF-16: a lone surrogate, or half a character at the end",
            "text in UTF-8, or whole UTF-16",
            "export the table again, in UTF-8",
        )]),
    }
}

/// The first lines that are not UTF-8, each with its first bad byte.
fn bad_utf8(bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut more = 0;
    let mut start = 0;
    for (i, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if let Err(error) = std::str::from_utf8(line) {
            let at = error.valid_up_to();
            if findings.len() == LISTED {
                more += 1;
            } else {
                findings.push(
                    fail(
                        "encoding",
                        format!(
                            "byte 0x{:02X} at position {} of the line (byte {} of the file), which is not UTF-8",
                            line[at],
                            at + 1,
                            start + at + 1
                        ),
                        "text in UTF-8",
                        "save the file as \"CSV UTF-8\"; from Windows-1252: `iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW`",
                    )
                    .at_row(i as u64 + 1),
                );
            }
        }
        start += line.len() + 1;
    }
    if more > 0 {
        findings.push(fail(
            "encoding",
            format!("and {more} more such lines"),
            "text in UTF-8",
            "as above: one conversion mends them all",
        ));
    }
    findings
}

fn line_of(bytes: &[u8], at: usize) -> u64 {
    bytes[..at].iter().filter(|b| **b == b'\n').count() as u64 + 1
}

/// Excel's first line `sep=;`: the rest of the text, the lines skipped, the separator.
fn declared_separator(text: &str) -> (&str, u64, Option<u8>) {
    let line = text.lines().next().unwrap_or_default();
    match line.trim_end().as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', sep @ (b',' | b';' | b'\t')] => {
            let rest = text[line.len()..].trim_start_matches('\r');
            (rest.strip_prefix('\n').unwrap_or(rest), 1, Some(*sep))
        }
        _ => (text, 0, None),
    }
}

/// The separator that stands most often in the header, outside quotes.
fn guess_separator(text: &str) -> u8 {
    let mut counts = [0usize; 3];
    let mut quoted = false;
    let header = text.trim_start_matches(['\n', '\r']);
    for byte in header.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            b',' if !quoted => counts[0] += 1,
            b';' if !quoted => counts[1] += 1,
            b'\t' if !quoted => counts[2] += 1,
            _ => {}
        }
    }
    let best = counts.iter().max().copied().unwrap_or(0);
    [b',', b';', b'\t'][counts.iter().position(|c| *c == best).unwrap_or(0)]
}

/// One record and the line it begins on.
struct Record<'t> {
    line: u64,
    cells: Vec<Cow<'t, str>>,
}

/// Walks the records of a text; blank lines are no records.
struct Records<'t> {
    text: &'t str,
    at: usize,
    line: u64,
    separator: u8,
    /// Line of a quote that the text never closes.
    unclosed: Option<u64>,
}

impl<'t> Records<'t> {
    fn new(text: &'t str, separator: u8, line: u64) -> Self {
        Records { text, at: 0, line, separator, unclosed: None }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over one line end (LF, CR LF, CR), if there is one.
    fn line_end(&mut self) -> bool {
        match self.peek() {
            Some(b'\n') => self.at += 1,
            Some(b'\r') => {
                self.at += 1;
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            _ => return false,
        }
        self.line += 1;
        true
    }

    /// One cell, up to its separator or line end.
    fn cell(&mut self) -> Cow<'t, str> {
        if self.peek() == Some(b'"') {
            return self.quoted();
        }
        Cow::Borrowed(self.plain().trim_matches([' ', '\t']))
    }

    fn plain(&mut self) -> &'t str {
        let start = self.at;
        while let Some(byte) = self.peek() {
            if byte == self.separator || byte == b'\n' || byte == b'\r' {
                break;
            }
            self.at += 1;
        }
        // separators and line ends are ASCII, so both ends are on character borders
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn quoted(&mut self) -> Cow<'t, str> {
        let opened = self.line;
        self.at += 1;
        let mut start = self.at;
        let mut made: Option<String> = None;
        loop {
            match self.peek() {
                None => {
                    self.unclosed.get_or_insert(opened);
                    return Cow::Borrowed("");
                }
                Some(b'"') => {
                    let part = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    if self.peek() == Some(b'"') {
                        let text = made.get_or_insert_default();
                        text.push_str(part);
                        text.push('"');
                        self.at += 1;
                        start = self.at;
                        continue;
                    }
                    let tail = self.plain().trim_end_matches([' ', '\t']);
                    return match (made, tail) {
                        (None, "") => Cow::Borrowed(part),
                        (made, tail) => Cow::Owned(made.unwrap_or_default() + part + tail),
                    };
                }
                Some(b'\n') => {
                    self.line += 1;
                    self.at += 1;
                }
                Some(_) => self.at += 1,
            }
        }
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Record<'t>;

    fn next(&mut self) -> Option<Record<'t>> {
        while self.line_end() {}
        self.peek()?;
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell());
            if self.unclosed.is_some() {
                return None;
            }
            if self.peek() == Some(self.separator) {
                self.at += 1;
                continue;
            }
            self.line_end();
            return Some(Record { line, cells });
        }
    }
}
