//! Creators as the model takes them: people, their accounts, their dated posts, what they were paid, what was tracked to them.

pub use crate::project::Format;
use jiff::civil::{Date, DateTime};

/// Everything known of the creators of a project. Indices point into the vectors of this struct.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Roster {
    /// Names of the platforms, in order of first appearance in the creators table.
    pub platforms: Vec<String>,
    /// Segments of the audience by platform, where overlaps say that there are several; none or empty where they do not.
    pub audiences: Vec<Option<Audience>>,
    /// Overlaps of others with accounts of the roster: where candidates would be.
    pub outside: Vec<Outside>,
    /// People, in order of first appearance in the creators table.
    pub creators: Vec<Creator>,
    /// Accounts: one a creator and platform, in table order.
    pub accounts: Vec<Account>,
    /// Posts, by time, then by name.
    pub posts: Vec<Post>,
    /// Deals, in table order.
    pub deals: Vec<Deal>,
    /// Sales tracked to creators, one entry a creator that has a code or link; empty where nothing is tracked.
    pub tracked: Vec<Tracked>,
    /// Changes of what a view is that divide the posts within the data's time, one a platform at most.
    pub redefined: Vec<Redefined>,
}

/// The audience of a platform's creators, in segments of people who follow the same ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Audience {
    /// Share of the people in each segment; they add up to one.
    pub segments: Vec<f64>,
    /// People of whom audiences of f and g followers that are drawn at random would share f g / people, in units of what the segments say of a pair (see
    /// [`crate::data::segments`]).
    pub people: f64,
}

/// How much the audiences of two accounts overlap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Overlap {
    /// Share of the smaller audience that is in both.
    OfSmaller(f64),
    /// People who are in both.
    People(f64),
}

impl Overlap {
    /// People in both audiences, of so many followers each.
    pub fn people(self, one: f64, other: f64) -> f64 {
        match self {
            Overlap::OfSmaller(share) => share * one.min(other),
            Overlap::People(people) => people,
        }
    }
}

/// The overlap of somebody who is not in the roster with an account that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    /// Name.
    pub name: String,
    /// Index of the account.
    pub account: usize,
    /// How much the two audiences overlap.
    pub overlap: Overlap,
}

impl Roster {
    /// The audience of a platform, where there is more than one segment.
    pub fn audience(&self, platform: usize) -> Option<&Audience> {
        self.audiences.get(platform)?.as_ref()
    }
}

/// A platform counts views in another way from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redefined {
    /// Index of the platform.
    pub platform: usize,
    /// The one format that it is about; none: all.
    pub format: Option<Format>,
    /// First day of the new count.
    pub on: Date,
}

impl Redefined {
    /// Whether it is about the views of a post.
    pub fn is_about(&self, roster: &Roster, post: &Post) -> bool {
        roster.accounts[post.account].platform == self.platform && self.format.is_none_or(|f| f == post.format)
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq)]
pub struct Creator {
    /// Unique name.
    pub name: String,
    /// What the creator is about.
    pub niche: Option<String>,
}

/// A person on one platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Index of the creator.
    pub creator: usize,
    /// Index of the platform.
    pub platform: usize,
    /// Followers.
    pub followers: Option<f64>,
    /// Engagements a follower and post, in (0, 1).
    pub engagement_rate: Option<f64>,
    /// Share of the audience or engagement that is not real, in \[0, 1\].
    pub fake_share: Option<f64>,
    /// How well creator and brand fit, any unit; standardised by the model.
    pub niche_fit: Option<f64>,
    /// Collaborations before the first post in the data.
    pub earlier: Option<f64>,
    /// Share of the audience that lives in each geo, `[geos]`, at least 0, sum at most 1 (the rest lives elsewhere);
    /// none: split by population.
    pub audience: Option<Vec<f64>>,
    /// How dense the audience is in each of the platform's segments, 1 as the platform's; empty: as the platform's everywhere.
    pub segments: Vec<f64>,
}

impl Account {
    /// Density of the audience in a segment.
    pub fn density(&self, segment: usize) -> f64 {
        self.segments.get(segment).copied().unwrap_or(1.0)
    }
}

/// A post.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// Unique name.
    pub name: String,
    /// Index of the account.
    pub account: usize,
    /// Format.
    pub format: Format,
    /// When it went up.
    pub at: DateTime,
    /// Organic views in all, as last counted.
    pub views: f64,
    /// Paid (boosted) views, beside the organic ones.
    pub boosted: f64,
    /// Likes.
    pub likes: Option<f64>,
    /// Comments.
    pub comments: Option<f64>,
    /// Shares.
    pub shares: Option<f64>,
    /// Saves.
    pub saves: Option<f64>,
    /// Whether it was sponsored, where the table says.
    pub sponsored: Option<bool>,
    /// Campaign.
    pub campaign: Option<String>,
    /// Cumulative organic views at later moments, by time.
    pub snapshots: Vec<Snapshot>,
}

