//! What the words in a column's name say, in English, German, French, Spanish and Italian.

/// What one word of a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Spend,
    Exposure,
    Reach,
    Frequency,
}

const SPEND: &[&str] = &[
    "spend",
    "spends",
    "spent",
    "spending",
    "adspend",
    "cost",
    "costs",
    "budget",
    "investment",
    "invest",
    "expense",
    "expenses",
    "kosten",
    "ausgaben",
    "werbekosten",
    "depense",
    "depenses",
    "cout",
    "couts",
    "gasto",
    "gastos",
    "coste",
    "costes",
    "costo",
    "costos",
    "inversion",
    "spesa",
    "spese",
    "costi",
];
const EXPOSURE: &[&str] = &[
    "impression",
    "impressions",
    "impr",
    "imps",
    "imp",
    "click",
    "clicks",
    "grp",
    "grps",
    "trp",
    "trps",
    "view",
    "views",
    "exposure",
    "exposures",
    "contacts",
    "sends",
    "sent",
    "opens",
    "plays",
    "insertions",
    "sessions",
    "visits",
    "impressionen",
    "klick",
    "klicks",
    "kontakte",
    "einblendungen",
    "clic",
    "clics",
    "impresion",
    "impresiones",
    "impressioni",
    "aufrufe",
    "vues",
    "vistas",
    "visites",
    "visitas",
];
const REACH: &[&str] = &["reach", "reichweite", "portee", "alcance", "reached"];
const FREQUENCY: &[&str] = &["frequency", "freq", "frequenz", "frequence", "frecuencia"];

/// Words that add nothing to the name of a driver.
const FILLER: &[&str] = &["usd", "eur", "gbp", "chf", "total", "de", "en", "of", "per", "sum", "amount", "net", "brut"];

pub(super) const DATE: &[&str] = &[
    "date",
    "datum",
    "fecha",
    "data",
    "time",
    "week",
    "woche",
    "semaine",
    "semana",
    "day",
    "tag",
    "jour",
    "dia",
    "ds",
    "period",
    "periode",
    "kw",
    "timestamp",
];
pub(super) const GEO: &[&str] = &[
    "geo",
    "geography",
    "region",
    "land",
    "bundesland",
    "country",
    "state",
    "dma",
    "market",
    "markt",
    "marche",
    "mercado",
    "city",
    "stadt",
    "ville",
    "ciudad",
    "pays",
    "pais",
    "departement",
    "province",
    "provincia",
    "store",
    "filiale",
    "location",
    "territory",
    "kanton",
    "zip",
    "plz",
    "county",
    "gebiet",
    "ort",
];
pub(super) const POPULATION: &[&str] = &[
    "population",
    "pop",
    "einwohner",
    "inhabitants",
    "habitants",
    "habitantes",
    "poblacion",
    "bevolkerung",
    "popolazione",
    "households",
];
pub(super) const MONEY: &[&str] = &[
    "revenue",
    "revenues",
    "sales",
    "sale",
    "umsatz",
    "umsatze",
    "erlos",
    "erlose",
    "chiffre",
    "ventes",
    "ventas",
    "ingresos",
    "turnover",
    "gmv",
    "fatturato",
    "vendite",
    "income",
    "bookings",
    "recettes",
    "facturacion",
];
pub(super) const COUNTED: &[&str] = &[
    "conversions",
    "conversion",
    "orders",
    "order",
    "units",
    "leads",
    "signups",
    "registrations",
    "installs",
    "subscriptions",
    "subscribers",
    "customers",
    "transactions",
    "purchases",
    "bestellungen",
    "verkaufe",
    "kunden",
    "commandes",
    "pedidos",
    "ordini",
    "deals",
    "bookings",
    "applications",
    "quantity",
];
/// Names that stand for "the outcome" and nothing else.
pub(super) const PLAIN_OUTCOME: &[&str] = &["y", "target", "kpi", "outcome", "response", "dependent", "dep_var"];
pub(super) const ORGANIC: &[&str] =
    &["organic", "newsletter", "newsletters", "owned", "seo", "crm", "push", "organique"];
