//! Walks a parsed TOML document: typed values with their place, and a finding for whatever does not fit.

use super::{PROJECT_FILE, TOP};
use counterpoint::finding::{Finding, Severity};
use jiff::civil::Date;
use std::ops::RangeInclusive;
use toml_edit::{Item, TableLike, Value};

/// Where a key stands: its path and its line.
#[derive(Debug, Clone)]
pub(super) struct At {
    pub(super) path: String,
    pub(super) line: Option<u64>,
}

impl At {
    pub(super) fn sub(&self, key: &str, line: Option<u64>) -> At {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        At { path, line: line.or(self.line) }
    }

    fn nth(&self, index: usize, line: Option<u64>) -> At {
        At { path: format!("{}[{}]", self.path, index + 1), line: line.or(self.line) }
    }
}

/// The findings so far, and where the lines of the text begin.
pub(super) struct Walk {
    starts: Vec<usize>,
    findings: Vec<Finding>,
}

impl Walk {
    pub(super) fn new(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Walk { starts, findings: Vec::new() }
    }

    /// The 1-based line of a byte of the text.
    pub(super) fn line_at(&self, byte: usize) -> u64 {
        self.starts.partition_point(|start| *start <= byte) as u64
    }

    fn line_of(&self, span: Option<std::ops::Range<usize>>) -> Option<u64> {
        span.map(|span| self.line_at(span.start))
    }

    pub(super) fn say(
        &mut self,
        severity: Severity,
        code: &str,
        at: &At,
        found: impl Into<String>,
        expected: impl Into<String>,
        mend: impl Into<String>,
    ) {
        let mut finding = Finding::new(severity, code, found, expected, mend).at_file(PROJECT_FILE);
        finding.row = at.line;
        finding.column = Some(at.path.clone()).filter(|path| !path.is_empty());
        self.findings.push(finding);
    }

    pub(super) fn fail(
        &mut self,
        code: &str,
        at: &At,
        found: impl Into<String>,
        expected: impl Into<String>,
        mend: impl Into<String>,
    ) {
        self.say(Severity::Fail, code, at, found, expected, mend);
    }

    pub(super) fn syntax(&mut self, line: Option<u64>, message: &str) {
        let at = At { path: String::new(), line };
        let mend = "mend this line first: nothing after it could be read; texts stand in double quotes";
        self.fail("toml-syntax", &at, message, "a valid TOML file", mend);
    }

    pub(super) fn missing(&mut self, at: &At, key: &str, mend: &str) {
        let place = at.sub(key, None);
        let home = if at.path.is_empty() { "the file".to_owned() } else { format!("`{}`", at.path) };
        self.fail("missing-key", &place, format!("no `{key}`"), format!("`{key}` in {home}"), mend);
    }

    fn wrong_type(&mut self, at: &At, item: &Item, expected: &str, example: &str) {
        self.fail("wrong-type", at, shown(item), expected, format!("write it as {example}"));
    }

    /// All findings, in the order of the file.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|f| f.row.unwrap_or(u64::MAX));
        self.findings
    }
}

/// What stands there, in words.
pub(super) fn shown(item: &Item) -> String {
    match item {
        Item::None => "nothing".to_owned(),
        Item::Table(_) | Item::Value(Value::InlineTable(_)) => "a table".to_owned(),
        Item::ArrayOfTables(_) => "an array of tables".to_owned(),
        Item::Value(Value::String(text)) => format!("the text {:?}", short(text.value())),
        Item::Value(Value::Integer(n)) => format!("the number {}", n.value()),
        Item::Value(Value::Float(n)) => format!("the number {}", n.value()),
        Item::Value(Value::Boolean(b)) => format!("{}", b.value()),
        Item::Value(Value::Datetime(d)) => format!("the date {}", d.value()),
        Item::Value(Value::Array(list)) => format!("a list of {}", list.len()),
    }
}

/// A text, cut to what a message can hold.
pub(super) fn short(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { text.chars().take(57).chain("...".chars()).collect() }
}

/// The candidate that a mistyped word is nearest to, if it is near enough.
pub(super) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word: String = word.chars().take(60).collect::<String>().to_lowercase();
    candidates
        .iter()
        .map(|c| (strsim::damerau_levenshtein(&word, c), *c))
        .filter(|(distance, c)| *distance <= 1 + c.len().max(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
        .or_else(|| {
            candidates.iter().copied().find(|c| word.len() >= 4 && (c.starts_with(&word) || word.starts_with(c)))
        })
}

/// A table of the file, whose unknown keys are already found.
pub(super) struct Section<'a> {
    table: &'a dyn TableLike,
    pub(super) at: At,
}

