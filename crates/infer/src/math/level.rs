//! Which vector registers a kernel may use, found once on the running machine.

/// A vector width that this machine is known to have.
///
/// Can only be had from [`Level::best`] and [`Level::available`], which ask the processor: a `Level` in hand is the proof
/// that running code compiled for it is sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(Width);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The widest level of this machine. The processor is asked once; later calls read the answer kept by the standard library.
    #[inline]
    pub fn best() -> Level {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
            if avx2 && std::arch::is_x86_feature_detected!("avx512f") && std::arch::is_x86_feature_detected!("avx512dq")
            {
                return Level(Width::Avx512);
            }
            if avx2 {
                return Level(Width::Avx2);
            }
        }
        Level(Width::Baseline)
    }

    /// All levels of this machine, narrowest first; the last is [`Level::best`].
    pub fn available() -> Vec<Level> {
        let mut levels = vec![Level(Width::Baseline)];
        #[cfg(target_arch = "x86_64")]
        {
            let best = Level::best();
            if best != Level(Width::Baseline) {
                levels.push(Level(Width::Avx2));
            }
            if best == Level(Width::Avx512) {
                levels.push(best);
            }
        }
        levels
    }

    /// The level's name: `baseline`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Width::Baseline => "baseline",
            #[cfg(target_arch = "x86_64")]
            Width::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Width::Avx512 => "avx512",
        }
    }

    /// True for the level with 256-bit registers.
    #[inline(always)]
    #[doc(hidden)]
    pub fn is_avx2(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 == Width::Avx2;
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// True for the level with 512-bit registers.
    #[inline(always)]
    #[doc(hidden)]
    pub fn is_avx512(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 == Width::Avx512;
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }
}

/// Compiles a kernel for each [`Level`](crate::math::Level) and runs the widest that the machine has.
///
/// Wraps one free function whose body is a loop over slices with [`exp`](crate::math::exp), [`ln`](crate::math::ln) and plain
/// arithmetic. Parameters are plain names; no type parameters. The variants give the same bits, because Rust
/// neither fuses nor reorders floating-point operations. Helpers called in the loop should be `#[inline(always)]`.
/// Written `dispatch! { at fn .. }`, the function takes the level as an extra first argument (for tests and measurements).
///
/// ```
/// use counterpoint_infer::{dispatch, math};
///
/// dispatch! {
///     /// Replaces each element by its exponential.
///     pub fn exp_all(values: &mut [f64]) {
///         for value in values {
///             *value = math::exp(*value);
///         }
///     }
/// }
///
/// let mut values = [0.0, 1.0];
/// exp_all(&mut values);
/// assert_eq!(values[0], 1.0);
/// ```
#[macro_export]
macro_rules! dispatch {
    (
        $(#[$meta:meta])* at $vis:vis fn $name:ident ( $($arg:ident : $ty:ty),* $(,)? ) $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name(level: $crate::math::Level, $($arg: $ty),*) $(-> $ret)? {
            $crate::dispatch!(@run level ($($arg: $ty),*) ($($ret)?) $body)
        }
    };
    (@run $level:ident ($($arg:ident : $ty:ty),*) ($($ret:ty)?) $body:block) => {{
        #[inline(always)]
        fn kernel($($arg: $ty),*) $(-> $ret)? $body

        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx2,fma")]
            fn kernel_avx2($($arg: $ty),*) $(-> $ret)? {
                kernel($($arg),*)
            }
            #[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
            fn kernel_avx512($($arg: $ty),*) $(-> $ret)? {
                kernel($($arg),*)
            }
            // SAFETY: the functions are safe but for the processor features that they need, and a `Level` exists only after
            // `Level::best` has found those features on this processor.
            #[allow(unsafe_code)]
            if $level.is_avx512() {
                return unsafe { kernel_avx512($($arg),*) };
            } else if $level.is_avx2() {
                return unsafe { kernel_avx2($($arg),*) };
            }
        }
        let _ = $level;
        kernel($($arg),*)
    }};
    (
        $(#[$meta:meta])* $vis:vis fn $name:ident ( $($arg:ident : $ty:ty),* $(,)? ) $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name($($arg: $ty),*) $(-> $ret)? {
            let level = $crate::math::Level::best();
            $crate::dispatch!(@run level ($($arg: $ty),*) ($($ret)?) $body)
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;

    dispatch! {
        at fn mixed(level_free: &[f64], out: &mut [f64]) -> f64 {
            let mut sum = 0.0;
            for (x, y) in level_free.iter().zip(out.iter_mut()) {
                *y = math::exp(*x) + math::ln(x * x + 0.1) * math::logistic(*x);
                sum += *y;
            }
            sum
        }
    }

    dispatch! {
        fn halve(values: &mut [f64]) {
            for value in values {
                *value *= 0.5;
            }
        }
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let x: Vec<f64> = (0..1003).map(|i| f64::from(i) * 0.37 - 180.0).collect();
        let mut first = vec![0.0; x.len()];
        let sum = mixed(Level::available()[0], &x, &mut first);
        for level in Level::available() {
            let mut out = vec![0.0; x.len()];
            assert_eq!(mixed(level, &x, &mut out).to_bits(), sum.to_bits(), "{}", level.name());
            assert!(out.iter().zip(&first).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", level.name());
        }
    }

    #[test]
    fn the_last_available_level_is_the_best() {
        assert_eq!(Level::available().last(), Some(&Level::best()));
        let mut values = [2.0, 4.0];
        halve(&mut values);
        assert_eq!(values, [1.0, 2.0]);
    }
}
