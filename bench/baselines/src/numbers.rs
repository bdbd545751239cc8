//! The conversions between whole and real numbers that figures need, each with its limits stated.

/// Bytes of one MiB.
pub const MIB: u64 = 1 << 20;

/// Nanoseconds of one second.
pub const SECOND_NS: u64 = 1_000_000_000;

/// A count as a real number; exact below 2^53, which no figure here reaches.
#[must_use]
pub const fn real(count: u64) -> f64 {
    count as f64
}

/// The whole part of a figure; negative and not-a-number become 0.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and the whole part is what is asked for"
)]
pub const fn whole(figure: f64) -> u64 {
    figure as u64
}

/// A count as an index; counts here are far below the address space.
#[must_use]
pub fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// `part / all`, and 0 where there is nothing to divide by.
#[must_use]
pub fn ratio(part: f64, all: f64) -> f64 {
    if all > 0.0 { part / all } else { 0.0 }
}

/// A small fast generator of uniform numbers (xorshift64*), for choices that need no secrecy.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed; 0 would stay 0 for ever and is replaced.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(if seed == 0 { 0x9E37_79B9_7F4A_7C15 } else { seed })
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`, by multiply and shift: no division on the way.
    pub const fn below(&mut self, limit: u32) -> u32 {
        (((self.next() >> 32) * limit as u64) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_throws_stay_below_their_limit_and_reach_every_value() {
        let mut dice = Dice::new(7);
        let mut seen = [0_u32; 10];
        for _ in 0..1_000 {
            seen[dice.below(10) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| count > 50), "seed 7 gave {seen:?}");
    }

    #[test]
    fn a_negative_figure_has_the_whole_part_0() {
        assert_eq!((whole(-1.5), whole(f64::NAN), whole(2.9)), (0, 0, 2));
    }
}
