//! The first guess at a project: the shapes that people's tables have, and any table at all.

use counterpoint::data::{Cells, Column, Table};
use counterpoint::project::*;
use counterpoint_sources::{Guess, guess, read_project, table_from_bytes};
use jiff::civil::date;
use proptest::prelude::*;

/// What a made column holds.
#[derive(Clone, Copy, PartialEq)]
enum Made {
    Week,
    Geo,
    People,
    Spend,
    Count,
    Money,
    Signed,
    Flag,
    Small,
    Row,
    Word,
}
use Made::{Count, Flag, Geo, Money, People, Row, Signed, Small, Spend, Week, Word};

/// A table of 26 weeks (in two geos, if there is a geo column) with made values.
fn table(columns: &[(&str, Made)]) -> Table {
    let geos = if columns.iter().any(|(_, made)| *made == Geo) { 2 } else { 1 };
    let rows = 26 * geos;
    let cell = |column: usize, made: Made, row: usize| -> String {
        let (week, geo) = (row / geos, row % geos);
        let noise = ((row * 7919 + column * 104_729) % 1000) as f64 / 1000.0;
        match made {
            Week => (date(2025, 1, 6) + jiff::Span::new().weeks(week as i64)).to_string(),
            Geo => ["north", "south"][geo].to_owned(),
            People => [120_000, 80_000][geo].to_string(),
            Spend => format!("{:.2}", (noise * 900.0 - 200.0).max(0.0)),
            Count => format!("{}", (noise * 90_000.0) as u64),
            Money => format!("{:.1}", 5_000.0 + 900.0 * noise),
            Signed => format!("{:.4}", noise * 4.0 - 2.0),
            Flag => u8::from(noise > 0.7).to_string(),
            Small => format!("{:.5}", noise),
            Row => row.to_string(),
            Word => ["na", "launch", "strike"][(noise * 3.0) as usize].to_owned(),
        }
    };
    let columns = columns.iter().enumerate().map(|(i, (name, made))| Column {
        name: (*name).to_owned(),
        cells: Cells::Text((0..rows).map(|row| Some(cell(i, *made, row).into())).collect()),
    });
    Table { file: "data.csv".into(), columns: columns.collect(), lines: (2..rows as u64 + 2).collect() }
}

/// A guess that is valid and needs no edit.
fn sure(tables: &[Table]) -> (Project, Guess) {
    let guess = guess("Test", tables).expect("a guess");
    let (project, findings) = read_project(&guess.toml);
    assert!(
        findings.is_empty() && guess.needs_edit.is_empty(),
        "{findings:#?} {:#?}\n{}",
        guess.needs_edit,
        guess.toml
    );
    (project.expect("a project"), guess)
}

/// The drivers as `kind name(columns)`.
fn drivers(project: &Project) -> Vec<String> {
    let line = |d: &DriverSpec| match &d.source {
        DriverSource::Channel { spend, exposure, .. } => match exposure {
            Some(exposure) => format!("channel {}({spend}, {exposure})", d.name),
            None => format!("channel {}({spend})", d.name),
        },
        DriverSource::ReachFrequency { spend, reach, frequency, .. } => {
            format!("channel {}({spend}, {reach}, {frequency})", d.name)
        }
        DriverSource::Organic { exposure, .. } => format!("organic {}({exposure})", d.name),
        DriverSource::Treatment { column, .. } => format!("treatment {}({column})", d.name),
    };
    project.drivers.iter().map(line).collect()
}

fn controls(project: &Project) -> Vec<&str> {
    project.controls.iter().map(|c| c.column.as_str()).collect()
}

#[test]
fn a_table_as_meridian_users_have_it() {
    let (project, guess) = sure(&[table(&[
        ("unnamed_1", Row),
        ("geo", Geo),
        ("time", Week),
        ("Channel0_impression", Count),
        ("Channel1_impression", Count),
        ("competitor_sales_control", Signed),
        ("Channel0_spend", Spend),
        ("Channel1_spend", Spend),
        ("Organic_channel0_impression", Count),
        ("Promo", Small),
        ("conversions", Money),
        ("revenue_per_conversion", Small),
        ("population", People),
        ("Channel2_spend", Spend),
        ("Channel2_reach", Count),
        ("Channel2_frequency", Small),
    ])]);
    assert_eq!(
        drivers(&project),
        [
            "channel Channel0(Channel0_spend, Channel0_impression)",
            "channel Channel1(Channel1_spend, Channel1_impression)",
            "channel Channel2(Channel2_spend, Channel2_reach, Channel2_frequency)",
            "organic Organic_channel0(Organic_channel0_impression)",
            "treatment Promo(Promo)",
        ]
    );
    assert_eq!(controls(&project), ["competitor_sales_control"]);
    assert_eq!(project.outcome.kind, OutcomeKind::Count(UnitValue::Column("revenue_per_conversion".into())));
    assert_eq!((project.data.geo.as_deref(), project.data.population.as_deref()), (Some("geo"), Some("population")));
    assert!(guess.notes.iter().any(|n| n.contains("`unnamed_1` is left out")), "{:#?}", guess.notes);
    assert!(!guess.notes.iter().any(|n| n.contains("no column holds the population")), "{:#?}", guess.notes);
}

