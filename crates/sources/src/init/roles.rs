//! Gives every remaining column its part: outcome, media, treatment, control, or none.

use super::draft::{Draft, Media};
use super::keys::Keys;
use super::names::{self, Word, any_of, media_name, numbered, words};
use super::profile::Profile;
use super::{Said, shown};
use counterpoint::data::Table;
use counterpoint::data::recognise::number;
use counterpoint::finding::{Finding, Severity};
use std::collections::BTreeSet;

/// Outcome money a unit of spend beyond which (or below whose inverse) the two cannot be in one unit.
const RETURN_LIMIT: f64 = 50.0;

/// The columns of one driver, gathered by its words.
struct Gathered<'p, 'a> {
    stem: Vec<String>,
    spend: Option<&'p Profile<'a>>,
    exposures: Vec<&'p Profile<'a>>,
    reach: Option<&'p Profile<'a>>,
    frequency: Option<&'p Profile<'a>>,
    because: String,
}

/// Fills the draft from the columns that `keys` left over.
pub(super) fn assign(tables: &[Table], keys: &Keys, draft: &mut Draft, said: &mut Said) -> Result<(), Vec<Finding>> {
    let mut seen: BTreeSet<&str> = keys.taken.iter().map(String::as_str).collect();
    let mut profiles: Vec<Profile> = Vec::new();
    for column in keys.wide.iter().filter_map(|i| tables.get(*i)).flat_map(|t| &t.columns) {
        if !column.name.trim().is_empty() && seen.insert(&column.name) {
            profiles.push(Profile::new(column));
        }
    }
    let outcome = outcome(&profiles, draft, said)?;
    let total_outcome = value_of(&profiles, outcome, draft);
    let rest: Vec<&Profile> =
        profiles.iter().filter(|p| p.name != outcome.name && draft.unit_value.as_deref() != Some(p.name)).collect();
    let mut gathered: Vec<Gathered> = Vec::new();
    for profile in rest {
        place(profile, &mut gathered, draft, said);
    }
    let mut spent = 0.0;
    for driver in &gathered {
        spent += driver.spend.map_or(0.0, Profile::sum);
        finish(driver, draft, said);
    }
    for channel in &keys.long_channels {
        long_channel(channel, draft);
    }
    let ratio = total_outcome / spent;
    if spent > 0.0 && ratio.is_finite() && !(1.0 / RETURN_LIMIT..=RETURN_LIMIT).contains(&ratio) {
        draft.coefficient = true;
        said.note(format!(
            "the outcome is {ratio:.3} times all spend, so spend is hardly in the outcome's money: the default prior is put on the coefficient, not on ROI"
        ));
    }
    if draft.media.is_empty() && draft.treatments.is_empty() {
        said.edit("no column looks like media: add a [[channel]] with its spend column");
    }
    Ok(())
}

