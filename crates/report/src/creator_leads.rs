//! The finding above each picture of the creators' part, in a sentence or two.

use crate::creators::{Concentration, CreatorRow, Creators, Kernel, PlatformShare, Trait};
use crate::data::{Interval, ReportData};
use crate::numbers::{count, date, days_interval, money, money_interval, number, percent, percent_interval, range};
use crate::numbers::{number_interval, probability};
use crate::sentences::{outcome_interval, plural, sentence_case, short};

/// Platform dependence: which platform carries most, and how many equal platforms that is worth.
pub(crate) fn dependence(_: &ReportData, c: &Creators) -> String {
    let d = &c.dependence;
    let carried = |s: &PlatformShare| s.creators.map(|x| x.mean).filter(|m| m.is_finite()).unwrap_or(f64::NEG_INFINITY);
    let Some(top) = d.shares.iter().max_by(|a, b| carried(a).total_cmp(&carried(b))) else {
        return "No platform is named.".to_owned();
    };
    let name = short(&top.platform);
    let first = match top.creators {
        Some(_) if d.shares.iter().filter(|s| s.creators.is_some()).count() == 1 => {
            format!("All that creators brought came over {name}.")
        }
        Some(share) => format!(
            "{name} carries {} of what creators brought: as concentrated as {} equal platforms.",
            percent_interval(&share),
            number_interval(&d.creators.effective)
        ),
        None => "No creator is on a platform that is named.".to_owned(),
    };
    let left_out = match d.channels_left_out {
        0 => String::new(),
        n => format!(" ({} without a platform left out)", plural(n, "channel")),
    };
    match &d.channels {
        None => format!("{first} No channel names a platform, so there is nothing to set beside it."),
        Some(channels) => format!(
            "{first} Channels are as concentrated as {}{left_out}: {}.",
            number_interval(&channels.effective),
            compared(&d.creators, channels)
        ),
    }
}

fn compared(creators: &Concentration, channels: &Concentration) -> &'static str {
    if creators.effective.q95 < channels.effective.q05 {
        "creators hang on fewer platforms"
    } else if creators.effective.q05 > channels.effective.q95 {
        "creators are spread wider"
    } else {
        "which of the two is spread wider cannot be told apart"
    }
}

/// The kernel that stands for each platform, quickest first.
fn by_half_life(c: &Creators) -> Vec<&Kernel> {
    let mut kernels: Vec<&Kernel> = (0..c.platforms.len())
        .filter_map(|p| c.kernels.iter().find(|k| k.platform == p && k.half_life_days.mean.is_finite()))
        .collect();
    kernels.sort_by(|a, b| a.half_life_days.mean.total_cmp(&b.half_life_days.mean));
    kernels
}

fn platform(c: &Creators, index: usize) -> String {
    c.platforms.get(index).map_or_else(|| "n/a".to_owned(), |p| short(&p.name))
}

/// Content focus: how quickly attention goes, against the steady exposure of channels.
pub(crate) fn focus(d: &ReportData, c: &Creators) -> String {
    let kernels = by_half_life(c);
    let half = |k: &Kernel| format!("{} on {}", days_interval(&k.half_life_days), platform(c, k.platform));
    let first = match kernels.as_slice() {
        [] => String::new(),
        [one] => format!("Half of a post's views come within {}. ", half(one)),
        [quick, .., slow] => format!("Half of a post's views come within {}, but {}. ", half(quick), half(slow)),
    };
    let views: Vec<f64> = (0..d.dates.len()).map(|t| c.platforms.iter().filter_map(|p| p.views.get(t)).sum()).collect();
    let word = &d.cadence_word;
    match (variation(&views), variation(&c.channel_exposure)) {
        (Some(creators), Some(channels)) => format!(
            "{first}From {word} to {word} the views of creators vary by {} of their average, the exposure of channels by {}.",
            percent(creators),
            percent(channels)
        ),
        (Some(creators), None) => {
            format!("{first}From {word} to {word} the views vary by {} of their average.", percent(creators))
        }
        _ => first.trim_end().to_owned(),
    }
}

