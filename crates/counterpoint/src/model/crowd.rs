//! How the creators of a platform crowd each other in what they bring.
//!
//! What account c brings is the sum over geos and periods of K\[g\] w\[c\] s\[c,g,t\] / (s\[g,t\] + e) (see [`super::platform`]), with K such that all
//! together bring the platform's effect. One that weighs more saturates the audience of all that post at the same time. To first order in the weights' logarithms
//! around usual ones,
//!
//! ln brought\[c\] = ln effect + v\[c\] + ln reach\[c\] - ln sum_b reach\[b\] exp(v\[b\]),  v = (I - G) ln w,
//!
//! where G\[c,b\] is b's part in s / (s + e), in the mean over what c brings. The rows of G add up to less than one, so that weights follow from v.

use super::linalg::{dot, each_dot};

/// The overlaps of a platform's accounts.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// G, `[accounts x accounts]`.
    overlap: Vec<f64>,
    /// ln reach.
    ln_reach: Vec<f64>,
    /// Accounts of which sales by code tell.
    coded: Vec<usize>,
    /// The rest.
    others: Vec<usize>,
    /// Inverse of I - G among those with a code.
    inverse: Vec<f64>,
}

impl Crowd {
    /// Of accounts that do not crowd each other, by what each brings at weight one.
    pub fn apart(reach: &[f64], coded: Vec<usize>) -> Crowd {
        let n = reach.len();
        Crowd::around(vec![0.0; n * n], &vec![0.0; n], reach, coded)
    }

    /// Of overlaps at weights, given by their logarithms, at which accounts bring `brought`.
    pub fn around(overlap: Vec<f64>, ln_weights: &[f64], brought: &[f64], coded: Vec<usize>) -> Crowd {
        let (n, k) = (ln_weights.len(), coded.len());
        let mut rest = vec![0.0; k * k];
        for (i, &c) in coded.iter().enumerate() {
            for (j, &b) in coded.iter().enumerate() {
                rest[i * k + j] = f64::from(i == j) - overlap[c * n + b];
            }
        }
        let others = (0..n).filter(|c| !coded.contains(c)).collect();
        let mut out = Crowd { overlap, ln_reach: Vec::new(), coded, others, inverse: inverse(rest, k) };
        out.ln_reach = brought.iter().zip(out.seen(ln_weights)).map(|(brought, v)| brought.ln() - v).collect();
        out
    }

    /// Accounts of which sales by code tell.
    pub fn coded(&self) -> &[usize] {
        &self.coded
    }

    /// (I - G) x.
    pub fn seen(&self, x: &[f64]) -> Vec<f64> {
        let mut out = x.to_vec();
        each_dot(x, self.overlap.chunks_exact(x.len().max(1)), |c, product| out[c] -= product);
        out
    }

    /// 1 - G\[c,c\]: what of a change in its weight an account brings by itself.
    pub fn own(&self, c: usize) -> f64 {
        1.0 - self.overlap[c * self.ln_reach.len() + c]
    }

    /// ln sum_b reach\[b\] exp(v\[b\]).
    pub fn ln_total(&self, v: &[f64]) -> f64 {
        v.iter().zip(&self.ln_reach).map(|(v, reach)| (v + reach).exp()).sum::<f64>().ln()
    }

    /// Completes a change of the weights' logarithms, in which those of accounts without a code are given, and the change of what is seen, in which those of
    /// the others are: the weights follow from what is seen of them, and what is seen of the rest from all weights.
    pub fn complete(&self, seen: &mut [f64], change: &mut [f64]) {
        let (n, k) = (change.len(), self.coded.len());
        self.coded.iter().for_each(|&c| change[c] = 0.0);
        let row = |c: usize| &self.overlap[c * n..(c + 1) * n];
        let mut wanted: Vec<f64> = self.coded.iter().map(|&c| seen[c]).collect();
        if !self.others.is_empty() {
            each_dot(change, self.coded.iter().map(|&c| row(c)), |i, product| wanted[i] += product);
        }
        each_dot(&wanted, self.inverse.chunks_exact(k.max(1)), |i, product| change[self.coded[i]] = product);
        self.others.iter().for_each(|&c| seen[c] = change[c] - dot(row(c), change));
    }
}

/// Inverse of a matrix whose diagonal is larger than the rest of each row (Gauss and Jordan).
fn inverse(mut a: Vec<f64>, n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    (0..n).for_each(|i| out[i * n + i] = 1.0);
    for i in 0..n {
        let pivot = a[i * n + i];
        for matrix in [&mut a, &mut out] {
            matrix[i * n..(i + 1) * n].iter_mut().for_each(|x| *x /= pivot);
        }
        for k in (0..n).filter(|&k| k != i) {
            let factor = a[k * n + i];
            for matrix in [&mut a, &mut out] {
                for j in 0..n {
                    matrix[k * n + j] -= factor * matrix[i * n + j];
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_completed_so_that_what_is_seen_of_coded_accounts_changes_as_asked() {
        let overlap = vec![0.2, 0.1, 0.3, 0.05, 0.4, 0.1, 0.2, 0.25, 0.15];
        let crowd = Crowd::around(overlap, &[0.1, -0.2, 0.3], &[5.0, 2.0, 1.0], vec![0, 2]);
        let (mut seen, mut change) = (vec![0.5, 9.0, -0.2], vec![9.0, 0.7, 9.0]);
        crowd.complete(&mut seen, &mut change);
        let changes = crowd.seen(&change);
        assert!((changes[0] - 0.5).abs() < 1e-12 && (changes[2] + 0.2).abs() < 1e-12, "{changes:?}");
        assert!((change[1] - 0.7).abs() < 1e-12 && (seen[1] - changes[1]).abs() < 1e-12, "{seen:?}");
    }

    #[test]
    fn the_total_at_the_usual_weights_is_what_all_bring() {
        let weights = [0.1, -0.2];
        let crowd = Crowd::around(vec![0.2, 0.1, 0.3, 0.1], &weights, &[5.0, 2.0], vec![0]);
        assert!((crowd.ln_total(&crowd.seen(&weights)) - 7.0_f64.ln()).abs() < 1e-12);
        let apart = Crowd::apart(&[5.0, 2.0], vec![0]);
        // Without overlap a weight is a factor: 5 x 3 + 2.
        assert!((apart.ln_total(&[3.0_f64.ln(), 0.0]) - 17.0_f64.ln()).abs() < 1e-12);
    }
}
