//! The project file that a guess writes: commented, with every text escaped.

use counterpoint::project::DateFormat;
use std::fmt::Write;

/// What goes into the file.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    /// The currency that a column names.
    pub(super) currency: Option<String>,
    pub(super) tables: Vec<String>,
    pub(super) long: Option<Long>,
    pub(super) date: String,
    pub(super) date_format: Option<DateFormat>,
    pub(super) geo: Option<String>,
    pub(super) population: Option<String>,
    pub(super) outcome: String,
    pub(super) count: bool,
    pub(super) unit_value: Option<String>,
    pub(super) media: Vec<Media>,
    pub(super) treatments: Vec<(String, String)>,
    pub(super) controls: Vec<String>,
    pub(super) empty_media: bool,
    pub(super) coefficient: bool,
}

/// A long table of media.
#[derive(Debug)]
pub(super) struct Long {
    pub(super) table: String,
    pub(super) channel: String,
    pub(super) spend: Option<String>,
    pub(super) exposure: Option<String>,
}

/// A channel, or organic media where `spend` is none.
#[derive(Debug, Default)]
pub(super) struct Media {
    pub(super) name: String,
    pub(super) spend: Option<String>,
    pub(super) exposure: Option<String>,
    pub(super) reach: Option<String>,
    pub(super) frequency: Option<String>,
}

/// A TOML basic string on one line, whatever the text holds.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c) => {
                // an exhausted writer to a String is not possible
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|t| quoted(t)).collect();
    if texts.iter().map(String::len).sum::<usize>() < 90 {
        format!("[{}]", texts.join(", "))
    } else {
        format!("[\n    {},\n]", texts.join(",\n    "))
    }
}

/// The lines of the file.
struct Lines(String);

impl Lines {
    fn put(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    fn key(&mut self, key: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.put(format!("{key} = {}", quoted(value)));
        }
    }
}

/// Writes the file.
pub(super) fn write(draft: &Draft) -> String {
    let mut out = Lines(String::new());
    out.put("# A guess at the project from the names and values of its columns: read it through before the first fit.");
    out.put("# Every key is explained in docs/project-file.md.");
    out.put(format!("name = {}", quoted(&draft.name)));
    let currency = draft.currency.as_deref().unwrap_or("USD");
    out.put(format!("currency = {}               # only a label: nothing is converted", quoted(currency)));
    data(&mut out, draft);
    outcome(&mut out, draft);
    media(&mut out, draft);
    if !draft.controls.is_empty() {
        out.put("\n# What moves the outcome and is nobody's action.");
        out.put("[controls]");
        out.put(format!("columns = {}", list(&draft.controls)));
    }
    out.put("\n# Public holidays of these countries, as events of the baseline.");
    out.put("# [holidays]\n# countries = [\"US\"]");
    if draft.coefficient {
        out.put("\n[model]");
        out.put("# spend is not in the unit of the outcome's money, so a prior on ROI would say nothing");
        out.put("prior = \"coefficient\"");
    } else {
        out.put("\n# Every line of [model] has a good default.");
        out.put(
            "# [model]\n# prior = \"roi\"                 # roi | mroi | contribution | coefficient\n# max_lag = 8",
        );
    }
    out.put("\n[sampler]\nseed = 1");
    out.0
}

fn data(out: &mut Lines, draft: &Draft) {
    out.put("\n[data]");
    match draft.tables.as_slice() {
        [] => {}
        [one] => out.put(format!("table = {}", quoted(one))),
        several => out.put(format!("tables = {}", list(several))),
    }
    if let Some(long) = &draft.long {
        let mut keys = vec![format!("table = {}", quoted(&long.table)), format!("channel = {}", quoted(&long.channel))];
        keys.extend(long.spend.iter().map(|c| format!("spend = {}", quoted(c))));
        keys.extend(long.exposure.iter().map(|c| format!("exposure = {}", quoted(c))));
        out.put(format!("long = [{{ {} }}]", keys.join(", ")));
    }
    out.put(format!("date = {}", quoted(&draft.date)));
    match draft.date_format {
        Some(DateFormat::DayMonthYear) => out.put("date_format = \"DD/MM/YYYY\"     # day first, with any separator"),
        Some(DateFormat::MonthDayYear) => out.put("date_format = \"MM/DD/YYYY\"     # month first"),
        _ => {}
    }
    match &draft.geo {
        Some(geo) => out.put(format!("geo = {}", quoted(geo))),
        None => out.put("# geo = \"region\"              # leave out: national"),
    }
    match &draft.population {
        Some(population) => out.put(format!("population = {}", quoted(population))),
        None => out.put("# population = \"population\"   # leave out: every geo counts alike"),
    }
    if draft.empty_media {
        out.put("# empty = \"zero\"              # take this line in if an empty cell of a media column means 0");
    }
}

fn outcome(out: &mut Lines, draft: &Draft) {
    out.put("\n# What is explained.\n[outcome]");
    out.put(format!("column = {}", quoted(&draft.outcome)));
    if draft.count {
        out.put("kind = \"count\"");
        match &draft.unit_value {
            Some(column) => out.put(format!("unit_value = {}", quoted(column))),
            None => out.put("# unit_value = 48.0           # money a unit, a number or a column; without it ROI is units per currency unit"),
        }
    } else {
        out.put("kind = \"revenue\"              # or \"count\", with unit_value = a number or a column");
    }
    out.put("# margin = 0.6                # share of it that is margin");
}

fn media(out: &mut Lines, draft: &Draft) {
    let (paid, organic): (Vec<&Media>, Vec<&Media>) = draft.media.iter().partition(|m| m.spend.is_some());
    if draft.media.is_empty() {
        out.put("\n# [[channel]]\n# name = \"search\"\n# spend = \"search_spend\"\n# exposure = \"search_clicks\"");
    }
    if !paid.is_empty() {
        out.put("\n# Paid channels. role = \"capture\" for those that harvest demand, such as brand search.");
    }
    for (i, media) in paid.iter().enumerate() {
        out.put(if i == 0 { "[[channel]]" } else { "\n[[channel]]" });
        out.put(format!("name = {}", quoted(&media.name)));
        out.key("spend", media.spend.as_ref());
        out.key("exposure", media.exposure.as_ref());
        out.key("reach", media.reach.as_ref());
        out.key("frequency", media.frequency.as_ref());
    }
    if !organic.is_empty() {
        out.put("\n# Media without spend.");
    }
    for (i, media) in organic.iter().enumerate() {
        out.put(if i == 0 { "[[organic]]" } else { "\n[[organic]]" });
        out.put(format!("name = {}", quoted(&media.name)));
        out.key("exposure", media.exposure.as_ref());
        out.key("frequency", media.frequency.as_ref());
    }
    if !draft.treatments.is_empty() {
        out.put("\n# Actions that are not media; the smallest value counts as \"not done\".");
    }
    for (i, (name, column)) in draft.treatments.iter().enumerate() {
        out.put(if i == 0 { "[[treatment]]" } else { "\n[[treatment]]" });
        out.put(format!("name = {}", quoted(name)));
        out.put(format!("column = {}", quoted(column)));
    }
}
