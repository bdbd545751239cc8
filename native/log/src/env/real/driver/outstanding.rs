//! Which of one caller's operations are outstanding.
//!
//! One bit per ticket, from the first that is not settled to the last that was given. Bytes
//! count as outstanding until every operation up to and including theirs is settled, which
//! never lets more through than the bound allows.

use std::collections::VecDeque;

const WORD_BITS: u64 = 64;

/// See the module.
#[derive(Default)]
pub(super) struct Outstanding {
    /// Number of the first bit of the first word.
    base: u64,
    /// Number the next operation gets.
    next: u64,
    /// A set bit is a settled operation.
    settled: VecDeque<u64>,
    /// For each submission that counts: one past its last number, and its bytes.
    submissions: VecDeque<(u64, u64)>,
}

impl Outstanding {
    /// Adds the next `count` operations, which hold `bytes`.
    pub(super) fn enroll(&mut self, count: u64, bytes: u64) {
        self.next += count;
        self.submissions.push_back((self.next, bytes));
        while self.base + WORD_BITS * (self.settled.len() as u64) < self.next {
            self.settled.push_back(0);
        }
    }

    /// Settles one operation; false when it is not outstanding.
    pub(super) fn settle(&mut self, number: u64) -> bool {
        if number >= self.next {
            return false;
        }
        let Some(distance) = number.checked_sub(self.base) else { return false };
        let word = usize::try_from(distance / WORD_BITS).ok();
        let Some(word) = word.and_then(|word| self.settled.get_mut(word)) else { return false };
        let bit = 1 << (distance % WORD_BITS);
        let was_outstanding = *word & bit == 0;
        *word |= bit;
        was_outstanding
    }

    /// Forgets what is settled, and says how many bytes no longer count.
    pub(super) fn release(&mut self) -> u64 {
        while self.settled.front() == Some(&u64::MAX) {
            self.settled.pop_front();
            self.base += WORD_BITS;
        }
        let settled_end = self.settled_end();
        let mut released = 0;
        while let Some((end, bytes)) = self.submissions.front() {
            if *end > settled_end {
                break;
            }
            released += bytes;
            self.submissions.pop_front();
        }
        released
    }

    /// Number that the next operation gets.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The first number that is not settled; exact after `release`.
    pub(super) fn settled_end(&self) -> u64 {
        self.base + self.settled.front().map_or(0, |word| u64::from(word.trailing_ones()))
    }

    /// Whether all that was given is settled; exact after `release`.
    pub(super) fn is_clear(&self) -> bool {
        self.submissions.is_empty()
    }

    /// Numbers that are outstanding, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        let words = self.settled.iter().zip((self.base..).step_by(64));
        words
            .flat_map(|(word, base)| {
                (0..WORD_BITS).filter(move |bit| word >> bit & 1 == 0).map(move |bit| base + bit)
            })
            .take_while(|number| *number < self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_settles_once() {
        let mut outstanding = Outstanding::default();
        outstanding.enroll(100, 7);
        assert!(outstanding.settle(99) && outstanding.settle(64));
        assert!(!outstanding.settle(99) && !outstanding.settle(100));
        assert_eq!(outstanding.numbers().count(), 98);
        assert!(outstanding.numbers().all(|number| number != 64 && number < 99));
    }

    #[test]
    fn bytes_count_until_every_operation_before_is_settled() {
        let mut outstanding = Outstanding::default();
        outstanding.enroll(70, 5);
        outstanding.enroll(1, 6);
        assert!(outstanding.settle(70));
        (1..70).for_each(|number| assert!(outstanding.settle(number)));
        assert_eq!(outstanding.release(), 0);
        assert!(outstanding.settle(0));
        assert_eq!(outstanding.release(), 11);
        assert!(outstanding.is_clear());
        assert!(!outstanding.settle(0), "released and still known to be settled");
        outstanding.enroll(1, 1);
        assert_eq!(outstanding.numbers().collect::<Vec<_>>(), [71]);
    }

    #[test]
    fn a_word_that_fills_up_exactly_leaves_nothing_outstanding() {
        let mut outstanding = Outstanding::default();
        outstanding.enroll(64, 3);
        (0..64).for_each(|number| assert!(outstanding.settle(number)));
        assert_eq!(outstanding.release(), 3);
        assert_eq!(outstanding.numbers().count(), 0);
    }
}