pub(super) const CONTROL: &[&str] = &[
    "control",
    "controls",
    "event",
    "events",
    "competitor",
    "competitors",
    "competition",
    "wettbewerb",
    "wettbewerber",
    "concurrent",
    "concurrence",
    "competencia",
    "temperature",
    "temperatur",
    "temp",
    "weather",
    "wetter",
    "meteo",
    "rain",
    "holiday",
    "holidays",
    "feiertag",
    "feiertage",
    "ferien",
    "festivo",
    "index",
    "sentiment",
    "unemployment",
    "cpi",
    "gdp",
    "gqv",
    "covid",
    "lockdown",
    "context",
    "stock",
    "season",
    "seasonality",
    "distribution",
    "inflation",
];
pub(super) const TREATMENT: &[&str] = &[
    "promo",
    "promos",
    "promotion",
    "promotions",
    "price",
    "prices",
    "pricing",
    "preis",
    "preise",
    "prix",
    "precio",
    "precios",
    "prezzo",
    "discount",
    "discounts",
    "rabatt",
    "rabatte",
    "remise",
    "descuento",
    "sconto",
    "coupon",
    "coupons",
    "aktion",
    "aktionen",
];
pub(super) const MEDIA: &[&str] = &[
    "tv",
    "ctv",
    "radio",
    "print",
    "ooh",
    "dooh",
    "facebook",
    "fb",
    "meta",
    "instagram",
    "tiktok",
    "youtube",
    "yt",
    "google",
    "bing",
    "search",
    "sea",
    "sem",
    "ppc",
    "social",
    "display",
    "video",
    "influencer",
    "influencers",
    "creator",
    "creators",
    "affiliate",
    "affiliates",
    "ads",
    "ad",
    "media",
    "email",
    "mail",
    "podcast",
    "podcasts",
    "pinterest",
    "snapchat",
    "snap",
    "linkedin",
    "twitter",
    "reddit",
    "amazon",
    "shopping",
    "retargeting",
    "programmatic",
    "banner",
    "native",
    "cinema",
    "kino",
    "newspaper",
    "magazine",
    "flyer",
    "werbung",
    "plakat",
    "anzeigen",
    "publicite",
    "presse",
    "prensa",
    "pmax",
    "brand",
    "channel",
    "kanal",
    "canal",
];
/// Functions of the calendar: the model has its own trend and seasons.
pub(super) const CALENDAR: &[&str] = &[
    "t",
    "time_index",
    "trend",
    "dayofyear",
    "day_of_year",
    "doy",
    "weekofyear",
    "week_of_year",
    "week_number",
    "weeknum",
    "month",
    "monat",
    "mois",
    "mes",
    "year",
    "jahr",
    "annee",
    "ano",
    "quarter",
    "quartal",
    "dow",
    "weekday",
    "day_of_week",
    "dayofweek",
    "day_of_month",
    "is_weekend",
];
/// Columns that a model made, and must not be fed.
pub(super) const MODELLED: &[&str] = &[
    "adstock",
    "adstocked",
    "saturated",
    "contribution",
    "contributions",
    "effect",
    "fitted",
    "predicted",
    "prediction",
    "residual",
    "residuals",
    "epsilon",
    "intercept",
    "baseline",
    "roas",
    "roi",
    "cpa",
    "cpc",
    "cpm",
    "ctr",
];
pub(super) const INDEX: &[&str] = &["index", "id", "_id", "row", "row_id", "rownum", "nr", "__index_level_0__"];
/// Columns of a long table that name the channel of a row.
pub(super) const LONG_CHANNEL: &[&str] = &[
    "channel", "kanal", "canal", "canale", "medium", "media", "platform", "campaign", "kampagne", "campagne", "source",
];

/// A name cut into lower-case words without accents; a change from small to capital letter begins a new word.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut small_before = false;
    for c in name.chars().take(200) {
        if !c.is_alphanumeric() {
            open = false;
            continue;
        }
        if !open || (c.is_uppercase() && small_before) {
            words.push(String::new());
            open = true;
        }
        small_before = c.is_lowercase();
        if let Some(word) = words.last_mut() {
            c.to_lowercase().for_each(|c| word.push_str(fold(c).encode_utf8(&mut [0; 4])));
        }
    }
    words
}

fn fold(c: char) -> char {
    match c {
        'ä' | 'à' | 'á' | 'â' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ö' | 'ó' | 'ò' | 'ô' | 'õ' => 'o',
        'ü' | 'ú' | 'ù' | 'û' => 'u',
        'ß' => 's',
        'ç' => 'c',
        'ñ' => 'n',
        c => c,
    }
}

/// Whether any of the words is listed; the word that is.
pub(super) fn any_of<'w>(words: &'w [String], list: &[&str]) -> Option<&'w str> {
    words.iter().map(String::as_str).find(|word| list.contains(word))
}

/// What a column of a driver holds, the words that name the driver, and the word that says so.
pub(super) struct MediaName {
    pub(super) holds: Word,
    pub(super) stem: Vec<String>,
    pub(super) because: String,
}

/// Reads names such as `facebook_S`, `search_clicks_P`, `Channel0_impression`, `Google Ads Kosten`, `spend_tv`.
pub(super) fn media_name(name: &str) -> Option<MediaName> {
    let words = words(name);
    let mut holds: Option<(Word, String)> = None;
    let mut stem = Vec::new();
    // Robyn's endings: _S spend, _I impressions, _P clicks or other paid exposure
    let ending = [("_S", Word::Spend), ("_I", Word::Exposure), ("_P", Word::Exposure)];
    let ending = ending.iter().find(|(end, _)| name.ends_with(end) && name.len() > 2);
    let count = words.len() - usize::from(ending.is_some()).min(words.len());
    for word in &words[..count] {
        let listed =
            [(SPEND, Word::Spend), (REACH, Word::Reach), (FREQUENCY, Word::Frequency), (EXPOSURE, Word::Exposure)];
        match listed.iter().find(|(list, _)| list.contains(&word.as_str())) {
            // `reach_spend` is the spend, `spend per click` is not an exposure
            Some((_, Word::Spend)) => holds = Some((Word::Spend, format!("the word {word:?}"))),
            Some((_, what)) => {
                holds.get_or_insert((*what, format!("the word {word:?}")));
            }
            None if FILLER.contains(&word.as_str()) => {}
            None => stem.push(word.clone()),
        }
    }
    if let Some((end, what)) = ending {
        holds = Some((*what, format!("the ending {end:?}")));
    }
    holds.map(|(holds, because)| MediaName { holds, stem, because })
}

/// `c1`, `x2`, `x3_Video`: the letter, if the first word is that letter and a number.
pub(super) fn numbered(name: &str) -> Option<char> {
    let first = name.split(['_', ' ', '-', '.']).next()?;
    let mut chars = first.chars();
    let letter = chars.next()?.to_ascii_lowercase();
    (chars.clone().next().is_some() && chars.all(|c| c.is_ascii_digit())).then_some(letter)
}
