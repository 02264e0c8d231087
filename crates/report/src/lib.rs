//! Results to one HTML file: plain data in, a string out, no file, clock or network touched.
//!
//! Fill in [`ReportData`], call [`render`], write the string. The page holds its style, script and data, opens
//! offline, and sends nothing. [`headline`] is the answer in a sentence, for a terminal or a message.

mod creator_leads;
mod creators;
mod data;
mod escape;
mod evidence;
mod json;
mod leads;
pub mod numbers;
mod page;
mod payload;
mod plain;
mod plan;
mod plan_leads;
mod plan_sections;
mod roster;
mod sections;
pub mod sentences;
mod strips;
mod table;
pub mod trust;
mod trust_leads;
mod trust_sections;

pub use creators::{
    Audit, CandidateRow, Concentration, Cost, CreatorRow, CreatorVerdict, Creators, Dependence, Kernel, ObservedShare,
    Platform, PlatformShare, PostMark, Trait,
};
pub use data::{
    Best, Curve, Decay, Density, Diagnostics, DriverKind, DriverRow, FindingRow, FindingSeverity, Fit, FitSeries,
    Interval, ReportData, Series, SeriesKind, Status, Verdict,
};
pub use evidence::{Evidence, Moved};
pub use page::render;
pub use plan::{
    Carried, FrontierPoint, Insurance, LastSplit, Limit, NextBudget, PlannedDriver, PlannedOffer, Shock, Spread,
    Stress, TestWorth,
};
pub use sentences::headline;
pub use trust_leads::{Finding, answer, findings};
