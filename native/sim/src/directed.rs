//! Directed scenarios: short lives written by hand, each for a promise whose breach random lives
//! would take long to meet.

/// A name and what it runs; an error is a broken promise, in words.
pub type Scenario = (&'static str, fn() -> Result<(), String>);

/// All of them.
pub const SCENARIOS: &[Scenario] = &[];
