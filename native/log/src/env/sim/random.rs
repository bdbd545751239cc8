//! Randomness from a seed: a small generator for faults, survivors and workloads, and the
//! `Random` of a simulated world.

use parking_lot::Mutex;

use crate::env::Random;

/// A generator of numbers that depend on its seed only (SplitMix64). Not for secrets.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Dice whose throws are decided by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        // The bias of the remainder is far below what a test could see.
        self.throw().checked_rem(end).unwrap_or(0)
    }

    /// One of these, of which there must be some.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let chosen = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(chosen).expect("there is something to pick from")
    }

    /// True once in `count` times on average.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// See [`Random`]; the bytes depend on the seed and on the calls before.
#[derive(Debug)]
pub struct SimRandom {
    dice: Mutex<Dice>,
}

impl SimRandom {
    /// Randomness decided by `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { dice: Mutex::new(Dice::new(seed)) }
    }
}

impl Random for SimRandom {
    fn fill(&self, buffer: &mut [u8]) {
        let mut dice = self.dice.lock();
        for part in buffer.chunks_mut(8) {
            let bytes = dice.throw().to_le_bytes();
            part.copy_from_slice(bytes.get(..part.len()).unwrap_or_default());
        }
    }
}
