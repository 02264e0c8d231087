//! The section that says where the creators' tables are.

use super::walk::{Section, Walk};
use counterpoint::project::CreatorsSpec;

/// Keys of `[creators]`.
pub(super) const CREATORS: &[&str] = &["creators", "posts", "stats", "deals", "tracked", "fake_worth", "fair_level"];
/// What a view that is not real is still worth (pods without a topic: 3 % to 18 %, Hinnosaar and Hinnosaar 2024).
const FAKE_WORTH: f64 = 0.1;
/// Probability of a return above one at which a fee is fair.
const FAIR_LEVEL: f64 = 0.8;

/// Reads `[creators]`.
pub(super) fn creators(walk: &mut Walk, section: &Section) -> Option<CreatorsSpec> {
    let creators = section.required(walk, "creators", "add creators = \"creators.csv\"");
    let posts = section.required(walk, "posts", "add posts = \"posts.csv\"");
    let (stats, deals) = (section.text(walk, "stats"), section.text(walk, "deals"));
    let tracked = section.text(walk, "tracked");
    let fake_worth = share(walk, section, "fake_worth").unwrap_or(FAKE_WORTH);
    let fair_level = share(walk, section, "fair_level").unwrap_or(FAIR_LEVEL);
    Some(CreatorsSpec { creators: creators?, posts: posts?, stats, deals, tracked, fake_worth, fair_level })
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
