//! Latency of an operation from the instant it was meant to start, in an HdrHistogram.
//!
//! Values are nanoseconds, kept to 0.1 %. A run of evenly spaced
//! arrivals that became durable together is recorded in strides of at most [`STRIDE_NS`], each at
//! its middle: millions of arrivals a second cost the generator next to nothing, at an error of
//! half a stride.

use hdrhistogram::Histogram;

use crate::numbers::{ratio, real, whole};

/// Widest stride of arrivals recorded as one value.
pub const STRIDE_NS: f64 = 2_000.0;

/// Longest latency told apart from longer ones: one minute.
const LONGEST_NS: u64 = 60_000_000_000;

/// Latencies of one window, or of several merged.
#[derive(Clone, Debug)]
pub struct Latency(Histogram<u64>);

/// The figures of a latency distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Percentiles {
    /// Half of all operations were faster.
    pub p50: f64,
    /// Nine of ten were faster.
    pub p90: f64,
    /// 99 of 100 were faster.
    pub p99: f64,
    /// 999 of 1,000 were faster.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
    /// How many operations were counted.
    pub samples: u64,
}

impl Latency {
    /// An empty distribution.
    ///
    /// # Panics
    /// Never: the bounds are constants that the histogram accepts.
    #[must_use]
    pub fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1_000, LONGEST_NS, 3);
        Self(histogram.expect("1 us to 1 min at 3 digits are valid bounds"))
    }

    /// Records one latency.
    pub fn record(&mut self, latency_ns: u64) {
        self.0.saturating_record(latency_ns);
    }

    /// Records one latency as often as it was seen.
    pub fn record_times(&mut self, latency_ns: u64, times: u64) {
        self.0.saturating_record_n(latency_ns, times);
    }

    /// Records `count` arrivals spaced `interval_ns` apart, the first meant for `first_ns`, that
    /// all ended at `at_ns`.
    pub fn record_run(&mut self, first_ns: f64, interval_ns: f64, count: u64, at_ns: u64) {
        let stride = whole(ratio(STRIDE_NS, interval_ns)).clamp(1, u64::from(u32::MAX));
        let mut done = 0;
        while done < count {
            let step = stride.min(count - done);
            let middle = first_ns + interval_ns * (real(done) + real(step - 1) / 2.0);
            self.0.saturating_record_n(whole(real(at_ns) - middle), step);
            done += step;
        }
    }

    /// Adds another distribution to this one.
    pub fn merge(&mut self, other: &Self) {
        // Both have the same bounds, so nothing can be out of range.
        let _same_bounds = self.0.add(&other.0);
    }

    /// The figures people compare.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        let at = |quantile| real(self.0.value_at_quantile(quantile)) / 1e6;
        Percentiles {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: real(self.0.max()) / 1e6,
            samples: self.0.len(),
        }
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_a_million_arrivals_is_recorded_within_half_a_stride_of_each() {
        let (mut run, mut single) = (Latency::new(), Latency::new());
        let at_ns = 2_000_000_000;
        run.record_run(1_000_000_000.0, 300.0, 1_000_000, at_ns);
        for arrival in 0..1_000_000 {
            single.record(at_ns - (1_000_000_000 + arrival * 300));
        }
        let (run, single) = (run.percentiles(), single.percentiles());
        assert_eq!(run.samples, 1_000_000);
        for (a, b) in [(run.p50, single.p50), (run.p99, single.p99), (run.max, single.max)] {
            assert!((a - b).abs() < 1.0, "{a} ms and {b} ms differ beyond the histogram's digits");
        }
    }

    #[test]
    fn merged_distributions_count_the_samples_of_both() {
        let (mut a, mut b) = (Latency::new(), Latency::new());
        a.record(1_000_000);
        b.record(3_000_000);
        a.merge(&b);
        assert_eq!(a.percentiles().samples, 2);
        assert!(a.percentiles().max >= 3.0);
    }
}