/// The outcome: by the best of its names, or else the largest number that no name explains.
fn outcome<'p, 'a>(
    profiles: &'p [Profile<'a>],
    draft: &mut Draft,
    said: &mut Said,
) -> Result<&'p Profile<'a>, Vec<Finding>> {
    let mut best: Option<(u8, &Profile, String)> = None;
    for p in profiles.iter().filter(|p| p.numbers.is_some() && !p.constant()) {
        if let Some((score, because)) = outcome_score(p.name).filter(|(s, _)| best.as_ref().is_none_or(|b| *s > b.0)) {
            best = Some((score, p, because));
        }
    }
    let found = match best {
        Some((_, p, because)) => {
            said.note(format!("{} is the outcome, because of {because}", shown(p.name)));
            p
        }
        None => {
            let open = |p: &&Profile| p.numbers.is_some() && !p.constant() && !p.flag() && !explained(p);
            let largest = profiles.iter().filter(open).max_by(|a, b| a.sum().total_cmp(&b.sum()));
            let Some(p) = largest else {
                let named = profiles.iter().filter(|p| p.numbers.is_none() && outcome_score(p.name).is_some());
                let unread = named.filter_map(|p| Some((p.name, p.unread(|text| number(text).is_some())?))).next();
                if let Some((name, (_, text, _))) = unread {
                    let expected = "a number with one reading, such as 1234.56";
                    let mend = "write the numbers of this column without words, and without a comma that may be a decimal or a thousands mark";
                    let finding = Finding::new(Severity::Fail, "no-outcome", shown(text), expected, mend);
                    return Err(vec![finding.at_column(name)]);
                }
                let (found, expected) =
                    ("no column that could be the outcome", "a column of revenue, orders or the like");
                let mend = "add it to a table, or rename it so that it can be recognised (revenue, sales, orders, y)";
                return Err(vec![Finding::new(Severity::Fail, "no-outcome", found, expected, mend)]);
            };
            said.edit(format!(
                "outcome: no column is named like one; {} is taken because its numbers are the largest",
                shown(p.name)
            ));
            p
        }
    };
    draft.outcome = found.name.to_owned();
    let name = words(found.name);
    draft.count = any_of(&name, names::COUNTED).is_some() && any_of(&name, names::MONEY).is_none();
    let currency = ["usd", "eur", "gbp", "chf"]
        .iter()
        .find(|c| profiles.iter().any(|p| words(p.name).iter().any(|w| w == *c)))
        .map(|c| c.to_uppercase())
        .or_else(|| profiles.iter().find_map(Profile::currency).map(str::to_owned));
    match &currency {
        Some(currency) => said.note(format!("the currency is {currency}, which a column names or is written in")),
        None => said.note("the currency is written as USD, a label only: mend it if it is another"),
    }
    draft.currency = currency;
    if draft.count {
        unit_value(profiles, found, draft, said);
    } else if any_of(&name, names::MONEY).is_none() {
        said.note(format!("{} is read as money; set kind = \"count\" if it counts things", shown(found.name)));
    }
    Ok(found)
}

fn explained(p: &Profile) -> bool {
    let name = words(p.name);
    media_name(p.name).is_some()
        || matches!(numbered(p.name), Some('x' | 'c'))
        || is_calendar(p)
        || [names::CONTROL, names::TREATMENT, names::MEDIA, names::ORGANIC, names::POPULATION]
            .iter()
            .any(|list| any_of(&name, list).is_some())
}

/// How sure a name is to be the outcome's, and why.
fn outcome_score(name: &str) -> Option<(u8, String)> {
    let all = words(name);
    if names::PLAIN_OUTCOME.contains(&name.to_lowercase().as_str()) {
        return Some((4, format!("the name {}", shown(name))));
    }
    let robyn = ["_S", "_I", "_P", "_B"].iter().any(|end| name.ends_with(end) && name.len() > 2);
    let other = [names::CONTROL, names::MEDIA, names::ORGANIC, names::TREATMENT];
    let media = media_name(name).is_some() || other.iter().any(|list| any_of(&all, list).is_some());
    if robyn || media || is_unit_value(&all) {
        return None;
    }
    // one word beats three: `revenue` rather than `returned customers revenue`
    let short = u8::from(all.len() == 1);
    let money = any_of(&all, names::MONEY).map(|word| (5 + short, word));
    let counted = any_of(&all, names::COUNTED).map(|word| (2 + short, word));
    money.or(counted).map(|(score, word)| (score, format!("the word {word:?}")))
}

/// `revenue_per_conversion`, `average order value`, `unit_value`.
fn is_unit_value(words: &[String]) -> bool {
    let has = |list: &[&str]| any_of(words, list).is_some();
    let per = has(&["per", "pro", "por", "par"])
        && has(&["revenue", "value", "umsatz", "sales", "price", "ingresos", "margin"]);
    per || has(&["aov", "clv", "ltv"])
        || (has(&["value", "wert", "valor"]) && has(&["order", "unit", "average", "avg", "conversion"]))
}