/// Cumulative views of a post at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snapshot {
    /// The moment (the end of the day, where the table has a date only).
    pub at: DateTime,
    /// Views so far.
    pub views: f64,
}

/// How a creator is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DealKind {
    /// A fee a post.
    Flat,
    /// Money a thousand views, up to a cap.
    Cpm,
    /// A share of tracked sales within a window after the click.
    Commission,
    /// A fee a post and a share of tracked sales.
    Hybrid,
    /// Product, for a post that may or may not come.
    Gifting,
    /// A fee for the whole term, whatever is posted.
    Retainer,
    /// A share of what the creator's merchandise sells.
    Royalty,
    /// A sum for each post that reaches a number of views.
    Bounty,
}

/// The terms of a deal. Money is in the project's currency.
#[derive(Debug, Clone, PartialEq)]
pub struct Deal {
    /// Unique name.
    pub name: String,
    /// Index of the creator.
    pub creator: usize,
    /// Kind.
    pub kind: DealKind,
    /// Money a post (flat, hybrid), for the whole term (retainer), a reached threshold (bounty).
    pub fee: Option<f64>,
    /// The most that the deal costs.
    pub cap: Option<f64>,
    /// Money a thousand views.
    pub cpm: Option<f64>,
    /// Share of tracked (or merchandise) revenue, in \[0, 1\].
    pub rate: Option<f64>,
    /// Days after a post during which tracked sales or views are paid; none: the whole term.
    pub window_days: Option<f64>,
    /// Cost of goods and shipping of one gift or post.
    pub product_cost: Option<f64>,
    /// Posts agreed.
    pub posts: Option<f64>,
    /// Probability that a gift brings a post, in \[0, 1\].
    pub post_probability: Option<f64>,
    /// Views that a bounty asks for.
    pub threshold_views: Option<f64>,
    /// First day.
    pub starts: Option<Date>,
    /// Last day.
    pub ends: Option<Date>,
    /// Usage rights: share of the fee for 30 days of use.
    pub usage_rate: Option<f64>,
    /// Usage rights: days.
    pub usage_days: Option<f64>,
    /// Exclusivity: share of the fee a month.
    pub exclusivity_rate: Option<f64>,
    /// Exclusivity: months.
    pub exclusivity_months: Option<f64>,
}

impl Deal {
    /// A deal of creator 0 without any term.
    pub fn of(name: &str, kind: DealKind) -> Deal {
        Deal {
            name: name.to_owned(),
            creator: 0,
            kind,
            fee: None,
            cap: None,
            cpm: None,
            rate: None,
            window_days: None,
            product_cost: None,
            posts: None,
            post_probability: None,
            threshold_views: None,
            starts: None,
            ends: None,
            usage_rate: None,
            usage_days: None,
            exclusivity_rate: None,
            exclusivity_months: None,
        }
    }
}

/// Somebody never worked with.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Name.
    pub name: String,
    /// Name of the platform, as written.
    pub platform: String,
    /// What is known of the account; its indices mean nothing.
    pub account: Account,
    /// What the candidate is about.
    pub niche: Option<String>,
    /// Format of the posts; none where it is open.
    pub format: Option<Format>,
    /// Posts that the forecast is for, at least one.
    pub posts: usize,
    /// Organic views of a post on average, where somebody states them.
    pub expected_views: Option<f64>,
    /// What is asked for; its creator means nothing.
    pub deal: Option<Deal>,
}

/// A deal that is offered for the time of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Unique name.
    pub name: String,
    /// Who offers it; the account is the roster's where there is one.
    pub who: Candidate,
    /// Index of the account in the roster; none for somebody never worked with.
    pub known: Option<usize>,
    /// Its terms; its creator, posts and dates mean nothing.
    pub deal: Deal,
    /// Fewest and most posts, if any.
    pub posts: (usize, usize),
    /// First and last day of a post.
    pub days: (Option<Date>, Option<Date>),
    /// At most one offer of a group is taken.
    pub group: Option<String>,
}

/// Sales tracked to a creator by code or link, by outcome period.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracked {
    /// Index of the creator.
    pub creator: usize,
    /// Orders, `[periods]`; 0 where the table has no row.
    pub orders: Vec<f64>,
    /// Revenue of those orders, `[periods]`.
    pub revenue: Vec<f64>,
    /// Revenue given back, `[periods]`.
    pub refunds: Vec<f64>,
}
