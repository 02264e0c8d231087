//! The stable names of all checks, and the short way to write a finding.

use crate::finding::{Finding, Severity};

/// Every code that [`assemble`](super::assemble) and [`explore`](super::explore()) emit, with what it says in a line.
/// `docs/checks.md` has a row for each.
pub const ALL_CODES: &[(&str, &str)] = &[
    // Tables and keys.
    ("table-count", "the tables given are not the tables of the project"),
    ("empty-table", "a table has no row"),
    ("unused-table", "no column of a table is used"),
    ("missing-column", "a column that the project names does not exist"),
    ("column-twice", "a column name stands in two tables"),
    ("column-reused", "one column serves two purposes that must not share it"),
    ("no-drivers", "the project names no channel, organic medium or treatment"),
    ("date-missing", "a row has no date"),
    ("date-unreadable", "a date cannot be read or does not exist"),
    ("date-ambiguous", "day and month cannot be told apart"),
    ("date-off-grid", "a date does not fall on the table's days or weeks"),
    ("dates-far-apart", "a date lies very far from the others"),
    ("cadence-unsupported", "the rows are neither daily nor weekly"),
    ("cadence-mixed", "tables differ in the length of their periods"),
    ("one-period", "there is one period only"),
    ("geo-missing", "a row has no geo"),
    ("one-geo", "a geo column with one geo"),
    ("geo-absent", "a geo is in one table and not in another"),
    ("channel-missing", "a row of a long table names no channel"),
    ("duplicate-row", "two rows for one date and geo (and channel)"),
    ("missing-period", "periods are missing between first and last"),
    ("ragged-geo", "a geo lacks periods that others have"),
    ("rows-left-out", "rows outside of the outcome's dates are not used"),
    ("national-column", "a driver, outcome or population is given for the whole country, but the project has geos"),
    // Cells.
    ("not-a-number", "text in a number column"),
    ("ambiguous-number", "a comma that may be a decimal or a thousands mark"),
    ("not-finite", "an infinite number"),
    ("empty-cell", "an empty cell where a number is needed"),
    ("negative-exposure", "spend, exposure, reach or frequency below zero"),
    ("negative-outcome", "outcome below zero"),
    ("outcome-missing", "outcome cells without a value"),
    ("outcome-empty", "no outcome at all"),
    ("population-not-positive", "a population that is zero or below"),
    ("population-changes", "a geo's population changes over time"),
    ("unit-value-not-positive", "money a unit that is zero or below"),
    ("text-control", "a text control is turned into 0/1 controls"),
    ("text-control-levels", "a text control has too many levels to be a category"),
    // Events.
    ("unknown-country", "no bundled calendar for a country"),
    ("event-backwards", "an event ends before it starts"),
    ("event-outside", "an event lies outside of the data"),
    // Creators.
    ("creator-twice", "a creator stands twice on one platform"),
    ("unknown-creator", "a post, deal or sale of somebody who is not in the creators' table"),
    ("unknown-word", "a format or a kind of deal that is not known"),
    ("out-of-range", "a number outside of its range"),
    ("audience-geo", "audience shares of a geo that the data do not have"),
    ("audience-sum", "audience shares that add up to more than one"),
    ("audience-elsewhere", "audiences mostly outside of the data's geos"),
    ("post-twice", "a post stands twice"),
    ("unknown-post", "views of a post that is not in the posts' table"),
    ("snapshot-before-post", "views counted before the post"),
    ("views-fall", "cumulative views that fall"),
    ("views-above-total", "a count above the post's total"),
    ("view-definition", "posts on both sides of a change of what a view is"),
    ("view-change-platform", "a change of what a view is on a platform that nobody is on"),
    ("deal-incomplete", "a deal lacks a term that its kind needs"),
    ("deal-without-posts", "a deal of a creator without posts"),
    ("posts-without-deal", "a creator without a deal"),
    ("deal-posts", "more or fewer posts than a deal agreed on"),
    ("few-posts", "creators with few posts"),
    ("tracked-left-out", "tracked sales outside of the outcome's dates"),
    ("tracked-before-post", "tracked sales before the creator's first post"),
    ("code-leak", "a code that keeps selling without posts"),
    ("commission-as-spend", "a channel whose spend follows tracked sales"),
    ("overlap-pair", "an overlap that is not of two accounts on one platform, once"),
    ("overlap-followers", "an overlap of accounts whose followers are not known"),
    ("overlap-size", "more people in two audiences than in the smaller"),
    ("overlap-segments", "what the overlaps of a platform come to"),
    ("candidate-kind", "a candidate has terms of a deal and no kind"),
    ("offer-posts", "the numbers of posts of an offer make no range"),
    ("offer-dates", "the first day of an offer's posts is after the last"),
    ("offer-twice", "two offers of one name"),
    // Experiments.
    ("experiment-driver", "an experiment on something that the project does not have"),
    ("experiment-geo", "an experiment in a geo that the data do not have"),
    ("experiment-twice", "two experiments of one name"),
    ("experiment-dates", "an experiment that ends before it starts, or is shorter than half a period"),
    ("experiment-periods", "an experiment that does not begin and end with periods of the data"),
    ("experiment-change", "a change that is no number from 0 up, `off` or `on`, or that changes nothing"),
    ("experiment-lift", "a lift in percent that leaves nothing"),
    ("experiment-se", "no standard error above zero"),
    ("experiment-sign", "a lift against the direction of the change"),
    ("experiment-no-exposure", "nothing to change in the window"),
    ("experiment-not-off", "exposure in the window of a driver that was switched off"),
    ("experiment-usual", "no exposure that counts as usual, or a number that does not say whose"),
    ("experiment-outside", "an experiment outside of the outcome's dates"),
    ("experiment-cooldown", "a cool-down beyond the last outcome"),
    ("experiment-outcome", "a lift in percent over periods with missing outcomes"),
    ("experiment-overlap", "two experiments on one driver at one place and time"),
    // Exploration.
    ("driver-zero", "a driver that is never on"),
    ("spend-zero", "a paid channel without any spend"),
    ("driver-constant", "a driver that never changes"),
    ("outcome-constant", "an outcome that never changes"),
    ("control-constant", "a control that never changes"),
    ("few-active-periods", "a driver that is on in few periods"),
    ("spend-without-exposure", "money spent in periods without exposure"),
    ("exposure-without-spend", "exposure in periods without spend"),
    ("outlier", "values far from the rest of their series"),
    ("collinear", "a series that others explain almost wholly"),
    ("correlated-pair", "two series that move together"),
    ("seasonal-spend", "spend that follows the outcome's season"),
    ("mediator-control", "a control that media may move"),
    ("few-observations", "few data points for each parameter"),
    ("cost-jump", "a cost per exposure that jumps"),
    ("short-history", "less exposure history than the longest lag"),
    ("short-series", "less than two years of data"),
    ("population-correlation", "how a driver's volume goes with population"),
];

