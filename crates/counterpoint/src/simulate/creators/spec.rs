//! What the creators of a simulated market are: plain data, the keys of `[creators]` in the simulation file.

use crate::project::Format;
use serde::{Deserialize, Serialize};

/// The creators of a market. Every key is optional; what is left out keeps its default, or is drawn by the seed where it says so.
///
/// ```toml
/// [creators]
/// count = 30
/// [[creators.platform]]
/// name    = "tiktok"
/// formats = ["short_video"]
/// share   = 0.04
/// [[creators.creator]]
/// name = "Mia"
/// fee  = 1200.0
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RosterSpec {
    /// Number of creators, those of `creator` included (20).
    pub count: usize,
    /// Followers of an account, drawn log-uniformly between the two.
    pub followers: FollowersRange,
    /// Posts of a creator, drawn evenly between the two.
    pub posts: PostsRange,
    /// Probability that a creator has an account on a second platform (0.1).
    pub two_platforms: f64,
    /// Share of posts whose views were counted over time (1); 0: no such table.
    pub snapshots: f64,
    /// Share of creators with a code or link (1); 0: no tracked sales.
    pub codes: f64,
    /// Median share of an audience that is not real (0.1).
    pub fake_share: f64,
    /// What a view that is not real is still worth (0.1); the project takes it over.
    pub fake_worth: f64,
    /// Slope of the log effect of a view on log followers (-0.25).
    pub followers_slope: f64,
    /// How much audiences differ from the population: standard deviation of the log shares of geos (0.6).
    pub audience_spread: f64,
    /// Kinds of people on each platform, as many of each, whom creators share by turns (1). With more, creators of one kind reach the same people, and a
    /// table says how much audiences overlap.
    pub audience_kinds: usize,
    /// Share of an audience that is of the creator's kind, beside its part of all (0.6).
    pub at_home: f64,
    /// Standard deviation of logit capture rates around their platform's (0.4).
    pub capture_spread: f64,
    /// Median share of all orders that use a creator's code without the creator's doing (0.0001).
    pub leak: f64,
    /// Standard deviation of its logarithm (0.8).
    pub leak_spread: f64,
    /// Dispersion phi of tracked orders: their variance is mean + mean^2 / phi (20).
    pub dispersion: f64,
    /// Share of tracked revenue that is given back (0.05).
    pub refunds: f64,
    /// How often each kind of deal is made.
    pub deals: DealWeights,
    /// Platforms, `[[creators.platform]]` in the file; none: instagram, tiktok and youtube.
    pub platform: Vec<PlatformSpec>,
    /// The first creators, `[[creators.creator]]` in the file. What is left out of one is drawn.
    pub creator: Vec<PersonSpec>,
}

/// Followers of an account.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FollowersRange {
    /// Fewest (5 000).
    pub min: f64,
    /// Most (1 000 000).
    pub max: f64,
}

/// Posts of a creator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostsRange {
    /// Fewest (8).
    pub min: usize,
    /// Most (30).
    pub max: usize,
}

/// How often each kind of deal is made, in any unit. A creator without a code whose deal would need one has a flat fee.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DealWeights {
    /// A fee a post (4).
    pub flat: f64,
    /// Money a thousand views, with a cap (1).
    pub cpm: f64,
    /// A share of tracked revenue (1.5).
    pub commission: f64,
    /// A fee a post and a share of tracked revenue (2).
    pub hybrid: f64,
    /// A fee for the whole time (1).
    pub retainer: f64,
    /// Product for a post (0.5).
    pub gifting: f64,
}

/// One platform of a simulated market.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlatformSpec {
    /// Name; none: `platform_1`, ….
    pub name: Option<String>,
    /// How often creators are there, in any unit; none: 1.
    pub weight: Option<f64>,
    /// Formats, by turns; none: those of the name, or short videos.
    pub formats: Vec<Format>,
    /// Exponent of the decay of attention; none: drawn, about 1.1.
    pub omega: Option<f64>,
    /// Days before the decay sets in; none: drawn, about 0.1.
    pub u0: Option<f64>,
    /// Share of the carried-over effect that is left after a period, in [0, 1); none: drawn between 0.1 and 0.5.
    pub retention: Option<f64>,
    /// Half-saturation of all creators together, in medians of their non-zero views a head; none: drawn, about 1.2.
    pub half_saturation: Option<f64>,
    /// Standard deviation of the effect's logarithm over geos; none: drawn between 0 and 0.4.
    pub geo_spread: Option<f64>,
    /// Contribution over the outcome periods as a share of the baseline; none: drawn, about 3 %.
    pub share: Option<f64>,
    /// Incremental money a unit of cost that fees are made for; none: drawn, about 1.4.
    pub roi: Option<f64>,
    /// Share of incremental orders that codes see; none: drawn, about 0.28.
    pub capture: Option<f64>,
    /// Standard deviation of creators' log effect a view; none: drawn between 0.3 and 0.8.
    pub weight_spread: Option<f64>,
    /// Views a follower and post of an account with 50 000 followers; none: drawn, about 0.3.
    pub views_per_follower: Option<f64>,
}

