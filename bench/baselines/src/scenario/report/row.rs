//! A target and what was seen of it.

use crate::json::Json;
use crate::statistics::Estimate;

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
    /// Open-loop rounds of it with a saturated window, of how many.
    pub saturated: (usize, usize),
}

impl Row {
    /// `aim`, `must` or `MISSED`, and how many rounds were saturated; where all were, nothing was
    /// measured.
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
            (some, all) if some == all => format!("saturated, not measured ({word})"),
            (some, all) => format!("{word} ({some} of {all} rounds saturated)"),
        }
    }

    pub(super) fn to_json(&self) -> Json {
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

fn estimate_json(estimate: &Estimate) -> Json {
    Json::object([
        ("median", Json::Number(estimate.median)),
        ("low", Json::Number(estimate.low)),
        ("high", Json::Number(estimate.high)),
        ("rounds", Json::Count(estimate.rounds as u64)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(median: f64, more_is_better: bool, saturated: (usize, usize)) -> Row {
        let (must, aim) = if more_is_better { (0.8, 0.9) } else { (1.4, 1.15) };
        let value = Estimate { median, ..Estimate::default() };
        let (title, beside) = (String::new(), Vec::new());
        Row { target: 1, title, value, must, aim, more_is_better, beside, saturated }
    }

    #[test]
    fn a_rate_reaches_a_limit_from_above_and_a_latency_from_below() {
        let words = |more, figures: [f64; 3]| figures.map(|it| row(it, more, (0, 5)).verdict());
        assert_eq!(words(true, [0.9, 0.8, 0.79]), ["aim", "must", "MISSED"]);
        assert_eq!(words(false, [1.15, 1.4, 1.41]), ["aim", "must", "MISSED"]);
    }

    #[test]
    fn a_row_says_how_many_of_its_rounds_were_saturated_and_that_all_of_them_measure_nothing() {
        assert_eq!(row(0.9, true, (2, 5)).verdict(), "aim (2 of 5 rounds saturated)");
        assert_eq!(row(0.9, true, (5, 5)).verdict(), "saturated, not measured (aim)");
    }
}