#[test]
fn a_table_as_robyn_users_have_it() {
    let (project, guess) = sure(&[table(&[
        ("DATE", Week),
        ("revenue", Money),
        ("tv_S", Spend),
        ("facebook_I", Count),
        ("search_clicks_P", Count),
        ("search_S", Spend),
        ("competitor_sales_B", Money),
        ("facebook_S", Spend),
        ("events", Word),
        ("newsletter", Count),
    ])]);
    assert_eq!(
        drivers(&project),
        [
            "channel tv(tv_S)",
            "channel facebook(facebook_S, facebook_I)",
            "channel search(search_S, search_clicks_P)",
            "organic newsletter(newsletter)",
        ]
    );
    assert_eq!(controls(&project), ["competitor_sales_B", "events"]);
    assert_eq!(project.outcome.column, "revenue");
    assert!(guess.notes.iter().any(|n| n.contains("`events`") && n.contains("words")));
}

#[test]
fn a_table_as_pymc_users_have_it() {
    let (project, _) = sure(&[table(&[
        ("date_week", Week),
        ("y", Money),
        ("x1", Small),
        ("x2", Small),
        ("event_1", Flag),
        ("event_2", Flag),
        ("dayofyear", Count),
        ("t", Row),
        ("x1_adstock", Spend),
    ])]);
    assert_eq!(drivers(&project)[..2], ["channel x1(x1)", "channel x2(x2)"]);
    assert_eq!(controls(&project), ["event_1", "event_2"]);
    // spend between 0 and 1 under sales of thousands is not money
    assert_eq!(project.model.prior, EffectKind::Coefficient);
}

#[test]
fn numbered_columns_with_names_are_channels_and_controls() {
    let (project, _) = sure(&[table(&[
        ("time", Week),
        ("geo", Geo),
        ("x1_Search-Ads", Spend),
        ("x2_Email", Spend),
        ("c1", Spend),
        ("c2", Signed),
        ("y", Money),
    ])]);
    assert_eq!(drivers(&project), ["channel x1_Search-Ads(x1_Search-Ads)", "channel x2_Email(x2_Email)"]);
    assert_eq!(controls(&project), ["c1", "c2"]);
    assert_eq!(project.model.prior, EffectKind::Roi);
}

#[test]
fn other_languages_spaces_and_decimal_commas_are_read() {
    let csv = "Date;Land;Umsatz;Google Ads Kosten;Google Ads Klicks;TV Ausgaben;Rabatt;Temperatur\n\
        05.01.2026;DE;12.345,50;1.200,50;300;0;0;3,5\n05.01.2026;AT;2.345,50;200,50;30;12;0;3,5\n\
        26.01.2026;DE;13.345,50;1.100,50;310;100;0,1;-3,5\n26.01.2026;AT;2.545,50;210,50;33;10;0,1;-1,5\n";
    let german = table_from_bytes("daten.csv", csv.into()).expect("a table");
    let (project, _) = sure(&[german]);
    assert_eq!(project.data.date_format, Some(DateFormat::DayMonthYear));
    assert_eq!(project.data.geo.as_deref(), Some("Land"));
    assert_eq!(
        drivers(&project),
        [
            "channel Google Ads(Google Ads Kosten, Google Ads Klicks)",
            "channel TV(TV Ausgaben)",
            "treatment Rabatt(Rabatt)"
        ]
    );
    let (project, _) = sure(&[table(&[
        ("Semaine", Week),
        ("Chiffre d'affaires", Money),
        ("D\u{e9}penses Facebook", Spend),
        ("Impressions Facebook", Count),
        ("Prix moyen", Small),
    ])]);
    assert_eq!(
        drivers(&project),
        ["channel Facebook(D\u{e9}penses Facebook, Impressions Facebook)", "treatment Prix moyen(Prix moyen)"]
    );
    let (project, _) =
        sure(&[table(&[("Fecha", Week), ("Ventas", Money), ("Inversi\u{f3}n TV", Spend), ("Clics TV", Count)])]);
    assert_eq!(drivers(&project), ["channel TV(Inversi\u{f3}n TV, Clics TV)"]);
}

