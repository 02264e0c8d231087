//! The section that says where the creators' tables are.

use super::walk::{Section, Walk};
use counterpoint::project::{CreatorsSpec, Format, ViewChange, known_view_changes};

/// Keys of `[creators]`.
pub(super) const CREATORS: &[&str] =
    &["creators", "posts", "stats", "deals", "tracked", "overlaps", "fake_worth", "fair_level", "view_changes"];
/// Keys of an entry of `view_changes`.
const VIEW_CHANGE: &[&str] = &["platform", "on", "format"];
/// What a view that is not real is still worth (pods without a topic: 3 % to 18 %, Hinnosaar and Hinnosaar 2024).
const FAKE_WORTH: f64 = 0.1;
/// Probability of a return above one at which a fee is fair.
const FAIR_LEVEL: f64 = 0.8;

/// Reads `[creators]`.
pub(super) fn creators(walk: &mut Walk, section: &Section) -> Option<CreatorsSpec> {
    let creators = section.required(walk, "creators", "add creators = \"creators.csv\"");
    let posts = section.required(walk, "posts", "add posts = \"posts.csv\"");
    let (stats, deals) = (section.text(walk, "stats"), section.text(walk, "deals"));
    let (tracked, overlaps) = (section.text(walk, "tracked"), section.text(walk, "overlaps"));
    let fake_worth = share(walk, section, "fake_worth").unwrap_or(FAKE_WORTH);
    let fair_level = share(walk, section, "fair_level").unwrap_or(FAIR_LEVEL);
    let view_changes = view_changes(walk, section);
    let (creators, posts) = (creators?, posts?);
    Some(CreatorsSpec { creators, posts, stats, deals, tracked, overlaps, fake_worth, fair_level, view_changes })
}

/// The changes of what a view is: those that are listed, else those that are known.
fn view_changes(walk: &mut Walk, section: &Section) -> Vec<ViewChange> {
    if !section.has("view_changes") {
        return known_view_changes();
    }
    let mut out: Vec<ViewChange> = Vec::new();
    for entry in section.sections(walk, "view_changes", VIEW_CHANGE) {
        let platform = entry.required(walk, "platform", "add platform = \"instagram\"");
        let on = entry.date(walk, "on");
        if on.is_none() && !entry.has("on") {
            walk.missing(&entry.at, "on", "add the first day of the new count: on = 2025-04-21");
        }
        let format = entry.choice(walk, "format", &Format::ALL.map(|format| (format.word(), format)));
        let (Some(platform), Some(on)) = (platform, on) else { continue };
        if out.iter().any(|c| c.platform.eq_ignore_ascii_case(&platform)) {
            let at = entry.place_in(walk, "platform");
            let found = format!("\"{platform}\" a second time");
            walk.fail(
                "duplicate-name",
                &at,
                found,
                "one change a platform",
                "keep the one that matters in your data's time",
            );
            continue;
        }
        out.push(ViewChange { platform, format, on });
    }
    out
}

/// A share above 0 and below 1.
fn share(walk: &mut Walk, section: &Section, key: &str) -> Option<f64> {
    let x = section.positive(walk, key)?;
    if x >= 1.0 {
        let at = section.place_in(walk, key);
        walk.fail("out-of-range", &at, format!("the number {x}"), "a share above 0 and below 1", "80 % is 0.8");
        return None;
    }
    Some(x)
}