impl<'a> Section<'a> {
    /// The table at the top of the file.
    pub(super) fn top(walk: &mut Walk, table: &'a dyn TableLike, known: &[&str]) -> Self {
        Section::open(walk, table, At { path: String::new(), line: None }, known)
    }

    /// A table; keys that are not `known` become findings.
    pub(super) fn open(walk: &mut Walk, table: &'a dyn TableLike, at: At, known: &[&str]) -> Self {
        let section = Section { table, at };
        for (key, _) in table.iter().filter(|(key, item)| !item.is_none() && !known.contains(key)) {
            let at = section.place_in(walk, key);
            let mend = match nearest(key, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None if TOP.contains(&key) => {
                    format!("`{key}` belongs to no section: move it to the top of the file, before the first `[…]`")
                }
                None => format!("remove it; known here: {}", known.join(", ")),
            };
            let home =
                if section.at.path.is_empty() { "the file".to_owned() } else { format!("`{}`", section.at.path) };
            walk.fail("unknown-key", &at, format!("`{}`", short(key)), format!("a key that {home} knows"), mend);
        }
        section
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    pub(super) fn item(&self, key: &str) -> Option<&'a Item> {
        self.table.get_key_value(key).map(|(_, item)| item).filter(|item| !item.is_none())
    }

    /// Where a key stands, with its own line.
    pub(super) fn place_in(&self, walk: &Walk, key: &str) -> At {
        let entry = self.table.get_key_value(key);
        let span = entry.and_then(|(k, item)| k.span().or_else(|| item.span()));
        self.at.sub(&short(key), walk.line_of(span))
    }

    fn entry(&self, walk: &Walk, key: &str) -> Option<(At, &'a Item)> {
        self.item(key).map(|item| (self.place_in(walk, key), item))
    }

    /// A text that is not blank.
    pub(super) fn text(&self, walk: &mut Walk, key: &str) -> Option<String> {
        let (at, item) = self.entry(walk, key)?;
        text_of(walk, &at, item)
    }

    /// A text that must be there.
    pub(super) fn required(&self, walk: &mut Walk, key: &str, mend: &str) -> Option<String> {
        if !self.has(key) {
            walk.missing(&self.at, key, mend);
        }
        self.text(walk, key)
    }

    /// A text or a list of texts.
    pub(super) fn texts(&self, walk: &mut Walk, key: &str) -> Vec<(At, String)> {
        let Some((at, item)) = self.entry(walk, key) else {
            return Vec::new();
        };
        match item.as_array() {
            None => text_of(walk, &at, item).map(|text| (at, text)).into_iter().collect(),
            Some(_) => elements(walk, &at, item)
                .into_iter()
                .filter_map(|(at, item)| text_of(walk, &at, &item).map(|text| (at, text)))
                .collect(),
        }
    }

    /// A finite number.
    pub(super) fn number(&self, walk: &mut Walk, key: &str) -> Option<f64> {
        let (at, item) = self.entry(walk, key)?;
        number_of(walk, &at, item)
    }

    /// A number above zero.
    pub(super) fn positive(&self, walk: &mut Walk, key: &str) -> Option<f64> {
        let (at, _) = self.entry(walk, key)?;
        let number = self.number(walk, key)?;
        if number > 0.0 {
            return Some(number);
        }
        walk.fail("out-of-range", &at, format!("the number {number}"), "a number above 0", "write one above 0");
        None
    }

    /// A whole number within a range.
    pub(super) fn count(&self, walk: &mut Walk, key: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let (at, item) = self.entry(walk, key)?;
        let Some(number) = item.as_integer() else {
            walk.wrong_type(&at, item, "a whole number", &range.start().max(&1).to_string());
            return None;
        };
        if range.contains(&number) {
            return Some(number);
        }
        let expected = if *range.end() == i64::MAX {
            format!("a whole number, {} or more", range.start())
        } else {
            format!("a whole number from {} to {}", range.start(), range.end())
        };
        walk.fail("out-of-range", &at, format!("the number {number}"), expected, "choose one in that range");
        None
    }

    /// true or false.
    pub(super) fn boolean(&self, walk: &mut Walk, key: &str) -> Option<bool> {
        let (at, item) = self.entry(walk, key)?;
        if item.as_bool().is_none() {
            walk.wrong_type(&at, item, "true or false", "true (without quotes)");
        }
        item.as_bool()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, walk: &mut Walk, key: &str, words: &[(&str, T)]) -> Option<T> {
        let (at, item) = self.entry(walk, key)?;
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let expected = format!("one of {}", names.iter().map(|n| format!("{n:?}")).collect::<Vec<_>>().join(", "));
        let Some(text) = item.as_str() else {
            walk.wrong_type(&at, item, &expected, &format!("{:?}", names[0]));
            return None;
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let mend = match nearest(text, &names) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "choose one of these".to_owned(),
        };
        walk.fail("unknown-value", &at, shown(item), expected, mend);
        None
    }