/// One creator of a simulated market.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonSpec {
    /// Name; none: `creator_01`, ….
    pub name: Option<String>,
    /// What the creator is about; none: drawn.
    pub niche: Option<String>,
    /// Platforms by name, one or more; none: drawn.
    pub platforms: Vec<String>,
    /// Followers of each account; none: drawn.
    pub followers: Option<f64>,
    /// Views a follower and post; none: drawn around the platform's.
    pub views_per_follower: Option<f64>,
    /// Posts; none: drawn.
    pub posts: Option<usize>,
    /// When the creator posts, as shares of the outcome's time, such as `[0.25, 0.5]`; none: drawn.
    pub active: Option<[f64; 2]>,
    /// Effect of a view over that of an account with as many followers, above 0; none: drawn, about 1.
    pub weight: Option<f64>,
    /// Share of the audience that is not real; none: drawn.
    pub fake_share: Option<f64>,
    /// Share of incremental orders that the code sees; none: drawn around the platform's.
    pub capture: Option<f64>,
    /// Share of all orders that use the code without the creator's doing; none: drawn.
    pub leak: Option<f64>,
    /// Whether there is a code; none: drawn.
    pub code: Option<bool>,
    /// Kind of the deal; none: drawn.
    pub deal: Option<DealWord>,
    /// The fee (flat, hybrid: a post; retainer: the whole time), the CPM, or the product's cost; none: made for the platform's `roi`.
    pub fee: Option<f64>,
    /// Share of tracked revenue (commission, hybrid); none: drawn between 0.08 and 0.2.
    pub rate: Option<f64>,
}

/// Kind of a simulated deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DealWord {
    /// A fee a post.
    Flat,
    /// Money a thousand views, with a cap.
    Cpm,
    /// A share of tracked revenue.
    Commission,
    /// A fee a post and a share of tracked revenue.
    Hybrid,
    /// A fee for the whole time.
    Retainer,
    /// Product for a post.
    Gifting,
}

impl DealWord {
    /// The word in tables.
    pub fn word(self) -> &'static str {
        match self {
            DealWord::Flat => "flat",
            DealWord::Cpm => "cpm",
            DealWord::Commission => "commission",
            DealWord::Hybrid => "hybrid",
            DealWord::Retainer => "retainer",
            DealWord::Gifting => "gifting",
        }
    }

    /// Whether it pays a share of tracked revenue.
    pub fn needs_code(self) -> bool {
        matches!(self, DealWord::Commission | DealWord::Hybrid)
    }
}

impl Default for RosterSpec {
    fn default() -> Self {
        RosterSpec {
            count: 20,
            followers: FollowersRange::default(),
            posts: PostsRange::default(),
            two_platforms: 0.1,
            snapshots: 1.0,
            codes: 1.0,
            fake_share: 0.1,
            fake_worth: 0.1,
            followers_slope: -0.25,
            audience_spread: 0.6,
            audience_kinds: 1,
            at_home: 0.6,
            capture_spread: 0.4,
            leak: 1e-4,
            leak_spread: 0.8,
            dispersion: 20.0,
            refunds: 0.05,
            deals: DealWeights::default(),
            platform: Vec::new(),
            creator: Vec::new(),
        }
    }
}

impl Default for FollowersRange {
    fn default() -> Self {
        FollowersRange { min: 5_000.0, max: 1_000_000.0 }
    }
}

impl Default for PostsRange {
    fn default() -> Self {
        PostsRange { min: 8, max: 30 }
    }
}

impl Default for DealWeights {
    fn default() -> Self {
        DealWeights { flat: 4.0, cpm: 1.0, commission: 1.5, hybrid: 2.0, retainer: 1.0, gifting: 0.5 }
    }
}

impl DealWeights {
    /// The kinds with their weights.
    pub(in crate::simulate) fn all(&self) -> [(DealWord, f64); 6] {
        [
            (DealWord::Flat, self.flat),
            (DealWord::Cpm, self.cpm),
            (DealWord::Commission, self.commission),
            (DealWord::Hybrid, self.hybrid),
            (DealWord::Retainer, self.retainer),
            (DealWord::Gifting, self.gifting),
        ]
    }
}

impl RosterSpec {
    /// The platforms as they are simulated, named.
    pub(in crate::simulate) fn platforms(&self) -> Vec<PlatformSpec> {
        if self.platform.is_empty() {
            return ["instagram", "tiktok", "youtube"]
                .map(|name| PlatformSpec { name: Some(name.to_owned()), ..PlatformSpec::default() })
                .to_vec();
        }
        let named = |(i, p): (usize, &PlatformSpec)| PlatformSpec {
            name: Some(p.name.clone().unwrap_or_else(|| format!("platform_{}", i + 1))),
            ..p.clone()
        };
        self.platform.iter().enumerate().map(named).collect()
    }

    /// Number of creators.
    pub(in crate::simulate) fn people(&self) -> usize {
        self.count.max(self.creator.len())
    }

    /// Their names.
    pub(in crate::simulate) fn names(&self) -> Vec<String> {
        let n = self.people().min(100_000);
        let width = n.to_string().len();
        let given = |i: usize| self.creator.get(i).and_then(|c| c.name.clone());
        (0..n).map(|i| given(i).unwrap_or_else(|| format!("creator_{:0width$}", i + 1))).collect()
    }
}
