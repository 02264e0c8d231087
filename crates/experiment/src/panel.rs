//! A panel: an outcome by unit and period, who was treated from when, and the windows that are compared.

use crate::matrix::{Matrix, mean};

/// An outcome by unit and period, with what the estimators need beside it. Periods after [`Panel::end`] are not used.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Names of the units (regions, creators, products), one a row of `outcome`.
    pub units: Vec<String>,
    /// Labels of the periods in their order, one a column of `outcome`.
    pub times: Vec<String>,
    /// The outcome `[units x periods]`, in its own unit.
    pub outcome: Matrix,
    /// Spend `[units x periods]`, money, where it is known.
    pub spend: Option<Matrix>,
    /// What else is known of the units.
    pub covariates: Vec<Covariate>,
    /// How much of the treatment each unit gets, from 0 up in any unit, where all get some of it: reach per head, say.
    pub dose: Option<Vec<f64>>,
    /// Of each unit its first treated period; `None` for a control.
    pub adoption: Vec<Option<usize>>,
    /// One past the last period of the test.
    pub test_end: usize,
    /// One past the last period that counts to the effect: the test and its cool-down.
    pub end: usize,
}

/// A quantity that the treatment does not touch.
#[derive(Debug, Clone)]
pub struct Covariate {
    /// Its name.
    pub name: String,
    /// Its values `[units x periods]`; NaN where it is not known.
    pub values: Matrix,
}

/// Why a panel cannot be read in this way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PanelError {
    /// No unit is treated.
    NoTreated,
    /// No unit is a control, and the method needs some.
    NoControls,
    /// Fewer periods before the treatment than the method needs.
    TooFewBefore {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// No period lies in the test.
    EmptyTest,
    /// Units start at different times, and the method wants one start.
    Staggered,
    /// Too few controls for the method.
    TooFewControls {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A covariate is not known of a unit in any period before the treatment.
    UnknownCovariate {
        /// Which covariate.
        covariate: String,
        /// Of which unit.
        unit: String,
    },
    /// A covariate that a regression over time needs is not known in a period.
    CovariateGap {
        /// Which covariate.
        covariate: String,
        /// In which period.
        time: String,
    },
    /// A regression over time has nothing to regress on.
    NoRegressor,
    /// The outcome of the controls does not vary before the treatment.
    NoVariation,
    /// The method reads doses, and there are none.
    NoDose,
    /// Doses do not differ beyond what levels and trends of the units explain, or all are zero.
    SameDose,
    /// Too few units for the method.
    TooFewUnits {
        /// How many there are.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A unit's mean outcome before the treatment is not above zero.
    NotPositive {
        /// Which unit.
        unit: String,
    },
}

impl Panel {
    /// A panel of controls: nobody is treated, all periods are before. [`Panel::treat`] says who is.
    pub fn new(units: Vec<String>, times: Vec<String>, outcome: Matrix) -> Panel {
        let (adoption, end) = (vec![None; units.len()], times.len());
        Panel { units, times, outcome, spend: None, covariates: Vec::new(), dose: None, adoption, test_end: end, end }
    }

    /// The same panel with these units treated from period `start` to before `test_end`, and `cooldown` periods after it that count too.
    #[must_use]
    pub fn treat(mut self, treated: &[usize], start: usize, test_end: usize, cooldown: usize) -> Panel {
        self.adoption.fill(None);
        treated.iter().for_each(|&i| self.adoption[i] = Some(start));
        self.test_end = test_end;
        self.end = (test_end + cooldown).min(self.times.len());
        self
    }

    /// Rows of the treated units.
    pub fn treated(&self) -> Vec<usize> {
        (0..self.units.len()).filter(|&i| self.adoption[i].is_some()).collect()
    }

    /// Rows of the units that were never treated.
    pub fn controls(&self) -> Vec<usize> {
        (0..self.units.len()).filter(|&i| self.adoption[i].is_none()).collect()
    }

    /// The groups of treated units that start together, in the order of their starts: start and rows.
    pub fn cohorts(&self) -> Vec<(usize, Vec<usize>)> {
        let mut starts: Vec<usize> = self.adoption.iter().flatten().copied().collect();
        starts.sort_unstable();
        starts.dedup();
        let of = |start| (0..self.units.len()).filter(|&i| self.adoption[i] == Some(start)).collect();
        starts.into_iter().map(|start| (start, of(start))).collect()
    }

    /// The one period in which all treated units start.
    ///
    /// # Errors
    /// Nobody is treated, the starts differ, the test is empty, or fewer than `needed` periods come before.
    pub fn start(&self, needed: usize) -> Result<usize, PanelError> {
        let cohorts = self.cohorts();
        let start = match cohorts.as_slice() {
            [] => return Err(PanelError::NoTreated),
            [(start, _)] => *start,
            _ => return Err(PanelError::Staggered),
        };
        if start >= self.test_end {
            return Err(PanelError::EmptyTest);
        }
        if start < needed {
            return Err(PanelError::TooFewBefore { found: start, needed });
        }
        Ok(start)
    }

    /// The mean outcome of some units, by period up to [`Panel::end`].
    pub(crate) fn mean_of(&self, units: &[usize]) -> Vec<f64> {
        let share = 1.0 / units.len() as f64;
        (0..self.end).map(|t| units.iter().map(|&i| self.outcome[(i, t)]).sum::<f64>() * share).collect()
    }

    /// The outcome of some units up to [`Panel::end`].
    pub(crate) fn outcome_of(&self, units: &[usize]) -> Matrix {
        Matrix::from_fn(units.len(), self.end, |i, t| self.outcome[(units[i], t)])
    }

    /// The mean of each covariate over the known periods before `start` `[units x covariates]`.
    pub(crate) fn covariate_means(&self, start: usize) -> Result<Matrix, PanelError> {
        let mut out = Matrix::zeros(self.units.len(), self.covariates.len());
        for (k, covariate) in self.covariates.iter().enumerate() {
            for (i, unit) in self.units.iter().enumerate() {
                let known: Vec<f64> =
                    covariate.values.row(i)[..start].iter().copied().filter(|x| x.is_finite()).collect();
                if known.is_empty() {
                    let (covariate, unit) = (covariate.name.clone(), unit.clone());
                    return Err(PanelError::UnknownCovariate { covariate, unit });
                }
                out[(i, k)] = mean(&known);
            }
        }
        Ok(out)
    }
}