/// Standard deviation over the average.
fn variation(x: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let ratio = variance.sqrt() / mean;
    (x.len() > 1 && ratio.is_finite()).then_some(ratio)
}

/// Relationship: how much it matters who posts, and what goes with a stronger effect.
pub(crate) fn relationship(_: &ReportData, c: &Creators) -> String {
    let apart = c.roster.iter().filter(|r| r.per_view.q05 > 1.0 || r.per_view.q95 < 1.0).count();
    let told =
        format!("for {apart} of {} the interval leaves out the platform's average", plural(c.roster.len(), "creator"));
    let first = match &c.spread {
        Some(spread) => format!(
            "A view by a creator in a platform's top tenth brings {} times that of one in its bottom tenth; {told}.",
            number_interval(spread)
        ),
        None => format!("{}.", sentence_case(&told)),
    };
    let mut clear: Vec<&Trait> = c.traits.iter().filter(|t| t.factor.q05 > 1.0 || t.factor.q95 < 1.0).collect();
    clear.sort_by(|a, b| b.factor.mean.ln().abs().total_cmp(&a.factor.mean.ln().abs()));
    let second = match clear.as_slice() {
        [] if c.traits.is_empty() => return first,
        [] => "Nothing known about creators goes with a clearly stronger or weaker effect of a view.".to_owned(),
        [one] => format!("What goes with it: {}.", trait_words(one)),
        [one, two, ..] => format!("What goes with it: {}; {}.", trait_words(one), trait_words(two)),
    };
    format!("{first} {second}")
}

fn trait_words(t: &Trait) -> String {
    let change = |x: f64| x - 1.0;
    let f = &t.factor;
    let (word, x) = if f.mean >= 1.0 {
        ("more", Interval { mean: change(f.mean), q05: change(f.q05), q50: change(f.q50), q95: change(f.q95) })
    } else {
        ("less", Interval { mean: -change(f.mean), q05: -change(f.q95), q50: -change(f.q50), q95: -change(f.q05) })
    };
    format!("{}, {} {word} effect a view", short(&t.change), percent_interval(&x))
}

/// Monetisation: what creators are paid for, whether fees are fair, and what tracked sales are worth.
pub(crate) fn monetisation(d: &ReportData, c: &Creators) -> String {
    let costs = || c.roster.iter().filter_map(|r| r.cost.as_ref());
    let total: f64 = costs().map(|x| x.total()).sum();
    let mut text = if total > 0.0 {
        let share = |part: f64| percent(part / total);
        format!(
            "Creators cost {}: {} fixed fees, {} by views, {} by sales, {} product",
            money(total, &d.currency),
            share(costs().map(|x| x.fixed).sum()),
            share(costs().map(|x| x.by_views).sum()),
            share(costs().map(|x| x.by_sales).sum()),
            share(costs().map(|x| x.product).sum()),
        )
    } else {
        "No cost of creators is known".to_owned()
    };
    let fees: Vec<(f64, f64)> = c.roster.iter().filter_map(paid_and_fair).collect();
    if !fees.is_empty() {
        let above = fees.iter().filter(|(paid, fair)| paid > fair).count();
        let verb = if above == 1 { "is" } else { "are" };
        text += &format!("; {above} of {} {verb} above the fair fee", plural(fees.len(), "fee"));
    }
    text.push('.');
    if let Some(share) = &c.not_incremental {
        text += &format!(" {} of tracked sales would have come without the posts", percent_interval(share));
        if let Some(wasted) = c.commission_not_incremental.as_ref().filter(|x| x.mean > 0.0) {
            text += &format!("; {} of commission was paid on them", money_interval(wasted, &d.currency));
        }
        text.push('.');
    }
    text
}

fn paid_and_fair(r: &CreatorRow) -> Option<(f64, f64)> {
    let (paid, fair) = (r.fee_paid?, r.fair_fee?);
    (paid > 0.0 && fair.is_finite()).then_some((paid, fair))
}

