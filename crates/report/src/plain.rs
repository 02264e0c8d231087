//! Diagnostics in plain words: a question, a number, a judgement and what it means.

use crate::data::ReportData;
use crate::numbers::{count, duration, number, percent};

/// How a diagnostic turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// As it should be.
    Good,
    /// Worth a look.
    Look,
    /// Not acceptable.
    Bad,
    /// A fact without a judgement.
    Fact,
}

impl Level {
    /// Class name in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Look => "look",
            Level::Bad => "bad",
            Level::Fact => "fact",
        }
    }

    /// The judgement in a word, so that it does not hang on colour.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Look => "look",
            Level::Bad => "not good",
            Level::Fact => "",
        }
    }
}

/// One diagnostic for people.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Check {
    pub(crate) question: &'static str,
    pub(crate) value: String,
    pub(crate) level: Level,
    pub(crate) meaning: String,
}

fn above(x: f64, good: f64, look: f64) -> Level {
    if x >= good {
        Level::Good
    } else if x >= look {
        Level::Look
    } else {
        Level::Bad
    }
}

/// How well the model describes the data.
pub(crate) fn of_the_fit(d: &ReportData) -> Vec<Check> {
    let g = &d.diagnostics;
    let mut checks = vec![
        Check {
            question: "How much of the ups and downs does it explain?",
            value: percent(g.r2),
            level: Level::Fact,
            meaning: "R². A high value alone does not mean that the drivers are told apart.".to_owned(),
        },
        Check {
            question: "How far off is it on average?",
            value: percent(g.mape),
            level: Level::Fact,
            meaning: format!("Mean absolute percentage error of a {}.", d.cadence_word),
        },
        Check {
            question: "Are its intervals honest?",
            value: percent(g.coverage90),
            level: if (0.84..=0.96).contains(&g.coverage90) {
                Level::Good
            } else if (0.75..=0.99).contains(&g.coverage90) {
                Level::Look
            } else {
                Level::Bad
            },
            meaning: "Share of observations inside the 90% predictive interval; it should be near 90%.".to_owned(),
        },
    ];
    if let Some(elpd) = g.loo_elpd {
        checks.push(Check {
            question: "How well would it predict a point it has not seen?",
            value: if elpd.is_finite() { format!("{elpd:.1}").replace('-', "−") } else { number(elpd) },
            level: Level::Fact,
            meaning: "Expected log predictive density (leave-one-out). Compare it between runs on the same data; higher is better."
                .to_owned(),
        });
    }
    if let Some(bad) = g.pareto_k_bad {
        checks.push(Check {
            question: "Do single points sway the result?",
            value: percent(bad),
            level: if bad <= 0.01 {
                Level::Good
            } else if bad <= 0.05 {
                Level::Look
            } else {
                Level::Bad
            },
            meaning: "Share of observations with too much influence (Pareto k above its threshold).".to_owned(),
        });
    }
    checks
}

/// How the sampler did.
pub(crate) fn of_the_sampler(d: &ReportData) -> Vec<Check> {
    let g = &d.diagnostics;
    let total = (g.chains * g.draws * g.every).max(1);
    vec![
        Check {
            question: "Do the chains agree?",
            value: if g.rhat_max.is_finite() { format!("{:.3}", g.rhat_max) } else { number(g.rhat_max) },
            level: above(-g.rhat_max, -1.01, -1.05),
            meaning: "Worst R-hat; chains that found the same answer give 1.00, above 1.01 calls for a look."
                .to_owned(),
        },
        Check {
            question: "Are there enough independent draws?",
            value: format!("{} / {}", number(g.ess_bulk_min), number(g.ess_tail_min)),
            level: above(g.ess_bulk_min.min(g.ess_tail_min), 100.0 * g.chains as f64, 100.0),
            meaning: "Smallest effective sample size, for the middle and for the tails; 100 a chain is enough."
                .to_owned(),
        },
        Check {
            question: "Did it get stuck?",
            value: count(g.divergences),
            level: if g.divergences == 0 {
                Level::Good
            } else if (g.divergences as f64) <= 0.01 * total as f64 {
                Level::Look
            } else {
                Level::Bad
            },
            meaning: format!("Divergent steps out of {}; there should be none.", count(total)),
        },
        Check {
            question: "Did it move freely?",
            value: number(g.ebfmi_min),
            level: above(g.ebfmi_min, 0.3, 0.2),
            meaning: "Smallest E-BFMI over chains; below 0.3 the sampler crept.".to_owned(),
        },
        Check {
            question: "Did it stop too early?",
            value: count(g.max_treedepth_hits),
            level: if g.max_treedepth_hits == 0 { Level::Good } else { Level::Look },
            meaning: "Steps cut at the greatest tree depth; it costs time, not correctness.".to_owned(),
        },
        Check {
            question: "What was run?",
            value: format!("{} × {}", g.chains, count(g.draws)),
            level: Level::Fact,
            meaning: format!(
                "Chains × kept draws{}, after {} warm-up draws each{}.",
                if g.every > 1 { format!(" (one of {}: fewer were not enough)", g.every) } else { String::new() },
                count(g.warmup),
                g.seconds.map_or_else(String::new, |s| format!("; {}", duration(s)))
            ),
        },
    ]
}

/// Words of the trade, explained.
pub(crate) const GLOSSARY: [(&str, &str); 13] = [
    (
        "90% interval",
        "The range that holds the true value with 90% probability, given the model and the data. Wide means unsure.",
    ),
    ("Adstock", "The part of a driver's effect that comes after the exposure: people remember."),
    ("Baseline", "What would have come without any driver and with controls at their reference: habit, trend, season."),
    ("Contribution", "Outcome that would be missing without the driver."),
    ("Control", "Something that moves the outcome and is not a driver: price of a competitor, weather, holidays."),
    ("Driver", "Whatever the project measures: paid channels, creators, organic activity, treatments."),
    ("Incremental", "On top of what would have come anyway. Sales that a channel merely saw do not count."),
    (
        "Marginal return",
        "Return of the next unit of spend, at today's spend. Budgets are moved by this, not by the average.",
    ),
    (
        "Moved from prior",
        "How far the data took the result away from what was assumed: 0% means it is still the assumption, 100% means nothing is left of it.",
    ),
    (
        "Not identified",
        "The data hold no information that tells this driver's effect from others; its number is the assumption.",
    ),
    ("Posterior", "What is believed about a number after seeing the data."),
    ("Prior", "What was assumed about a number before seeing the data."),
    ("Saturation", "The more is spent, the less the next unit brings."),
];

/// Words of the creators' part.
pub(crate) const GLOSSARY_OF_CREATORS: [(&str, &str); 7] = [
    ("Captured", "The share of a creator's effect that a code or link saw. The rest buys without the code."),
    (
        "Cannot be told apart",
        "The data say so little about a creator that the number is mostly the average of the platform, corrected by what is known of the creator.",
    ),
    (
        "Effective number of platforms",
        "How many platforms of equal weight would be as concentrated; one over the Herfindahl index.",
    ),
    ("Fair fee", "The highest fee that still pays back with the probability that the project asks for."),
    ("Half-life", "The time until half of a post's views have come."),
    ("Herfindahl index", "The sum of squared shares: 1 where all hangs on one platform, 0.25 for four equal ones."),
    ("Leak", "The share of tracked sales that did not come from the posts: codes get passed on."),
];