fn unit_value(profiles: &[Profile], outcome: &Profile, draft: &mut Draft, said: &mut Said) {
    let value = profiles.iter().find(|p| p.not_negative() && p.name != outcome.name && is_unit_value(&words(p.name)));
    match value {
        Some(p) => {
            draft.unit_value = Some(p.name.to_owned());
            said.note(format!("{} is the money that a unit of {} brings, by its name", shown(p.name), shown(outcome.name)));
        }
        None => said.note(format!(
            "{} counts things and no column says what one is worth: set unit_value, or read ROI as units per unit of money",
            shown(outcome.name)
        )),
    }
}

/// The whole outcome in money, as far as it is known.
fn value_of(profiles: &[Profile], outcome: &Profile, draft: &Draft) -> f64 {
    let values = outcome.numbers.as_deref().unwrap_or_default();
    let worth =
        profiles.iter().find(|p| Some(p.name) == draft.unit_value.as_deref()).and_then(|p| p.numbers.as_deref());
    match worth {
        Some(worth) => values.iter().zip(worth).filter_map(|(v, w)| Some(v.as_ref()? * w.as_ref()?)).sum(),
        None => values.iter().flatten().sum(),
    }
}

/// A column of words with at most this many different ones may be a control.
const LABELS: usize = 12;

fn is_calendar(p: &Profile) -> bool {
    let name = p.name.to_lowercase();
    names::CALENDAR.contains(&name.as_str())
}

/// Gives one column its part, or gathers it for a driver.
fn place<'p, 'a>(p: &'p Profile<'a>, gathered: &mut Vec<Gathered<'p, 'a>>, draft: &mut Draft, said: &mut Said) {
    let (name, all) = (shown(p.name), words(p.name));
    let lower = p.name.to_lowercase();
    if is_calendar(p) {
        return said.note(format!(
            "{name} is left out: it follows from the date, and the model has its own trend and seasons"
        ));
    }
    if lower.starts_with("unnamed") || names::INDEX.contains(&lower.as_str()) {
        return said.note(format!("{name} is left out: it numbers the rows"));
    }
    if p.numbers.is_none() {
        let labels: BTreeSet<String> = p.labels().into_iter().flatten().collect();
        let why = match labels.len() {
            n if n > 0 && p.either_mark() => {
                "has commas that may be decimal or thousands marks; write its numbers without them".to_owned()
            }
            0 => "is empty".to_owned(),
            1 if p.missing == 0 => "never changes, so it explains nothing".to_owned(),
            1..=LABELS => {
                let some: Vec<&str> = labels.iter().map(String::as_str).collect();
                let because =
                    format!("its few words ({}), each of which becomes a 0 and 1 of its own", some.join(", "));
                return control(p, &because, draft, said);
            }
            n => format!("holds {n} different words; make columns of 0 and 1 of them to use them as controls"),
        };
        return said.note(format!("{name} is left out: it {why}"));
    }
    if p.constant() {
        return said.note(format!("{name} is left out: it never changes, so it explains nothing"));
    }
    if let Some(media) = media_name(p.name) {
        let control = any_of(&all, &["control", "competitor", "competitors", "competition", "wettbewerb"]).is_some();
        if p.not_negative() && !control && !is_unit_value(&all) {
            return gather(p, media, gathered);
        }
    }
    if p.name.ends_with("_B") && p.name.len() > 2 {
        return control(p, "the ending \"_B\" (context)", draft, said);
    }
    if let Some(word) = any_of(&all, names::CONTROL) {
        return control(p, &format!("the word {word:?}"), draft, said);
    }
    if numbered(p.name) == Some('c') {
        return control(p, "its name, a c and a number", draft, said);
    }
    if let Some(word) = any_of(&all, names::TREATMENT) {
        said.note(format!("{name} looks like a treatment (an action that is not media), because of the word {word:?}"));
        return draft.treatments.push((unique(p.name, draft), p.name.to_owned()));
    }
    let outcome_like = any_of(&all, names::MONEY).or_else(|| any_of(&all, names::COUNTED));
    if let Some(word) = outcome_like {
        return said.note(format!("{name} is left out: by the word {word:?} it is another outcome, not a cause"));
    }
    if let Some(word) = any_of(&all, names::ORGANIC).filter(|_| p.not_negative()) {
        said.note(format!("{name} looks like organic media, because of the word {word:?} and no spend beside it"));
        let media = Media { name: unique(p.name, draft), exposure: Some(p.name.to_owned()), ..Media::default() };
        draft.empty_media |= p.missing > 0;
        return draft.media.push(media);
    }
    let version = p.name.strip_prefix(draft.outcome.as_str()).unwrap_or_default();
    if !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '_') {
        return said
            .note(format!("{name} is left out: by its name it is a version of the outcome {}", shown(&draft.outcome)));
    }
    if p.counts_rows() {
        return said.note(format!(
            "{name} is left out: it grows by the same step from row to row, as a trend does; the model has its own"
        ));
    }
    if let Some(word) = any_of(&all, names::MODELLED) {
        return said.note(format!("{name} is left out: by the word {word:?} it comes out of a model"));
    }
    let media_word = any_of(&all, names::MEDIA);
    let because = match (numbered(p.name), media_word) {
        _ if !p.not_negative() || p.flag() => None,
        (Some('x'), _) => Some("its name, an x and a number, and no negative value".to_owned()),
        (_, Some(word)) => Some(format!("the word {word:?} and no negative value")),
        _ if p.moves_like_spend() => {
            said.edit(format!(
                "{name}: taken as a channel's spend by its values alone; move it to [controls] if it is none"
            ));
            Some("values that are never negative and move as spend does".to_owned())
        }
        _ => None,
    };
    match because {
        Some(because) => gathered.push(Gathered {
            stem: vec![p.name.to_owned()],
            spend: Some(p),
            exposures: Vec::new(),
            reach: None,
            frequency: None,
            because,
        }),
        None => control(p, "values that no spend has (negative, 0 and 1 only, or nearly constant)", draft, said),
    }
}

