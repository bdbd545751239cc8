//! What a run saw: rows against targets, lines of load, the machine; printed and as JSON.

use crate::json::Json;
use crate::latency::{Latency, Percentiles};
use crate::load::Window;
use crate::machine::Machine;
use crate::statistics::{Estimate, mean};

/// One target and what was seen of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Number of the target in docs/benchmarks.md.
    pub target: u8,
    /// What is compared with what.
    pub title: String,
    /// The ratio.
    pub value: Estimate,
    /// What it must reach.
    pub must: f64,
    /// What it should reach.
    pub aim: f64,
    /// Whether more is better; latency ratios want less.
    pub more_is_better: bool,
    /// Figures that belong beside it.
    pub beside: Vec<(String, f64)>,
    /// Open-loop windows of it that were saturated, of how many.
    pub saturated: (usize, usize),
}

impl Row {
    /// `aim`, `must` or `MISSED`; a row that rests on saturated windows says so instead.
    #[must_use]
    pub fn verdict(&self) -> String {
        let reaches = |limit: f64| {
            if self.more_is_better {
                self.value.median >= limit
            } else {
                self.value.median <= limit
            }
        };
        let word = match (reaches(self.aim), reaches(self.must)) {
            (true, _) => "aim",
            (false, true) => "must",
            (false, false) => "MISSED",
        };
        match self.saturated {
            (0, _) => word.to_owned(),
            (some, all) => format!("{word} ({some} of {all} windows saturated)"),
        }
    }

    fn to_json(&self) -> Json {
        let beside = self.beside.iter().map(|(name, it)| (name.clone(), Json::Number(*it)));
        Json::object([
            ("target", Json::Count(self.target.into())),
            ("title", Json::text(&self.title)),
            ("value", estimate_json(&self.value)),
            ("must", Json::Number(self.must)),
            ("aim", Json::Number(self.aim)),
            ("verdict", Json::text(self.verdict())),
            ("beside", Json::Object(beside.collect())),
        ])
    }
}

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

    fn to_json(&self) -> Json {
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

    fn to_text(&self) -> String {
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

/// Everything a run saw.
#[derive(Clone, Debug)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// What was measured.
    pub subject: String,
    /// R1 in every way, MB/s.
    pub streams: Vec<(String, f64)>,
    /// Rates of the warm-up windows, records per second.
    pub warm_up: Vec<f64>,
    /// Targets.
    pub rows: Vec<Row>,
    /// Loads behind them.
    pub lines: Vec<Line>,
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(machine: Machine, subject: &str) -> Self {
        Self {
            machine,
            subject: subject.to_owned(),
            streams: Vec::new(),
            warm_up: Vec::new(),
            rows: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// Tells who waits what is going on.
    pub fn say(&self, what: &str) {
        eprintln!("  {what}");
    }

    /// The whole report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let streams = self.streams.iter().map(|(name, rate)| (name.clone(), Json::Number(*rate)));
        let warm_up = self.warm_up.iter().map(|rate| Json::Number(*rate));
        Json::object([
            ("scenario", Json::text("log")),
            ("subject", Json::text(&self.subject)),
            ("durability", Json::text(self.machine.durability())),
            ("machine", self.machine.to_json()),
            ("deviceMegabytesPerSecond", Json::Object(streams.collect())),
            ("warmUpRecordsPerSecond", Json::List(warm_up.collect())),
            ("targets", Json::List(self.rows.iter().map(Row::to_json).collect())),
            ("loads", Json::List(self.lines.iter().map(Line::to_json).collect())),
        ])
    }

    /// The whole report as text for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = vec![format!("\n{} [{}]", self.subject, self.machine.durability())];
        for (name, value) in self.machine.facts() {
            text.push(format!("  {name:<18} {value}"));
        }
        text.push("\nR1, MB/s durable on a pre-written file (1 MB = 1,000,000 B)".to_owned());
        for three in self.streams.chunks(3) {
            let cells = three.iter().map(|(name, rate)| format!("{name:<24}{rate:7.0}"));
            text.push(format!("  {}", cells.collect::<Vec<String>>().join("   ")));
        }
        text.push(self.targets_text());
        text.push(self.loads_text());
        text.join("\n")
    }

    fn targets_text(&self) -> String {
        let mut text = vec![format!("\nTargets [{}]", self.machine.durability())];
        text.push(format!(
            "# {:<58} {:>8}  {:<18} {:>7} {:>7}  {:>3} verdict",
            "", "median", "95 % interval", "must", "aim", "n"
        ));
        for row in &self.rows {
            let Estimate { median, low, high, rounds } = row.value;
            text.push(format!(
                "{} {:<58} {median:>8.3}  {:<18} {:>7.2} {:>7.2}  {rounds:>3} {}",
                row.target,
                row.title,
                format!("[{low:.3}-{high:.3}]"),
                row.must,
                row.aim,
                row.verdict(),
            ));
            let beside = row.beside.iter().map(|(name, figure)| format!("{name} {figure:.3}"));
            text.push(format!("    {}", beside.collect::<Vec<String>>().join("; ")));
        }
        text.join("\n")
    }

    fn loads_text(&self) -> String {
        let mut text = vec![format!(
            "\nLoads [{}]; latency in ms from the due instant\n# {:<46} {:>11} {:>7} {:>7} {:>7} \
             {:>7} {:>7} {:>9} {:>5} {:>5} {:>6} {:>6} {:>6} {:>7} saturated",
            self.machine.durability(),
            "",
            "durable",
            "p50",
            "p90",
            "p99",
            "p99.9",
            "max",
            "samples",
            "lag99",
            "busy",
            "cpu us",
            "submit",
            "w/pay",
            "KiB/rnd"
        )];
        text.extend(self.lines.iter().map(Line::to_text));
        text.join("\n")
    }
}

fn merged<'a>(parts: impl Iterator<Item = &'a Latency>) -> Percentiles {
    let mut all = Latency::new();
    parts.for_each(|part| all.merge(part));
    all.percentiles()
}

fn estimate_json(estimate: &Estimate) -> Json {
    Json::object([
        ("median", Json::Number(estimate.median)),
        ("low", Json::Number(estimate.low)),
        ("high", Json::Number(estimate.high)),
        ("rounds", Json::Count(estimate.rounds as u64)),
    ])
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