#[test]
fn platform_conversions_are_no_cause_and_flags_are_no_spend() {
    let (project, guess) = sure(&[table(&[
        ("week_start", Week),
        ("sales_usd", Money),
        ("tv_grps", Count),
        ("tv_cost", Spend),
        ("promo_flag", Flag),
        ("facebook_conversions", Count),
        ("store open", Flag),
        ("Paid Search (Clicks)", Count),
        ("Paid Search (Spend)", Spend),
    ])]);
    assert_eq!(
        drivers(&project),
        [
            "channel tv(tv_cost, tv_grps)",
            "channel Paid Search(Paid Search (Spend), Paid Search (Clicks))",
            "treatment promo_flag(promo_flag)",
        ]
    );
    assert_eq!(controls(&project), ["store open"]);
    assert_eq!(project.currency, "USD");
    assert!(guess.notes.iter().any(|n| n.contains("`facebook_conversions` is left out")));
}

#[test]
fn a_long_table_beside_a_wide_one_gives_its_channels() {
    let csv = "date,channel,spend,impressions\n2025-01-06,search,10,100\n2025-01-06,social,20,200\n2025-01-13,search,11,110\n";
    let media = table_from_bytes("media.csv", csv.into()).expect("a table");
    let (project, _) = sure(&[table(&[("date", Week), ("revenue", Money)]), media]);
    assert_eq!(project.data.tables, ["data.csv"]);
    assert_eq!(project.data.long[0].table, "media.csv");
    assert_eq!(
        drivers(&project),
        ["channel search(search_spend, search_exposure)", "channel social(social_spend, social_exposure)"]
    );
}

#[test]
fn a_cell_that_hides_the_dates_or_the_outcome_is_named() {
    let refused = |csv: &str| {
        let table = table_from_bytes("a.csv", csv.as_bytes().to_vec()).expect("a table");
        guess("x", &[table]).expect_err("refused")[0].clone()
    };
    let total = refused("week,revenue,tv_spend\n2026-01-05,10,1\n2026-01-12,11,0\nTotal,21,1\n");
    assert_eq!((total.code.as_str(), total.row, total.column.as_deref()), ("no-date", Some(4), Some("week")));
    assert!(total.found.contains("Total") && total.mend.contains("take the row out"), "{total:?}");
    let mixed = refused("date,revenue,tv_spend\n13/01/2026,10,1\n20/01/2026,11,0\n01/27/2026,11,0\n");
    assert_eq!(mixed.row, Some(4), "{mixed:?}");
    assert!(mixed.found.contains("01/27/2026") && mixed.mend.contains("one order"), "{mixed:?}");
    let word = refused("date,revenue,tv_spend\nearly,10,1\nlate,11,0\n");
    assert!(word.found.contains("early") && word.mend.contains("2026-03-30"), "{word:?}");
    let numbered = refused("date,revenue,tv_spend\n46027,10,1\n46034,11,0\n");
    assert!(numbered.found.contains("46027") && numbered.found.contains("spreadsheet"), "{numbered:?}");
    for (first, second) in [
        ("2026-W02", "2026-W03"),
        ("5 Jan 2026", "12 Jan 2026"),
        ("05-Jan-26", "12-Jan-26"),
        ("05/01/26", "19/01/26"),
        ("\"Jan 5, 2026\"", "\"Jan 12, 2026\""),
    ] {
        let csv = format!("date,revenue,tv_spend\n{first},10,1\n{second},11,0\n");
        let read = guess("x", &[table_from_bytes("a.csv", csv.into()).expect("a table")]).expect("a guess");
        assert!(read.notes.iter().any(|n| n.contains("in weeks")), "{:?}", read.notes);
    }
    let thousands = refused("date,revenue\n2026-01-05,\"238,259\"\n2026-01-12,\"233,922\"\n");
    assert_eq!((thousands.code.as_str(), thousands.column.as_deref()), ("no-outcome", Some("revenue")));
    assert!(thousands.found.contains("238,259"), "{thousands:?}");
    // An empty row at the end is no second row of a date.
    let blank = "week,revenue,tv_spend\n2026-01-05,10,1\n2026-01-12,11,0\n2026-01-19,12,1\n2026-01-26,13,0\n2026-02-02,9,1\n2026-02-09,8,2\n2026-02-16,8,2\n2026-02-23,8,2\n2026-03-02,8,2\n2026-03-09,8,2\n,,\n";
    let blank = guess("x", &[table_from_bytes("a.csv", blank.into()).expect("a table")]).expect("a guess");
    assert!(!blank.needs_edit.iter().any(|n| n.contains("several rows")), "{:#?}", blank.needs_edit);
    let pounds = "week,revenue,tv_spend\n2026-01-05,£10.50,£1\n2026-01-12,£11,£0\n2026-01-19,£12,£3\n";
    let pounds = guess("x", &[table_from_bytes("a.csv", pounds.into()).expect("a table")]).expect("a guess");
    assert!(pounds.toml.contains("currency = \"GBP\""), "{}", pounds.toml);
}

