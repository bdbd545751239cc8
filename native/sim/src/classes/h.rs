//! Class H: bugs that were planted on purpose, one at a time. Each class of tests hunts each of
//! them; a bug that none of them catches means that they are broken. With no bug they catch
//! nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use foq_log::env::sim::Dice;
use foq_log::planted::{Bug, choose};

use crate::classes::{a, b, c, f};
use crate::directed;

/// Lives of class A in one hunt.
const LIVES: u64 = 120;
/// Flips of class F in one hunt.
const FLIPS: u64 = 4000;
/// Operations of a workload of class B in one hunt.
const OPERATIONS_MAX: usize = 2;

/// How a bug was found.
#[derive(Clone, Debug)]
pub struct Catch {
    /// The class, and what in it.
    pub by: String,
    /// What was broken, in words.
    pub why: String,
}

/// Lets the classes hunt the bug, those that take longest last, until one has caught it: so with
/// no bug all of them hunt.
#[must_use]
pub fn hunt(bug: Option<Bug>, seed: u64) -> Vec<Catch> {
    choose(bug);
    let scenario = |(name, run): &directed::Scenario| (format!("scenario \"{name}\""), caught(run));
    let scenarios = directed::SCENARIOS.iter().map(scenario);
    let life = |seed| (format!("A (seed {seed})"), caught(|| a::run_seed(seed, false).0));
    let lives = (seed..seed + LIVES).map(life);
    type Hunt = fn(u64) -> Result<(), String>;
    let classes: [(&str, Hunt); 3] = [("F", flips), ("C", faults), ("B", workloads)];
    let classes = classes
        .into_iter()
        .map(|(class, hunt)| (format!("{class} (seed {seed})"), caught(|| hunt(seed))));
    let all = scenarios.chain(lives).chain(classes);
    let first = all.filter_map(|(by, why)| why.map(|why| Catch { by, why })).next();
    choose(None);
    first.into_iter().collect()
}

fn workloads(_seed: u64) -> Result<(), String> {
    b::run(OPERATIONS_MAX, 0, 1).map(drop)
}

/// What a try objects to. A broken invariant of the log panics: that is a catch as well.
fn caught<R>(run: impl FnOnce() -> Result<R, String>) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(ended) => ended.err(),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
            Some(format!("panic: {}", words.unwrap_or("without a word")))
        }
    }
}

fn flips(seed: u64) -> Result<(), String> {
    let closed = f::Closed::grow(seed)?;
    let mut dice = Dice::new(seed);
    (0..FLIPS).try_for_each(|_| closed.flip(dice.below(closed.bits()), &mut f::Flips::default()))
}

fn faults(seed: u64) -> Result<(), String> {
    for nth in 1..=c::count_calls(seed)? {
        for fault in c::FAULTS {
            c::run_one(seed, nth, fault)?;
        }
    }
    Ok(())
}
