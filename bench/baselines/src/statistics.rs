//! What a row reports: the median of its per-round figures and a bootstrap interval around it.
//!
//! The median ignores the round in which the neighbour on the machine woke up; the interval says
//! how far it would move had other rounds been drawn. The resampling is seeded, so one set of
//! rounds always gives one interval.

use crate::numbers::{Dice, index, real, whole};

/// How often the rounds are drawn anew for an interval.
const RESAMPLES: usize = 2_000;

/// A median with its 95 % interval, over `rounds` figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The median of the figures.
    pub median: f64,
    /// Lower end of the 95 % bootstrap interval of the median.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// How many figures it rests on.
    pub rounds: usize,
}

impl Estimate {
    /// The estimate of these figures; all zeros when there are none.
    #[must_use]
    pub fn of(figures: &[f64]) -> Self {
        let Ok(limit) = u32::try_from(figures.len()) else { return Self::default() };
        if limit == 0 {
            return Self::default();
        }
        let mut dice = Dice::new(0x00F0_0F00);
        let mut medians: Vec<f64> = (0..RESAMPLES)
            .map(|_| {
                let draw = |_| figures.get(dice.below(limit) as usize).copied().unwrap_or(0.0);
                median(&(0..figures.len()).map(draw).collect::<Vec<f64>>())
            })
            .collect();
        medians.sort_by(f64::total_cmp);
        Self {
            median: median(figures),
            low: quantile(&medians, 0.025),
            high: quantile(&medians, 0.975),
            rounds: figures.len(),
        }
    }
}

/// The middle figure, or the mean of the two in the middle; 0 when there are none.
#[must_use]
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(0.0);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        at(middle)
    } else {
        (at(middle.saturating_sub(1)) + at(middle)) / 2.0
    }
}

/// The mean; 0 when there are no figures.
#[must_use]
pub fn mean(figures: &[f64]) -> f64 {
    if figures.is_empty() { 0.0 } else { figures.iter().sum::<f64>() / real(figures.len() as u64) }
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as u64;
    sorted.get(index(whole((real(last) * share).round()))).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_median_and_is_narrow_when_the_rounds_agree() {
        let figures: Vec<f64> = (0..20).map(|round| 1.0 + f64::from(round % 3) / 100.0).collect();
        let estimate = Estimate::of(&figures);
        assert!(estimate.low <= estimate.median && estimate.median <= estimate.high);
        assert!(estimate.high - estimate.low <= 0.02, "{estimate:?}");
        assert_eq!(estimate, Estimate::of(&figures), "the same rounds give the same interval");
    }

    #[test]
    fn one_wild_round_of_five_does_not_move_the_median() {
        assert_eq!(median(&[1.0, 1.1, 0.9, 1.0, 40.0]).to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn no_figures_give_zeros_and_not_a_crash() {
        assert_eq!(Estimate::of(&[]), Estimate::default());
        assert_eq!(mean(&[]).to_bits(), 0.0_f64.to_bits());
    }
}