/// Above the roster.
pub(crate) fn roster(d: &ReportData, c: &Creators) -> String {
    let unclear = c.roster.iter().filter(|r| !r.identified).count();
    let cost: f64 = c.roster.iter().filter_map(|r| r.cost.as_ref()).map(|x| x.total()).sum();
    let mut text = plural(c.roster.len(), "creator");
    if cost > 0.0 {
        text += &format!(" for {}", money(cost, &d.currency));
    }
    let mut out = match unclear {
        0 => format!("{text}; the data say something about each."),
        n => format!("{text}; {n} cannot be told apart: what stands there is mostly the platform's average."),
    };
    let apart: Vec<String> = c
        .platforms
        .iter()
        .filter(|p| p.groups.len() > 1)
        .map(|p| {
            let groups: Vec<String> = p.groups.iter().map(|names| some_of(names)).collect();
            format!(" On {}: {}.", short(&p.name), groups.join("; "))
        })
        .collect();
    if !apart.is_empty() {
        out += " Creators of a group share people and take from each other.";
        out += &apart.concat();
    }
    out
}

/// Most names of a group that are written out.
const NAMED: usize = 4;

fn some_of(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| short(name)).collect();
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    shown.join(", ") + &more
}

/// Above the returns of creators.
pub(crate) fn ranked(d: &ReportData, c: &Creators) -> String {
    let paid: Vec<&CreatorRow> = c.roster.iter().filter(|r| r.roi.is_some_and(|x| x.mean.is_finite())).collect();
    if !d.returns_are_money || paid.iter().all(|r| r.prob_roi_above_1.is_none()) {
        let known = c.roster.iter().filter(|r| r.effect.mean.is_finite());
        return match known.max_by(|a, b| a.effect.mean.total_cmp(&b.effect.mean)) {
            Some(top) => format!("{} brought most, {}.", short(&top.name), outcome_interval(d, &top.effect)),
            None => "No effect is known.".to_owned(),
        };
    }
    let within =
        |low: f64, high: f64| paid.iter().filter(|r| r.prob_roi_above_1.is_some_and(|p| p > low && p <= high)).count();
    format!(
        "{} of {} paid back more than they cost with over 90% certainty, {} less; for {} the data leave it open.",
        within(0.9, 1.0),
        plural(paid.len(), "paid creator"),
        within(-1.0, 0.1),
        within(0.1, 0.9)
    )
}

/// Above posts and views over time.
pub(crate) fn attention(d: &ReportData, c: &Creators) -> String {
    let views: Vec<f64> = (0..d.dates.len()).map(|t| c.platforms.iter().filter_map(|p| p.views.get(t)).sum()).collect();
    let total: f64 = views.iter().sum();
    let top = (0..views.len()).max_by(|a, b| views[*a].total_cmp(&views[*b]));
    let word = if c.posts.len() == 1 { "post" } else { "posts" };
    let mut text = format!("{} {word} got {} views", count(c.posts.len() as u64), number(total));
    if let Some(t) = top.filter(|t| views[*t] > 0.0) {
        text += &format!(
            ", most in the {} of {}: {}, {} of all",
            d.cadence_word,
            date(&d.dates[t]),
            number(views[t]),
            percent(views[t] / total)
        );
    }
    format!("{text}.")
}

/// Above views against effect.
pub(crate) fn views_effect(d: &ReportData, c: &Creators) -> String {
    let mut platforms: Vec<_> = c.platforms.iter().filter(|p| p.effect_per_thousand.mean.is_finite()).collect();
    platforms.sort_by(|a, b| b.effect_per_thousand.mean.total_cmp(&a.effect_per_thousand.mean));
    let brings = |x: &Interval| {
        if d.outcome_is_money { outcome_interval(d, x) } else { format!("{} {}", number_interval(x), d.outcome_name) }
    };
    match platforms.as_slice() {
        [] => "What a thousand views bring is not known.".to_owned(),
        [one] => {
            format!("A thousand views on {} bring {}.", short(&one.name), brings(&one.effect_per_thousand))
        }
        [first, .., last] => format!(
            "A thousand views bring {} on {} and {} on {}{}.",
            brings(&first.effect_per_thousand),
            short(&first.name),
            brings(&last.effect_per_thousand),
            short(&last.name),
            if first.effect_per_thousand.q05 > last.effect_per_thousand.q95 {
                ""
            } else {
                "; the two cannot be told apart"
            }
        ),
    }
}

