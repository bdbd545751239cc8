//! The command line of `foq-sim`.

/// What `foq-sim` can be asked.
pub const USAGE: &str = "\
foq-sim --points N     class A: random crash points until N were checked
foq-sim --exhaustive   class B: all workloads of up to --operations (3) operations
foq-sim --faults       class C: every call of some lives fails, in each way
foq-sim --flips        class F: every bit of a closed store is flipped
foq-sim --planted      class H: every planted bug is caught (needs the feature `planted`)
foq-sim --trace        prints all that the life of one seed does

  --seed S        the first seed, or else the variable SEED (default 1)
  --jobs J        threads (default 1)
  --share N       only one in N of what --exhaustive, --faults and --flips would run
  --operations N  see --exhaustive
  --bug NAME      only this planted bug";

/// What to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Class A until so many points were checked.
    Points(u64),
    /// Class B.
    Exhaustive,
    /// Class C.
    Faults,
    /// Class F.
    Flips,
    /// Class H.
    Planted,
    /// One life of class A, told.
    Trace,
}

/// The whole command line.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// What to run.
    pub mode: Mode,
    /// The first seed.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// One in so many is run.
    pub share: u64,
    /// Most operations of a workload.
    pub operations: usize,
    /// One planted bug.
    pub bug: Option<String>,
}

/// Reads the command line, and the variable SEED.
///
/// # Errors
/// What is wrong with it.
pub fn parse(
    words: impl Iterator<Item = String>,
    seed: Option<String>,
) -> Result<Arguments, String> {
    let mut words = words;
    let mut mode = None;
    let mut arguments = Arguments {
        mode: Mode::Trace,
        seed: seed.map_or(Ok(1), |text| number("SEED", Some(text)))?,
        jobs: 1,
        share: 1,
        operations: 3,
        bug: None,
    };
    while let Some(word) = words.next() {
        let chosen = match word.as_str() {
            "--points" => Mode::Points(number(&word, words.next())?),
            "--exhaustive" => Mode::Exhaustive,
            "--faults" => Mode::Faults,
            "--flips" => Mode::Flips,
            "--planted" => Mode::Planted,
            "--trace" => Mode::Trace,
            other => {
                option(&mut arguments, other, words.next())?;
                continue;
            }
        };
        if mode.replace(chosen).is_some() {
            return Err("one mode at a time".to_owned());
        }
    }
    arguments.mode = mode.ok_or("which mode?")?;
    Ok(arguments)
}

fn option(arguments: &mut Arguments, word: &str, value: Option<String>) -> Result<(), String> {
    let count = |value| number(word, value).map(|count| count.max(1));
    let small = |value| count(value).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    match word {
        "--seed" => arguments.seed = number(word, value)?,
        "--jobs" => arguments.jobs = small(value)?.min(64),
        "--share" => arguments.share = count(value)?,
        "--operations" => arguments.operations = small(value)?.min(4),
        "--bug" => arguments.bug = value,
        other => return Err(format!("unknown: {other}")),
    }
    Ok(())
}

fn number(word: &str, value: Option<String>) -> Result<u64, String> {
    let value = value.ok_or_else(|| format!("{word} needs a number"))?;
    let digits = value.replace('_', "");
    digits.parse().map_err(|_| format!("{word} needs a number, not {value:?}"))
}
