//! What reading an experiment says, whatever the method.

use crate::regression::Errors;
use crate::series::Draws;
use crate::synthetic::CovariateUse;

/// How an experiment is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Synthetic control with a ridge regression that corrects what its weights leave.
    Ascm,
    /// Synthetic control.
    Scm,
    /// Synthetic difference-in-differences; the one for staggered starts.
    Sdid,
    /// Time-based regression of the treated total on the control total.
    Tbr,
    /// Bayesian structural time series.
    Bsts,
    /// Regression of the units' changes on their doses; the one where no unit is untouched.
    Dose,
}

/// Every method with its short name, which is also the word for it in arguments and results.
pub const METHODS: [(Method, &str); 6] = [
    (Method::Ascm, "ascm"),
    (Method::Scm, "scm"),
    (Method::Sdid, "sdid"),
    (Method::Tbr, "tbr"),
    (Method::Bsts, "bsts"),
    (Method::Dose, "dose"),
];

impl Method {
    /// Its short name.
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(m, _)| *m == self).map_or("", |(_, name)| name)
    }
}

/// What to read, and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// The method.
    pub method: Method,
    /// Probability of intervals, above 0 and below 1.
    pub level: f64,
    /// Whether units' own levels are taken off (synthetic controls).
    pub fixed_effects: bool,
    /// What covariates are for (synthetic controls).
    pub covariates: CovariateUse,
    /// What is assumed of errors (time-based regression and structural time series).
    pub errors: Errors,
    /// How to draw (structural time series).
    pub draws: Draws,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            method: Method::Ascm,
            level: 0.9,
            fixed_effects: true,
            covariates: CovariateUse::Match,
            errors: Errors::Autocorrelated,
            draws: Draws::default(),
        }
    }
}

/// An effect with its interval. A limit that is not there is unbounded: the test rejects no value on that side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The estimate.
    pub value: f64,
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
}

impl Effect {
    /// The effect and its limits through a function that does not fall.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Effect {
        Effect { value: f(self.value), low: self.low.map(&f), high: self.high.map(&f) }
    }
}

/// The effect in one period, by treated unit.
#[derive(Debug, Clone, PartialEq)]
pub struct PeriodEffect {
    /// Label of the period.
    pub time: String,
    /// Mean outcome of the treated units.
    pub observed: f64,
    /// The effect.
    pub effect: Effect,
}

/// What the experiment did.
#[derive(Debug, Clone)]
pub struct ReadOut {
    /// By which method.
    pub method: Method,
    /// Probability of the intervals.
    pub level: f64,
    /// Effect by treated unit and period.
    pub att: Effect,
    /// Standard error of `att`: that of the method, or for synthetic controls half the interval over its Normal quantile.
    pub se: Option<f64>,
    /// P value of no effect, two-sided, of the test whose inversion the interval is.
    pub p: f64,
    /// Treated units times their periods: `att` times this is the total.
    pub unit_periods: usize,
    /// Effect over what the outcome would have been; `None` where that is not above zero.
    pub lift: Option<Effect>,
    /// Outcome of the treated units in the window.
    pub observed: f64,
    /// Weights of the controls, or of all units (by dose); empty where the method has none.
    pub weights: Vec<(String, f64)>,
    /// Slopes of a regression, and how often each is not zero.
    pub slopes: Vec<(String, f64, Option<f64>)>,
    /// How well the periods before are met.
    pub pre_fit: PreFit,
    /// The effect in each period.
    pub effects: Vec<PeriodEffect>,
    /// The plain difference in differences, for comparison.
    pub difference: Option<f64>,
    /// Controls in the place of the treated units.
    pub in_space: Vec<SpacePlacebo>,
    /// Share of units, the treated one among them, whose effect over its fit before is at least as large.
    pub in_space_p: Option<f64>,
    /// Windows before the start in the place of the test.
    pub in_time: Vec<TimePlacebo>,
    /// What should be known before it is believed.
    pub notes: Vec<Note>,
}

impl ReadOut {
    /// The effect in all, over treated units and periods.
    pub fn total(&self) -> Effect {
        self.att.map(|x| x * self.unit_periods as f64)
    }
}

/// How well the periods before the treatment are met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreFit {
    /// Root of the sum of squared gaps, by treated unit.
    pub l2: f64,
    /// `l2` over that of the plain mean of the controls; `None` without controls.
    pub scaled_l2: Option<f64>,
    /// Ridge penalty.
    pub penalty: Option<f64>,
    /// Effect without the ridge minus that with it.
    pub bias: Option<f64>,
}

/// What is found where nothing was done.
#[derive(Debug, Clone, PartialEq)]
pub struct SpacePlacebo {
    /// The control that is taken for treated, or several.
    pub units: Vec<String>,
    /// Effect by unit and period.
    pub att: f64,
    /// Root mean square gap in the window over that before it.
    pub ratio: f64,
}

/// What is found when nothing was done.
#[derive(Debug, Clone, PartialEq)]
pub struct TimePlacebo {
    /// First and last period of the window.
    pub window: (String, String),
    /// Effect by unit and period.
    pub att: f64,
}

/// What should be known before a read-out is believed.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// There are fewer windows or placebos than the level needs, so that no value can be rejected.
    TooFewForLevel {
        /// The smallest p value that there can be.
        smallest_p: f64,
    },
    /// The test rejects no value on a side although it could.
    Unbounded,
    /// The test rejects values inside the interval.
    Gaps,
    /// The estimate lies outside its interval.
    EstimateOutside,
    /// The controls follow the treated units no better than their plain mean.
    PoorFit {
        /// `scaled_l2` of the fit.
        scaled_l2: f64,
    },
    /// Fewer than four times as many periods before as in the test.
    ShortBefore {
        /// Periods before.
        before: usize,
        /// Periods of the window.
        window: usize,
    },
    /// The treated units' gap before the start is far from those of the controls, so that these say little of it.
    UnlikeControls {
        /// Root mean square gap of the treated units before the start over the median of the placebos'.
        ratio: f64,
    },
    /// Nothing to regress on: the level is carried on flat.
    NoRegressor,
    /// Chains do not agree.
    Mixing {
        /// R-hat of the mean effect.
        rhat: f64,
    },
    /// What the fit leaves before the start is correlated from period to period, which the model takes for independent.
    Autocorrelated {
        /// Correlation of one period with the next.
        lag_one: f64,
        /// The effect with its interval widened by as much as that correlation widens the spread of a mean.
        widened: Effect,
        /// Whether that is the interval that is given.
        given: bool,
    },
    /// The effect by dose rests on one unit for the most part.
    OneUnit {
        /// Which unit.
        unit: String,
        /// Its share of the effect: its weight times how far its dose is from the mean dose.
        share: f64,
    },
    /// Units of a higher dose grew more, or less, before the test. It was carried on into it.
    TrendByDose {
        /// How much more over the periods before by one more of the dose, a share of the level.
        change: f64,
    },
    /// There is no percent lift, since the outcome without treatment is not above zero.
    NoLift,
}
