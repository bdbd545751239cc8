//! One side under one load: all its windows together, as figures, text and JSON.

use crate::json::Json;
use crate::latency::{Latency, Percentiles};
use crate::load::Window;
use crate::statistics::mean;

/// One side under one load, all its windows together.
#[derive(Clone, Debug)]
pub struct Line {
    /// Target that the windows belong to.
    pub target: u8,
    /// Side and load.
    pub title: String,
    windows: Vec<Window>,
}

impl Line {
    /// A line without windows.
    pub fn new(target: u8, title: impl Into<String>) -> Self {
        Self { target, title: title.into(), windows: Vec::new() }
    }

    /// Adds a window and returns its rate in records per second.
    pub fn add(&mut self, window: Window) -> f64 {
        let rate = window.rate;
        self.windows.push(window);
        rate
    }

    /// Its windows.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// How many of its windows were saturated.
    #[must_use]
    pub fn saturated(&self) -> usize {
        self.windows.iter().filter(|window| window.saturated).count()
    }

    /// The mean of one figure of its windows.
    #[must_use]
    pub fn mean(&self, figure: impl Fn(&Window) -> f64) -> f64 {
        mean(&self.windows.iter().map(figure).collect::<Vec<f64>>())
    }

    /// Latency of all windows together.
    #[must_use]
    pub fn percentiles(&self) -> Percentiles {
        merged(self.windows.iter().map(|window| &window.latency))
    }

    fn lag(&self) -> Percentiles {
        merged(self.windows.iter().map(|window| &window.lag))
    }

    pub(super) fn to_json(&self) -> Json {
        Json::object([
            ("target", Json::Count(self.target.into())),
            ("title", Json::text(&self.title)),
            ("windows", Json::Count(self.windows.len() as u64)),
            ("saturated", Json::Count(self.saturated() as u64)),
            ("recordsPerSecond", Json::Number(self.mean(|window| window.rate))),
            ("latencyMs", percentiles_json(&self.percentiles())),
            ("generatorLagMs", percentiles_json(&self.lag())),
            ("generatorBusyShare", Json::Number(self.mean(|window| window.busy_share))),
            ("cpuUsPerRecord", Json::Number(self.mean(|window| window.cpu_us))),
            ("submitCpuUsPerRecord", Json::Number(self.mean(|window| window.submit_cpu_us))),
            ("writtenPerPayloadByte", Json::Number(self.mean(|window| window.amplification))),
            ("bytesPerRound", Json::Number(self.mean(|window| window.round_bytes))),
        ])
    }

    pub(super) fn to_text(&self) -> String {
        let (ack, lag) = (self.percentiles(), self.lag());
        let latency = if ack.samples == 0 {
            format!("{:>39}", "closed loop")
        } else {
            format!(
                "{:7.2} {:7.2} {:7.2} {:7.2} {:7.1}",
                ack.p50, ack.p90, ack.p99, ack.p999, ack.max
            )
        };
        format!(
            "{} {:<46} {:>9.0}/s {latency} {:>9} {:5.2} {:4.0}% {:6.3} {:6.3} {:6.3} {:7.0} {}/{}",
            self.target,
            self.title,
            self.mean(|window| window.rate),
            ack.samples,
            lag.p99,
            self.mean(|window| window.busy_share) * 100.0,
            self.mean(|window| window.cpu_us),
            self.mean(|window| window.submit_cpu_us),
            self.mean(|window| window.amplification),
            self.mean(|window| window.round_bytes) / 1_024.0,
            self.saturated(),
            self.windows.len(),
        )
    }
}

fn merged<'a>(parts: impl Iterator<Item = &'a Latency>) -> Percentiles {
    let mut all = Latency::new();
    parts.for_each(|part| all.merge(part));
    all.percentiles()
}

fn percentiles_json(it: &Percentiles) -> Json {
    Json::object([
        ("p50", Json::Number(it.p50)),
        ("p90", Json::Number(it.p90)),
        ("p99", Json::Number(it.p99)),
        ("p99.9", Json::Number(it.p999)),
        ("max", Json::Number(it.max)),
        ("samples", Json::Count(it.samples)),
    ])
}