/// Above tracked sales against effect.
pub(crate) fn tracked(_: &ReportData, c: &Creators) -> String {
    let mut captures: Vec<f64> =
        c.roster.iter().filter_map(|r| r.capture.map(|x| x.mean)).filter(|x| x.is_finite()).collect();
    captures.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (captures.first(), captures.last()) else {
        return "What share of the effect codes and links saw is not known.".to_owned();
    };
    let middle = captures[captures.len() / 2];
    let seen = if captures.len() == 1 {
        format!("The code or link of one creator saw {} of the effect", percent(*low))
    } else {
        format!(
            "Codes and links of {} saw {} of the effect in the middle {}",
            plural(captures.len(), "creator"),
            percent(middle),
            range(&percent(*low), &percent(*high))
        )
    };
    let silent = c.roster.iter().filter(|r| r.tracked == Some(0.0)).count();
    let silent = match silent {
        0 => String::new(),
        n => format!(" {} with a code or link but no tracked sale cannot be drawn.", plural(n, "creator")),
    };
    format!("{seen}; ranking creators by tracked sales alone would rank their codes.{silent}")
}

/// Above the kernels.
pub(crate) fn kernels(_: &ReportData, c: &Creators) -> String {
    let reached = |k: &Kernel| k.mean.iter().position(|m| *m >= 0.9).map(|i| k.days[i]);
    let kernels = by_half_life(c);
    let words: Vec<String> = [kernels.first(), kernels.last().filter(|_| kernels.len() > 1)]
        .into_iter()
        .flatten()
        .filter_map(|k| Some(format!("on {} after {}", platform(c, k.platform), days(reached(k)?))))
        .collect();
    let mut text = if words.is_empty() {
        "How the views of a post come in.".to_owned()
    } else {
        format!("Nine tenths of a post's views have come {}.", words.join(" and "))
    };
    let assumed = c.kernels.iter().filter(|k| !k.learned).count();
    if assumed > 0 {
        text += &format!(" {assumed} of {} are assumptions: no snapshots of views.", plural(c.kernels.len(), "curve"));
    }
    text
}

fn days(x: f64) -> String {
    if x < 2.0 { plural((x * 24.0).round().max(1.0) as usize, "hour") } else { plural(x.round() as usize, "day") }
}

/// Above the audit.
pub(crate) fn audit(_: &ReportData, c: &Creators) -> String {
    let mut scores: Vec<f64> =
        c.roster.iter().filter_map(|r| r.audit.as_ref()).map(|a| a.score.mean).filter(|s| s.is_finite()).collect();
    scores.sort_by(f64::total_cmp);
    match (scores.first(), scores.last()) {
        (Some(low), Some(high)) if scores.len() > 1 => format!(
            "Scores of {} run from {} to {}. A low score says that numbers are unusual, not why: ask before you act.",
            plural(scores.len(), "creator"),
            percent(*low),
            percent(*high)
        ),
        _ => "A low score says that numbers are unusual, not why: ask before you act.".to_owned(),
    }
}

/// Above the candidates.
pub(crate) fn candidates(_: &ReportData, c: &Creators) -> String {
    let asked: Vec<(f64, f64)> = c.candidates.iter().filter_map(|x| Some((x.fee_asked?, x.fair_fee?))).collect();
    let note = "A forecast for somebody never seen is wide: it knows the platform, not the person.";
    if asked.is_empty() {
        return note.to_owned();
    }
    let fair = asked.iter().filter(|(asked, fair)| asked <= fair).count();
    format!(
        "{} of {} no more than the fair fee. {note}",
        count(fair as u64),
        if asked.len() == 1 { "1 candidate asks".to_owned() } else { format!("{} candidates ask", asked.len()) }
    )
}

/// What a fair fee is, under the tables that show one.
pub(crate) fn fair_fee_note(c: &Creators) -> String {
    format!(
        "Fair fee: the highest fee for the same posts at which the return is above 1 with {} probability.",
        probability(c.fair_level)
    )
}