fn control(p: &Profile, because: &str, draft: &mut Draft, said: &mut Said) {
    said.note(format!("{} looks like a control, because of {because}", shown(p.name)));
    draft.controls.push(p.name.to_owned());
}

fn gather<'p, 'a>(p: &'p Profile<'a>, media: names::MediaName, gathered: &mut Vec<Gathered<'p, 'a>>) {
    let at = gathered.iter().position(|g| g.stem == media.stem);
    let at = at.unwrap_or_else(|| {
        let (stem, because) = (media.stem.clone(), String::new());
        gathered.push(Gathered { stem, spend: None, exposures: Vec::new(), reach: None, frequency: None, because });
        gathered.len() - 1
    });
    let driver = &mut gathered[at];
    match media.holds {
        Word::Spend if driver.spend.is_none() => {
            driver.spend = Some(p);
            driver.because = media.because;
        }
        Word::Reach if driver.reach.is_none() => driver.reach = Some(p),
        Word::Frequency if driver.frequency.is_none() => driver.frequency = Some(p),
        _ => driver.exposures.push(p),
    }
}

/// Turns gathered columns into a driver of the draft.
fn finish(driver: &Gathered, draft: &mut Draft, said: &mut Said) {
    let own = |p: &Profile| Some(p.name.to_owned());
    let both = driver.reach.zip(driver.frequency);
    let preferred = |p: &&&Profile| !p.name.to_lowercase().contains("impr");
    let exposure =
        driver.exposures.iter().min_by_key(|p| preferred(p)).copied().or(driver.reach.filter(|_| both.is_none()));
    let Some(first) = driver.spend.or(driver.reach).or(exposure).or(driver.frequency) else {
        return;
    };
    let name = unique(&driver_name(first.name, &driver.stem), draft);
    let mut media = Media { name: name.clone(), ..Media::default() };
    let columns = [driver.spend, exposure, driver.reach, driver.frequency];
    draft.empty_media |= columns.iter().flatten().any(|p| p.missing > 0);
    let name = shown(&name);
    match (driver.spend, both) {
        (Some(spend), Some((reach, frequency))) => {
            (media.spend, media.reach, media.frequency) = (own(spend), own(reach), own(frequency));
            said.note(format!(
                "{name} is a channel by reach and frequency: {}, {} and {} share its name",
                shown(spend.name),
                shown(reach.name),
                shown(frequency.name)
            ));
        }
        (Some(spend), None) => {
            (media.spend, media.exposure) = (own(spend), exposure.and_then(own));
            let beside = exposure.map_or(" (no exposure shares its name, so spend serves)".to_owned(), |e| {
                format!(", with the exposure {}", shown(e.name))
            });
            said.note(format!(
                "{} looks like the spend of the channel {name}, because of {}{beside}",
                shown(spend.name),
                driver.because
            ));
        }
        (None, Some((reach, frequency))) => {
            (media.exposure, media.frequency) = (own(reach), own(frequency));
            said.note(format!("{name} is organic media by reach and frequency: no spend column shares its name"));
        }
        (None, None) => {
            let Some(exposure) = exposure else {
                return said.note(format!("{} is left out: a frequency without its reach", shown(first.name)));
            };
            media.exposure = own(exposure);
            said.note(format!("{} looks like organic media: no spend column shares its name", shown(exposure.name)));
            if any_of(&words(exposure.name), names::ORGANIC).is_none() {
                said.edit(format!("{name}: exposure without spend, so it is organic; if it is paid, make it a [[channel]] and name its spend"));
            }
        }
    }
    let used = [&media.spend, &media.exposure, &media.reach, &media.frequency];
    for p in driver.exposures.iter().chain(driver.reach.iter()).chain(driver.frequency.iter()) {
        if !used.iter().any(|u| u.as_deref() == Some(p.name)) {
            said.note(format!("{} is left out: {name} has one exposure already", shown(p.name)));
        }
    }
    draft.media.push(media);
}