    /// A date: TOML's own, or ISO text.
    pub(super) fn date(&self, walk: &mut Walk, key: &str) -> Option<Date> {
        let (at, item) = self.entry(walk, key)?;
        date_of(walk, &at, item)
    }

    /// A list of dates.
    pub(super) fn dates(&self, walk: &mut Walk, key: &str) -> Vec<Date> {
        let Some((at, item)) = self.entry(walk, key) else {
            return Vec::new();
        };
        if item.as_array().is_none() {
            walk.wrong_type(&at, item, "a list of dates", "[2026-01-05, 2026-04-06]");
        }
        elements(walk, &at, item).into_iter().filter_map(|(at, item)| date_of(walk, &at, &item)).collect()
    }

    /// A table below this one.
    pub(super) fn section(&self, walk: &mut Walk, key: &str, known: &[&str]) -> Option<Section<'a>> {
        let (at, item) = self.entry(walk, key)?;
        match item.as_table_like() {
            Some(table) => Some(Section::open(walk, table, at, known)),
            None => {
                let example = if self.at.path.is_empty() { format!("[{key}]") } else { format!("{key} = {{ ... }}") };
                walk.wrong_type(&at, item, "a table", &format!("{example}, with its keys: {}", known.join(", ")));
                None
            }
        }
    }

    /// Several tables below this one: `[[key]]`, or a list of inline tables.
    pub(super) fn sections(&self, walk: &mut Walk, key: &str, known: &[&str]) -> Vec<Section<'a>> {
        let Some((at, item)) = self.entry(walk, key) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if let Some(tables) = item.as_array_of_tables() {
            for (i, table) in tables.iter().enumerate() {
                let at = at.nth(i, walk.line_of(table.span()));
                found.push(Section::open(walk, table, at, known));
            }
        } else if let Some(list) = item.as_array() {
            for (i, value) in list.iter().enumerate() {
                let at = at.nth(i, walk.line_of(value.span()));
                match value.as_inline_table() {
                    Some(table) => found.push(Section::open(walk, table, at, known)),
                    None => walk.wrong_type(&at, &Item::Value(value.clone()), "a table", "{ ... }"),
                }
            }
        } else {
            walk.wrong_type(&at, item, "an array of tables", &format!("[[{}]], in double brackets", at.path));
        }
        found
    }
}

/// The elements of a list, each with its place.
pub(super) fn elements(walk: &Walk, at: &At, item: &Item) -> Vec<(At, Item)> {
    let list = item.as_array().map(|list| list.iter().enumerate()).into_iter().flatten();
    list.map(|(i, value)| (at.nth(i, walk.line_of(value.span())), Item::Value(value.clone()))).collect()
}

fn text_of(walk: &mut Walk, at: &At, item: &Item) -> Option<String> {
    match item.as_str() {
        Some(text) if text.trim().is_empty() => {
            walk.fail("empty-name", at, "an empty text", "a text", "write a name in it, or remove the line");
            None
        }
        Some(text) => Some(text.to_owned()),
        None => {
            walk.wrong_type(at, item, "a text", "a text in double quotes");
            None
        }
    }
}

/// A finite number, whole or not.
pub(super) fn number_of(walk: &mut Walk, at: &At, item: &Item) -> Option<f64> {
    let number = item.as_float().or_else(|| item.as_integer().map(|n| n as f64));
    match number {
        Some(number) if number.is_finite() => return Some(number),
        Some(_) => walk.fail("out-of-range", at, shown(item), "a finite number", "write a finite number"),
        None => walk.wrong_type(at, item, "a number", "a number without quotes, with a point for the decimals"),
    }
    None
}

fn date_of(walk: &mut Walk, at: &At, item: &Item) -> Option<Date> {
    let date = match item {
        Item::Value(Value::Datetime(d)) => d.value().date.and_then(|d| {
            let (year, month, day) =
                (i16::try_from(d.year).ok()?, i8::try_from(d.month).ok()?, i8::try_from(d.day).ok()?);
            Date::new(year, month, day).ok()
        }),
        Item::Value(Value::String(text)) => text.value().trim().parse::<Date>().ok(),
        _ => None,
    };
    if date.is_none() {
        walk.fail("wrong-type", at, shown(item), "a date", "write it as 2026-03-31");
    }
    date
}