#[test]
fn what_cannot_be_told_must_be_looked_at() {
    let csv = "date,revenue,tv_spend\n01/02/2026,10,1\n02/02/2026,11,0\n";
    let ambiguous = guess("x", &[table_from_bytes("a.csv", csv.into()).expect("a table")]).expect("a guess");
    assert!(ambiguous.needs_edit.iter().any(|n| n.contains("date_format")), "{:#?}", ambiguous.needs_edit);
    let geos =
        "date,region,revenue,tv_spend\n2026-01-05,a,10,1\n2026-01-05,b,9,1\n2026-01-12,a,11,0\n2026-01-12,b,8,2\n";
    let geos = guess("x", &[table_from_bytes("a.csv", geos.into()).expect("a table")]).expect("a guess");
    assert!(geos.notes.iter().any(|n| n.contains("no column holds the population")), "{:#?}", geos.notes);
    let monthly = "date,revenue,tv_spend\n2026-01-01,10,1\n2026-02-01,11,0\n2026-03-01,12,3\n";
    let monthly = guess("x", &[table_from_bytes("a.csv", monthly.into()).expect("a table")]).expect("a guess");
    assert!(monthly.needs_edit.iter().any(|n| n.contains("monthly")), "{:#?}", monthly.needs_edit);
    let none = guess("x", &[table(&[("date", Week), ("revenue", Money)])]).expect("a guess");
    assert!(none.needs_edit.iter().any(|n| n.contains("[[channel]]")));
    assert_eq!(guess("x", &[table(&[("week", Word), ("y", Money)])]).expect_err("no dates")[0].code, "no-date");
    assert_eq!(guess("x", &[table(&[("week", Week), ("tv", Word)])]).expect_err("no outcome")[0].code, "no-outcome");
    assert_eq!(guess("x", &[]).expect_err("no table")[0].code, "no-table");
}

#[test]
fn hostile_names_are_escaped() {
    let evil = "tv\"\n[evil]\u{202e}\\ spend";
    let (project, _) = sure(&[table(&[("date", Week), ("revenue", Money), (evil, Spend)])]);
    let DriverSource::Channel { spend, .. } = &project.drivers[0].source else { panic!("a channel") };
    assert_eq!(spend, evil);
}

fn any_cell() -> impl Strategy<Value = Option<Box<str>>> {
    prop::option::of(prop_oneof![
        "[0-9]{1,4}(\\.[0-9]{1,2})?".prop_map(Into::into),
        "2026-0[1-9]-[012][1-8]".prop_map(Into::into),
        "\\PC{0,6}".prop_map(Into::into),
    ])
}

fn any_name() -> impl Strategy<Value = String> {
    let known = [
        "date",
        "geo",
        "revenue",
        "tv_S",
        "tv spend",
        "spend",
        "reach",
        "tv_reach",
        "tv_frequency",
        "channel",
        "x1",
        "c1",
        "promo",
        "population",
        "orders",
        "aov",
        "_S",
        "newsletter",
        "impressions",
        "",
        " ",
        "t",
    ];
    prop_oneof![prop::sample::select(known.to_vec()).prop_map(str::to_owned), ".{0,8}"]
}

proptest! {
    #[test]
    fn any_table_gives_a_project_that_parses_or_findings(
        columns in prop::collection::vec((any_name(), prop::collection::vec(any_cell(), 5), any::<bool>()), 0..8)
    ) {
        let columns = columns.into_iter().map(|(name, cells, number)| {
            let number_of = |c: Option<Box<str>>| c.and_then(|c| c.parse().ok());
            let cells = if number { Cells::Number(cells.into_iter().map(number_of).collect()) } else { Cells::Text(cells) };
            Column { name, cells }
        });
        let mut columns: Vec<Column> = columns.collect();
        let dates = (0..5).map(|i| Some(format!("2026-01-0{}", i + 1).into()));
        columns.push(Column { name: "when".into(), cells: Cells::Text(dates.collect()) });
        let table = Table { file: "a \"b\".csv".into(), columns, lines: (2..7).collect() };
        if let Ok(guess) = guess("any \" name", &[table]) {
            let (project, findings) = read_project(&guess.toml);
            prop_assert!(findings.is_empty() || !guess.needs_edit.is_empty(), "{:?}\n{}", findings, guess.toml);
            prop_assert!(project.is_some() || !guess.needs_edit.is_empty());
            prop_assert!(findings.iter().all(|f| f.code == "missing-key"), "{:?}\n{}", findings, guess.toml);
        }
    }
}
