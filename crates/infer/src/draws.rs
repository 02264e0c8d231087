//! Draws of named scalars from several chains, and their plain summaries.

/// Draws of named scalars, `[name][chain][draw]`, every chain equally long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draws {
    chains: usize,
    draws: usize,
    names: Vec<String>,
    values: Vec<f64>,
}

impl Draws {
    /// No scalars yet, for `chains` chains of `draws` draws each.
    pub fn new(chains: usize, draws: usize) -> Draws {
        Draws { chains, draws, names: Vec::new(), values: Vec::new() }
    }

    /// Adds a scalar; `values` is `[chain][draw]`.
    ///
    /// # Panics
    /// If `values` does not hold chains x draws numbers: a mistake of the calling code.
    pub fn push(&mut self, name: impl Into<String>, values: &[f64]) {
        let name = name.into();
        let expected = self.chains * self.draws;
        assert_eq!(values.len(), expected, "draws of {name} must be chains x draws = {expected} numbers");
        self.names.push(name);
        self.values.extend_from_slice(values);
    }

    /// Number of chains.
    pub fn chains(&self) -> usize {
        self.chains
    }

    /// Number of draws of each chain.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// Number of scalars.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True when there is no scalar.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Names of the scalars, in the order they were added.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Place of the scalar called `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// All draws of scalar `i`, the chains one after the other.
    pub fn scalar(&self, i: usize) -> &[f64] {
        let size = self.chains * self.draws;
        &self.values[i * size..(i + 1) * size]
    }

    /// The draws of scalar `i` as chains, for the diagnostics.
    pub fn chains_of(&self, i: usize) -> Chains<'_> {
        Chains::new(self.scalar(i), self.chains)
    }
}

/// The draws of one scalar, `[chain][draw]`, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Chains<'a> {
    values: &'a [f64],
    chains: usize,
}

impl<'a> Chains<'a> {
    /// A view of `values`, `[chain][draw]`, as `chains` equally long chains.
    ///
    /// # Panics
    /// If `values` cannot be cut into that many equal chains: a mistake of the calling code.
    pub fn new(values: &'a [f64], chains: usize) -> Chains<'a> {
        let whole = if chains == 0 { values.is_empty() } else { values.len().is_multiple_of(chains) };
        assert!(whole, "{} draws cannot be cut into {chains} equal chains", values.len());
        Chains { values, chains }
    }

    /// Number of chains.
    pub fn chains(self) -> usize {
        self.chains
    }

    /// Number of draws of each chain.
    pub fn draws(self) -> usize {
        self.values.len().checked_div(self.chains).unwrap_or(0)
    }

    /// All draws, the chains one after the other.
    pub fn values(self) -> &'a [f64] {
        self.values
    }

    /// The draws of chain `c`.
    pub fn chain(self, c: usize) -> &'a [f64] {
        let draws = self.draws();
        &self.values[c * draws..(c + 1) * draws]
    }
}

/// The `p`-quantile of ascending numbers, 0 <= p <= 1: linear between order statistics at place p (n - 1) (type 7 of Hyndman & Fan
/// 1996, the default of numpy and R). NaN for no numbers or p outside [0, 1].
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let place = p * (sorted.len() - 1) as f64;
    let below = place.floor();
    let share = place - below;
    let low = sorted[below as usize];
    if share == 0.0 {
        return low;
    }
    let high = sorted[below as usize + 1];
    // From the nearer end, so that the result is monotone in p and exact when the neighbours are equal (as numpy does).
    if share < 0.5 { low + (high - low) * share } else { high - (high - low) * (1.0 - share) }
}

/// The numbers in ascending order, NaN last.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The arithmetic mean; NaN for no numbers.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The variance with divisor n - 1, in two passes; NaN for fewer than two numbers.
pub fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(values);
    values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (values.len() - 1) as f64
}

/// The standard deviation with divisor n - 1; NaN for fewer than two numbers.
pub fn sd(values: &[f64]) -> f64 {
    variance(values).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_comes_back_with_its_chains_in_order() {
        let mut draws = Draws::new(2, 3);
        draws.push("a", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        draws.push("b", &[0.0; 6]);
        assert_eq!(draws.scalar(0), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(draws.chains_of(0).chain(1), [4.0, 5.0, 6.0]);
        assert_eq!((draws.len(), draws.position("b"), draws.position("c")), (2, Some(1), None));
    }

    #[test]
    #[should_panic(expected = "draws of a must be chains x draws = 6 numbers")]
    fn a_scalar_of_another_length_is_refused() {
        Draws::new(2, 3).push("a", &[1.0]);
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8, 16], [0, .05, .3, .5, .9, 1])
        let numbers = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (p, expected) in [(0.0, 1.0), (0.05, 1.2), (0.3, 2.4), (0.5, 4.0), (0.9, 12.8), (1.0, 16.0)] {
            assert!((quantile(&numbers, p) - expected).abs() < 1e-14, "{p}");
        }
        assert_eq!(quantile(&[3.0], 0.7), 3.0);
        assert!(
            quantile(&[], 0.5).is_nan() && quantile(&numbers, 1.5).is_nan() && quantile(&numbers, f64::NAN).is_nan()
        );
    }

    #[test]
    fn mean_and_sd_are_the_textbook_ones_and_undefined_when_they_cannot_be() {
        let numbers = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean(&numbers), 5.0);
        assert!((sd(&numbers) - (32.0f64 / 7.0).sqrt()).abs() < 1e-15);
        assert!(mean(&[]).is_nan() && sd(&[1.0]).is_nan());
        // A large offset costs no digits.
        let shifted: Vec<f64> = numbers.iter().map(|v| v + 1e9).collect();
        assert!((sd(&shifted) - sd(&numbers)).abs() < 1e-12);
    }
}
