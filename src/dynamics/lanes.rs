//! The numbers that forward dynamics computes with: those of one robot, or of four robots at once.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

pub(super) use private::Wide;

mod private {
    /// How work is done with these numbers. Nobody else's numbers are [`Number`](super::Number)s.
    pub trait Wide {
        /// Does work with the widest instructions that this machine has for it.
        fn with_wide_instructions<W: pulp::NullaryFnOnce>(work: W) -> W::Output;
    }
}

/// Robots in [`Lanes`].
const LANES: usize = 4;

/// A number of one robot (`f64`), or a number of each of several robots that move in step
/// ([`Lanes`]). Every operation is that of `f64` on each of them, so a robot moves to the bit as it
/// would alone.
pub trait Number:
    private::Wide
    + Copy
    + Debug
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Number of robots.
    const LANES: usize;

    /// The same value for every robot.
    fn splat(value: f64) -> Self;

    /// The value that `of` gives each robot, by its place.
    fn from_lanes(of: impl FnMut(usize) -> f64) -> Self;

    /// The value of the robot at a place below [`Self::LANES`].
    fn lane(self, lane: usize) -> f64;

    /// Sine and cosine.
    fn sin_cos(self) -> (Self, Self);

    /// The function's value for each robot.
    #[inline(always)]
    fn map(self, function: impl Fn(f64) -> f64) -> Self {
        Self::from_lanes(|lane| function(self.lane(lane)))
    }
}

impl Number for f64 {
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn from_lanes(mut of: impl FnMut(usize) -> f64) -> Self {
        of(0)
    }

    #[inline(always)]
    fn lane(self, _lane: usize) -> f64 {
        self
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        f64::sin_cos(self)
    }
}

impl Wide for f64 {
    #[inline(always)]
    fn with_wide_instructions<W: pulp::NullaryFnOnce>(work: W) -> W::Output {
        work.call()
    }
}

/// A number of each of four robots. With four, what a step of nine joints touches fits a cache of 32
/// kB; with eight it does not, and a step takes as long for each.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(32))]
pub struct Lanes([f64; LANES]);

impl Lanes {
    // A loop over an array is what the compiler makes vector instructions of.
    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(f64, f64) -> f64) -> Self {
        let mut values = [0.; LANES];
        for (lane, value) in values.iter_mut().enumerate() {
            *value = operation(self.0[lane], other.0[lane]);
        }
        Self(values)
    }
}

impl Number for Lanes {
    const LANES: usize = LANES;

    #[inline(always)]
    fn splat(value: f64) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn from_lanes(mut of: impl FnMut(usize) -> f64) -> Self {
        let mut values = [0.; LANES];
        for (lane, value) in values.iter_mut().enumerate() {
            *value = of(lane);
        }
        Self(values)
    }

    #[inline(always)]
    fn lane(self, lane: usize) -> f64 {
        self.0[lane]
    }

    #[inline(always)]
    fn sin_cos(self) -> (Self, Self) {
        let (mut sine, mut cosine) = (self, self);
        for lane in 0..LANES {
            (sine.0[lane], cosine.0[lane]) = self.0[lane].sin_cos();
        }
        (sine, cosine)
    }
}

impl Wide for Lanes {
    #[inline(always)]
    fn with_wide_instructions<W: pulp::NullaryFnOnce>(work: W) -> W::Output {
        // Four lanes are a register of AVX2; elsewhere the least that the target has must do.
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = pulp::x86::V3::try_new() {
            return avx2.vectorize(work);
        }
        work.call()
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl AddAssign for Lanes {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl Div for Lanes {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
}

impl Neg for Lanes {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.zip(self, |a, _| -a)
    }
}
