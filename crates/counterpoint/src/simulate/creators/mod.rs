//! The creators of a simulated market: drawn people and posts, their true effect, tracked sales, deals, and the tables.

mod attention;
mod deals;
mod effect;
mod roster;
mod spec;
mod tables;
mod tracked;
mod truth;
mod validate;

pub use spec::{DealWeights, DealWord, FollowersRange, PersonSpec, PlatformSpec, PostsRange, RosterSpec};
pub use truth::{AccountTruth, CreatorTruth, PlatformTruth, RosterTruth};

pub(super) use effect::{Effect, effect};
pub(super) use roster::{Roster, roster};
pub(super) use tables::{contributions, section, tables};
pub(super) use tracked::negative_binomial;
pub(super) use truth::{KnownRoster, know};
pub(super) use validate::{findings, no_name};