/// A finding that forbids going on.
pub(super) fn fail(
    code: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
    mend: impl Into<String>,
) -> Finding {
    known(code);
    Finding::new(Severity::Fail, code, found, expected, mend)
}

/// A finding to look at before the result is trusted.
pub(super) fn review(
    code: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
    mend: impl Into<String>,
) -> Finding {
    known(code);
    Finding::new(Severity::Review, code, found, expected, mend)
}

/// A finding worth knowing.
pub(super) fn info(
    code: &str,
    found: impl Into<String>,
    expected: impl Into<String>,
    mend: impl Into<String>,
) -> Finding {
    known(code);
    Finding::new(Severity::Info, code, found, expected, mend)
}

fn known(code: &str) {
    debug_assert!(ALL_CODES.iter().any(|(known, _)| *known == code), "code {code} is missing from ALL_CODES");
}

/// How many findings of one kind are written out for one column.
pub const SHOWN: usize = 5;

/// Findings of one kind about one column: the first [`SHOWN`] in full, then one line for the rest.
pub(super) struct Capped {
    first: Option<Finding>,
    seen: usize,
}

impl Capped {
    pub(super) fn new() -> Self {
        Capped { first: None, seen: 0 }
    }

    pub(super) fn push(&mut self, out: &mut Vec<Finding>, make: impl FnOnce() -> Finding) {
        self.seen += 1;
        if self.seen > SHOWN {
            return;
        }
        let finding = make();
        if self.first.is_none() {
            self.first = Some(finding.clone());
        }
        out.push(finding);
    }

    pub(super) fn finish(self, out: &mut Vec<Finding>) {
        if let Some(mut finding) = self.first.filter(|_| self.seen > SHOWN) {
            finding.found = format!("and {} more like these", self.seen - SHOWN);
            finding.row = None;
            out.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented_once() {
        let docs = include_str!("../../../../docs/checks.md");
        for (at, (code, _)) in ALL_CODES.iter().enumerate() {
            assert_eq!(docs.matches(&format!("| `{code}` |")).count(), 1, "docs/checks.md and {code}");
            assert!(ALL_CODES[at + 1..].iter().all(|(other, _)| other != code), "{code} is listed twice");
        }
    }

    #[test]
    fn every_code_in_the_source_is_listed_and_every_listed_code_is_in_the_source() {
        let source = [
            include_str!("assemble/cells.rs"),
            include_str!("assemble/column.rs"),
            include_str!("assemble/controls.rs"),
            include_str!("assemble/coverage.rs"),
            include_str!("assemble/drivers.rs"),
            include_str!("assemble/experiments/mod.rs"),
            include_str!("assemble/experiments/table.rs"),
            include_str!("assemble/grid.rs"),
            include_str!("assemble/holidays.rs"),
            include_str!("assemble/outcome.rs"),
            include_str!("assemble/roster/candidates.rs"),
            include_str!("assemble/roster/deals.rs"),
            include_str!("assemble/roster/look.rs"),
            include_str!("assemble/roster/mod.rs"),
            include_str!("assemble/roster/offers.rs"),
            include_str!("assemble/roster/overlaps.rs"),
            include_str!("assemble/sheet.rs"),
            include_str!("assemble/source.rs"),
            include_str!("explore/collinear.rs"),
            include_str!("explore/drivers.rs"),
            include_str!("explore/mediator.rs"),
            include_str!("explore/outliers.rs"),
            include_str!("explore/season.rs"),
            include_str!("explore/size.rs"),
        ]
        .concat();
        for call in ["fail(", "review(", "info(", "make("] {
            for rest in source.split(call).skip(1) {
                let Some(code) = rest.trim_start().strip_prefix('"').and_then(|r| r.split('"').next()) else {
                    continue;
                };
                assert!(ALL_CODES.iter().any(|(known, _)| *known == code), "{code} is not in ALL_CODES");
            }
        }
        for (code, _) in ALL_CODES {
            assert!(source.contains(&format!("\"{code}\"")), "{code} is never emitted");
        }
    }

    #[test]
    fn findings_beyond_the_cap_become_one_line() {
        let (mut out, mut capped) = (Vec::new(), Capped::new());
        for row in 0..12 {
            capped.push(&mut out, || fail("empty-cell", "nothing", "a number", "fill it").at_row(row));
        }
        capped.finish(&mut out);
        assert_eq!(out.len(), SHOWN + 1);
        assert_eq!((out[SHOWN].found.as_str(), out[SHOWN].row), ("and 7 more like these", None));
    }
}
