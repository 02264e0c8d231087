//! Products summed.

use crate::dispatch;

dispatch! {
    /// Sum of products, in eight running sums (the same order on every machine).
    pub fn dot(x: &[f64], y: &[f64]) -> f64 {
        let n = x.len().min(y.len());
        let (x, y) = (&x[..n], &y[..n]);
        let mut sums = [0.0_f64; 8];
        let (xc, yc) = (x.chunks_exact(8), y.chunks_exact(8));
        let (xr, yr) = (xc.remainder(), yc.remainder());
        for (a, b) in xc.zip(yc) {
            for i in 0..8 {
                sums[i] = a[i].mul_add(b[i], sums[i]);
            }
        }
        let mut rest = 0.0;
        for (a, b) in xr.iter().zip(yr) {
            rest += a * b;
        }
        ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sums_products() {
        for n in 0..19 {
            let x: Vec<f64> = (0..n).map(f64::from).collect();
            let y: Vec<f64> = (0..n).map(|i| f64::from(i * i) - 3.0).collect();
            assert_eq!(dot(&x, &y), (0..n).map(|i| f64::from(i * (i * i - 3))).sum::<f64>());
        }
    }
}