/// The part of a column's name that names its driver: what is left when the last or first word goes, or its words.
fn driver_name(column: &str, stem: &[String]) -> String {
    if stem.len() == 1 && stem[0] == column {
        return column.to_owned();
    }
    let separators = ['_', ' ', '-', '.', '/', '(', ')', '[', ']'];
    let matches = |part: &str| !part.is_empty() && words(part) == stem;
    for (i, _) in column.char_indices().filter(|(_, c)| separators.contains(c)) {
        let (before, after) = (column[..i].trim_matches(separators), column[i..].trim_matches(separators));
        if let Some(part) = [before, after].into_iter().find(|part| matches(part)) {
            return part.to_owned();
        }
    }
    if stem.is_empty() { "media".to_owned() } else { stem.join("_") }
}

/// The name, with a number if another driver has it.
fn unique(name: &str, draft: &Draft) -> String {
    let name = if name.trim().is_empty() { "driver" } else { name };
    let taken = |n: &str| draft.media.iter().any(|m| m.name == n) || draft.treatments.iter().any(|(t, _)| t == n);
    let mut made = name.to_owned();
    let mut number = 2;
    while taken(&made) {
        made = format!("{name}_{number}");
        number += 1;
    }
    made
}

/// A channel of a long table, whose columns are made `<channel>_spend` and `<channel>_exposure`.
fn long_channel(channel: &str, draft: &mut Draft) {
    let Some(long) = &draft.long else { return };
    let spend = long.spend.as_ref().map(|_| format!("{channel}_spend"));
    let exposure = long.exposure.as_ref().map(|_| format!("{channel}_exposure"));
    let media = Media { name: unique(channel, draft), spend, exposure, ..Media::default() };
    draft.media.push(media);
}
