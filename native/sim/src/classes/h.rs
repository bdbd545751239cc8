//! Class H: bugs that were planted on purpose, one at a time. A class of tests that lets its bug
//! through is broken; and with no bug the same hunt finds nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use foq_log::env::sim::Dice;
use foq_log::planted::{Bug, choose};

use crate::classes::{a, b, c, f};
use crate::directed;

/// How a bug was found.
#[derive(Clone, Debug)]
pub struct Catch {
    /// The class, and what in it.
    pub by: String,
    /// What was broken, in words.
    pub why: String,
}

/// A try: its name, and what it runs.
type Attempt = (String, Box<dyn Fn() -> Result<(), String>>);

/// Tries of growing size until one fails, or none does.
#[must_use]
pub fn hunt(bug: Option<Bug>, seed: u64) -> Option<Catch> {
    choose(bug);
    let caught = attempts(seed).into_iter().find_map(|(by, run)| {
        // A broken invariant of the log panics: that is a catch as well.
        let ended = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("panic: {}", words.unwrap_or("without a word")))
        });
        ended.err().map(|why| Catch { by, why })
    });
    choose(None);
    caught
}

fn attempts(seed: u64) -> Vec<Attempt> {
    let mut all: Vec<Attempt> = Vec::new();
    for seeds in [seed..seed + 20, seed + 20..seed + 200] {
        for seed in seeds {
            all.push((
                format!("class A, seed {seed}"),
                Box::new(move || a::run_seed(seed, false).0.map(|_| ())),
            ));
        }
        all.push((format!("class F, seed {seed}"), Box::new(move || flips(seed))));
        for (name, scenario) in directed::SCENARIOS {
            all.push((format!("scenario: {name}"), Box::new(scenario)));
        }
    }
    all.push(("class B, two operations".to_owned(), Box::new(|| b::run(2, 0, 1).map(|_| ()))));
    all.push((format!("class C, seed {seed}"), Box::new(move || faults(seed))));
    all
}

fn flips(seed: u64) -> Result<(), String> {
    let closed = f::Closed::grow(seed)?;
    let mut dice = Dice::new(seed);
    (0..4000).try_for_each(|_| closed.flip(dice.below(closed.bits()), &mut f::Flips::default()))
}

fn faults(seed: u64) -> Result<(), String> {
    for nth in 1..=c::count_calls(seed)? {
        for fault in c::FAULTS {
            c::run_one(seed, nth, fault)?;
        }
    }
    Ok(())
}
