//! Choices: what dice decide, in the shapes a workload needs.

use foq_log::env::sim::Dice;

/// Dice with more to offer.
#[derive(Clone, Debug)]
pub(super) struct Choice(Dice);

impl Choice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Dice::new(seed))
    }

    /// A number below `limit`; 0 when the limit is 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    /// Any byte.
    pub(super) fn byte(&mut self) -> u8 {
        self.0.throw().to_le_bytes()[0]
    }

    /// A number from `from` to `to`, both included; `from` when `to` is less.
    pub(super) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from).saturating_add(1))
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them; `None` of an empty slice.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.index(from.len()))
    }

    /// An index of a slice of this length.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// An index, each as likely as its weight.
    pub(super) fn weighted(&mut self, weights: &[u64]) -> usize {
        let mut left = self.below(weights.iter().sum());
        for (index, &weight) in weights.iter().enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// So many bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (mut left, mut right) = (Choice::new(7), Choice::new(7));
        assert_eq!(left.bytes(100), right.bytes(100));
        assert_ne!(Choice::new(7).bytes(100), Choice::new(8).bytes(100));
    }

    #[test]
    fn numbers_stay_within_their_limits() {
        let mut choice = Choice::new(1);
        for _ in 0..1000 {
            assert!((3..=5).contains(&choice.between(3, 5)));
            assert!(choice.weighted(&[1, 0, 2]) != 1);
        }
        assert_eq!((choice.below(0), choice.between(9, 3)), (0, 9));
    }
}
