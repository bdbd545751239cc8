//! What a run saw: rows against targets, lines of load, the machine; printed and as JSON.

mod line;
mod row;

use crate::json::Json;
use crate::machine::Machine;
use crate::statistics::Estimate;
pub use line::Line;
pub use row::Row;

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
