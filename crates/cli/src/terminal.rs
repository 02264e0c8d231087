//! All printing. Results go to standard output, progress and errors to standard error; with `--json`, one object to standard output.

use crate::exit::Exit;
use crate::table::{Line, table};
use counterpoint::finding::{Finding, Severity};
use counterpoint_report::numbers::{money, money_interval, number, number_interval, percent_interval};
use counterpoint_report::{ReportData, Status};
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};

/// Where results are told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    json: bool,
    quiet: bool,
    bold: bool,
}

impl Terminal {
    /// A terminal that prints text, one JSON object, or errors only.
    pub(crate) fn new(json: bool, quiet: bool) -> Terminal {
        let bold = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
        Terminal { json, quiet, bold }
    }

    /// Whether progress is to be kept to ourselves.
    pub(crate) fn quiet(&self) -> bool {
        self.quiet
    }

    /// What is being done, where it takes seconds.
    pub(crate) fn stage(&self, doing: &str) {
        if !self.quiet {
            aside(&format!("{doing} …"));
        }
    }

    /// Says a text, unless JSON was asked for.
    pub(crate) fn say(&self, text: &str) {
        if !self.json && !self.quiet {
            print(text);
        }
    }

    /// The one object, if JSON was asked for.
    pub(crate) fn object(&self, value: &Value) {
        if self.json {
            print(&value.to_string());
        }
    }

    /// Tells an error.
    pub(crate) fn failed(&self, error: &anyhow::Error) -> Exit {
        let message = plain(&format!("{error:#}"));
        self.object(&json!({ "error": message }));
        complain(&format!("error: {message}"));
        Exit::Fault
    }

    /// Tells that somebody stopped it, and how to go on.
    pub(crate) fn stopped(&self, message: &str) -> Exit {
        self.object(&json!({ "stopped": message }));
        complain(&plain(message));
        Exit::Interrupted
    }

    fn strong(&self, text: &str) -> String {
        if self.bold { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Findings by severity, gravest first.
    pub(crate) fn findings(&self, findings: &[Finding]) {
        for (severity, word) in [(Severity::Fail, "FAIL"), (Severity::Review, "REVIEW"), (Severity::Info, "INFO")] {
            let own: Vec<&Finding> = findings.iter().filter(|f| f.severity == severity).collect();
            if own.is_empty() {
                continue;
            }
            self.say(&format!("{} ({})", self.strong(word), own.len()));
            own.iter().for_each(|f| self.say(&finding_text(f)));
            self.say("");
        }
    }

    /// Findings that forbid a fit, on standard error where standard output holds nothing else.
    pub(crate) fn forbidden(&self, findings: &[Finding]) {
        if self.quiet && !self.json {
            findings.iter().filter(|f| f.severity == Severity::Fail).for_each(|f| complain(&finding_text(f)));
        } else {
            self.findings(findings);
        }
    }

    /// The verdict with its reasons.
    pub(crate) fn verdict(&self, status: Status, reasons: &[String]) {
        let words = match status {
            Status::Ok => "Verdict: ok. The fit passed its checks.",
            Status::Review => "Verdict: review. Usable with care, for these reasons:",
            Status::Fail => "Verdict: fail. Do not use these numbers, for these reasons:",
        };
        self.say(&self.strong(words));
        reasons.iter().for_each(|r| self.say(&format!("  - {}", plain(r))));
        self.say("");
    }

    /// The drivers, a row each.
    pub(crate) fn drivers(&self, d: &ReportData) {
        let head = [
            "driver",
            "spend",
            "incremental (90 %)",
            &format!("{} (90 %)", d.return_word),
            "marginal (90 %)",
            "share (90 %)",
        ]
        .map(str::to_owned);
        let none = || "-".to_owned();
        let rows: Vec<Line> = d
            .drivers
            .iter()
            .map(|r| {
                let cells = vec![
                    short(&r.name) + if r.identified { "" } else { " *" },
                    r.spend.map_or_else(none, |s| money(s, &d.currency)),
                    if d.outcome_is_money {
                        money_interval(&r.incremental, &d.currency)
                    } else {
                        number_interval(&r.incremental)
                    },
                    r.roi.as_ref().map_or_else(none, number_interval),
                    r.mroi.as_ref().map_or_else(none, number_interval),
                    percent_interval(&r.share),
                ];
                Line { cells, note: String::new() }
            })
            .collect();
        self.lines(&table(&head, 1, &rows));
        if d.drivers.iter().any(|r| !r.identified) {
            self.say("* the data could hardly tell this driver: its numbers are mostly the prior's");
        }
        self.say("");
    }

    /// A table and what is said below it.
    pub(crate) fn table(&self, lines: &[String]) {
        self.lines(lines);
        self.say("");
    }

    /// Lines, the first in bold.
    fn lines(&self, lines: &[String]) {
        for (i, line) in lines.iter().enumerate() {
            self.say(&if i == 0 { self.strong(line) } else { line.clone() });
        }
    }

    /// The computation and the fit in two lines.
    pub(crate) fn diagnostics(&self, d: &ReportData) {
        let g = &d.diagnostics;
        self.say(&format!(
            "Sampler: {} x {} draws{}, worst R-hat {:.3}, smallest ESS {} (bulk) and {} (tail), {} divergent, E-BFMI {}.",
            g.chains,
            g.draws,
            if g.every > 1 { format!(", one kept of {}", g.every) } else { String::new() },
            g.rhat_max,
            number(g.ess_bulk_min.floor()),
            number(g.ess_tail_min.floor()),
            g.divergences,
            number(g.ebfmi_min)
        ));
        self.say(&format!(
            "Fit: R2 {:.3}, mean absolute error {:.1} %, {:.0} % of observations inside their 90 % interval.",
            g.r2,
            100.0 * g.mape,
            100.0 * g.coverage90
        ));
        self.say("");
    }
}

/// Place, found, expected and mend of a finding.
fn finding_text(f: &Finding) -> String {
    let place = place(f);
    let place = if place.is_empty() { String::new() } else { format!("{place}  ") };
    format!(
        "  {place}[{}]\n    found     {}\n    expected  {}\n    mend      {}",
        plain(&f.code),
        plain(&f.found),
        plain(&f.expected),
        plain(&f.mend)
    )
}

/// File, line and column of a finding, in words.
pub(crate) fn place(f: &Finding) -> String {
    let parts = [
        f.file.as_deref().map(plain),
        f.row.map(|row| format!("line {row}")),
        f.column.as_deref().map(|c| format!("`{}`", plain(c))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The text without anything that a terminal could take for a command.
pub(crate) fn plain(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// A name in a table: one line, at most 40 characters.
pub(crate) fn short(name: &str) -> String {
    counterpoint_report::sentences::short(&plain(&name.replace('\n', " ")))
}

/// A line of progress.
pub(crate) fn aside(text: &str) {
    complain(text);
}

/// The last line before the program leaves at once.
pub(crate) fn last_words(text: &str) {
    complain(text);
}

/// A bug is told as such, not as a trace of the program.
pub(crate) fn catch_bugs() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::env::var_os("RUST_BACKTRACE").is_some() {
            usual(info);
        }
        complain(&format!(
            "error: this is a bug in counterpoint {}, not in your data ({info}). Nothing was half-written. Please report it with the \
             command that you ran.",
            env!("CARGO_PKG_VERSION")
        ));
    }));
}

fn print(text: &str) {
    // a reader that went away (a closed pipe) is no error of ours
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
