//! Runs what the command line asks, spreads it over threads, and prints what came of it. Each
//! failure is printed with the command that shows it again. The last line counts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use foq_sim::classes::{a, b, c, f};
use foq_sim::crash::Tally;
use foq_sim::session::Work;

use crate::arguments::{Arguments, Mode};

/// Points among which every kind of background work comes up.
const POINTS_WITH_ALL: u64 = 10_000;
/// Failures after which a run ends early.
const FAILURES_MAX: usize = 5;
/// One life in so many is lived twice, and must leave the same trace.
const TWICE_ONE_IN: u64 = 50;
/// Lives whose calls fail one by one.
const FAULT_LIVES: u64 = 3;
/// Random pairs of faults in the same lives, for each call.
const PAIRS_PER_CALL: u64 = 4;

/// What a run adds up to.
#[derive(Default)]
struct Report {
    passed: u64,
    failures: Vec<String>,
}

/// Runs one mode to its end.
pub fn run(arguments: &Arguments) -> ExitCode {
    let report = match arguments.mode {
        Mode::Points(count) => points(arguments, count),
        Mode::Exhaustive => exhaustive(arguments),
        Mode::Faults => faults(arguments),
        Mode::Flips => flips(arguments),
        Mode::Planted => planted(arguments),
        Mode::Trace => return trace(arguments),
    };
    for failure in &report.failures {
        println!("FAILED {failure}");
    }
    println!("{} passed, {} failed", report.passed, report.failures.len());
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs `work` in each job's thread, numbered from 0.
fn in_jobs<R: Send>(jobs: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..jobs).map(|job| scope.spawn(move || work(job))).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    })
}

/// A panic is a failure like another, and must not hide which seed it came from.
fn guarded<R>(work: impl FnOnce() -> Result<R, String>) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("panicked, see above".to_owned()))
}

fn points(arguments: &Arguments, count: u64) -> Report {
    let started = Instant::now();
    let next_seed = AtomicU64::new(arguments.seed);
    let checked = AtomicU64::new(0);
    let parts = in_jobs(arguments.jobs, |_| {
        let (mut tally, mut failures, mut lives) = (Tally::default(), Vec::new(), 0u64);
        while checked.load(Ordering::Relaxed) < count && failures.len() < FAILURES_MAX {
            let seed = next_seed.fetch_add(1, Ordering::Relaxed);
            lives += 1;
            match guarded(|| one_life(seed)) {
                Ok(one) => {
                    checked.fetch_add(one.points, Ordering::Relaxed);
                    tally.add(one);
                }
                Err(error) => failures.push(format!(
                    "seed {seed}: {error}\n  again: foq-sim --points 1 --seed {seed}"
                )),
            }
        }
        (tally, failures, lives)
    });
    let (mut tally, mut failures, mut lives) = (Tally::default(), Vec::new(), 0);
    for (one, failed, lived) in parts {
        tally.add(one);
        failures.extend(failed);
        lives += lived;
    }
    let seconds = started.elapsed().as_secs_f64().max(0.001);
    let per_second = tally.points as f64 / seconds;
    println!("{} points in {lives} lives from seed {}", tally.points, arguments.seed);
    println!("{per_second:.0} points/s");
    println!("{} acked records checked, lost: {}", tally.acked_records, failures.len());
    let Work { seals, lookups, partial_lookups, backups } = tally.work;
    println!("{seals} seals, {lookups} lookups, {partial_lookups} of them of partial chats");
    println!("{backups} backups made and restored");
    let least = seals.min(lookups).min(partial_lookups).min(backups);
    if tally.points >= POINTS_WITH_ALL && least == 0 {
        failures.push("no seal, lookup, partial lookup or backup: what was tested?".to_owned());
    }
    Report { passed: tally.points, failures }
}

fn one_life(seed: u64) -> Result<Tally, String> {
    let twice = seed.is_multiple_of(TWICE_ONE_IN);
    let (lived, trace) = a::run_seed(seed, twice);
    let tally = lived?;
    if twice && a::run_seed(seed, true).1 != trace {
        return Err("lived twice, it left two traces".to_owned());
    }
    Ok(tally)
}

fn exhaustive(arguments: &Arguments) -> Report {
    let jobs = arguments.jobs * usize::try_from(arguments.share).unwrap_or(1);
    let parts = in_jobs(arguments.jobs, |job| {
        guarded(|| b::run(arguments.operations, job, jobs))
            .map_err(|error| format!("{error}\n  again: foq-sim --exhaustive"))
    });
    let mut report = Report::default();
    let mut tally = Tally::default();
    for part in parts {
        match part {
            Ok(one) => tally.add(one),
            Err(error) => report.failures.push(error),
        }
    }
    println!(
        "{} points of all workloads of up to {} operations, one in {}; {} cuts were sampled",
        tally.points, arguments.operations, arguments.share, tally.sampled_cuts
    );
    report.passed = tally.points;
    report
}

fn faults(arguments: &Arguments) -> Report {
    let mut report = Report::default();
    for seed in arguments.seed..arguments.seed + FAULT_LIVES {
        let calls = match guarded(|| c::count_calls(seed)) {
            Ok(calls) => calls,
            Err(error) => {
                report.failures.push(format!("seed {seed}, no fault: {error}"));
                continue;
            }
        };
        println!("seed {seed}: {calls} calls fail in {} ways each, and in pairs", c::FAULTS.len());
        let next_call = AtomicU64::new(1);
        let parts = in_jobs(arguments.jobs, |_| {
            let mut part = Report::default();
            loop {
                let nth = next_call.fetch_add(arguments.share, Ordering::Relaxed);
                if nth > calls || part.failures.len() >= FAILURES_MAX {
                    return part;
                }
                let mut tell = |met: Result<Tally, String>| match met {
                    Ok(tally) => part.passed += tally.points,
                    Err(error) => part.failures.push(format!(
                        "seed {seed}, {error}\n  again: foq-sim --faults --seed {seed}"
                    )),
                };
                for fault in c::FAULTS {
                    tell(guarded(|| c::run_one(seed, nth, fault)));
                }
                for pair in 0..PAIRS_PER_CALL {
                    tell(guarded(|| c::run_pair(seed, calls, nth * PAIRS_PER_CALL + pair)));
                }
            }
        });
        for part in parts {
            report.passed += part.passed;
            report.failures.extend(part.failures);
        }
    }
    report
}

fn flips(arguments: &Arguments) -> Report {
    let next_bit = AtomicU64::new(0);
    let parts = in_jobs(arguments.jobs, |_| {
        let (mut flips, mut failures) = (f::Flips::default(), Vec::new());
        // Each thread grows the same store.
        let closed = match guarded(|| f::Closed::grow(arguments.seed)) {
            Ok(closed) => closed,
            Err(error) => return (String::new(), flips, vec![error]),
        };
        let about = format!("a store of {} bits: {}", closed.bits(), closed.describe());
        loop {
            let bit = next_bit.fetch_add(arguments.share, Ordering::Relaxed);
            if bit >= closed.bits() || failures.len() >= FAILURES_MAX {
                return (about, flips, failures);
            }
            if let Err(error) = guarded(|| closed.flip(bit, &mut flips)) {
                let seed = arguments.seed;
                failures.push(format!("{error}\n  again: foq-sim --flips --seed {seed}"));
            }
        }
    });
    let mut report = Report::default();
    let mut all = f::Flips::default();
    for (index, (about, flips, failures)) in parts.into_iter().enumerate() {
        if index == 0 {
            println!("{about}");
        }
        all.add(&flips);
        report.failures.extend(failures);
    }
    println!("{} flips: {} harmless, detected {:?}", all.count, all.harmless, all.detected);
    report.passed = all.count.saturating_sub(report.failures.len() as u64);
    report
}

#[cfg(not(feature = "planted"))]
fn planted(_: &Arguments) -> Report {
    let message = "no bug can be planted: built without the feature `planted`".to_owned();
    Report { passed: 0, failures: vec![message] }
}

#[cfg(feature = "planted")]
fn planted(arguments: &Arguments) -> Report {
    use foq_log::planted::Bug;
    use foq_sim::classes::h;
    std::panic::set_hook(Box::new(|_| ()));
    let wanted = |bug: &Bug| arguments.bug.as_ref().is_none_or(|name| *name == format!("{bug:?}"));
    let hunted: Vec<Option<Bug>> =
        Bug::ALL.into_iter().filter(wanted).map(Some).chain([None]).collect();
    let next = AtomicU64::new(0);
    let parts = in_jobs(arguments.jobs, |_| {
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(bug) = usize::try_from(index).ok().and_then(|index| hunted.get(index)) else {
                return results;
            };
            results.push((index, *bug, h::hunt(*bug, arguments.seed)));
        }
    });
    let mut results: Vec<_> = parts.into_iter().flatten().collect();
    results.sort_by_key(|(index, _, _)| *index);
    let mut report = Report::default();
    for (_, bug, catches) in results {
        match (bug, catches.first()) {
            (Some(bug), Some(first)) => {
                let by: Vec<&str> = catches.iter().map(|catch| catch.by.as_str()).collect();
                println!("{bug:?}: caught by {}", by.join(", "));
                println!("    {}", shortened(&first.why));
                report.passed += 1;
            }
            (Some(bug), None) => report.failures.push(format!("{bug:?} was not caught")),
            (None, None) => {
                println!("no bug: nothing was caught");
                report.passed += 1;
            }
            (None, Some(catch)) => {
                report.failures.push(format!("no bug, yet {} found: {}", catch.by, catch.why));
            }
        }
    }
    report
}

/// The end of a message says what was broken.
#[cfg(feature = "planted")]
fn shortened(why: &str) -> String {
    let from = why.chars().count().saturating_sub(160);
    why.chars().skip(from).map(|each| if each == '\n' { ' ' } else { each }).collect()
}

fn trace(arguments: &Arguments) -> ExitCode {
    let (lived, lines) = a::run_seed(arguments.seed, true);
    for line in lines {
        println!("{line}");
    }
    match lived {
        Ok(_) => {
            println!("1 passed, 0 failed");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("FAILED seed {}: {error}\n0 passed, 1 failed", arguments.seed);
            ExitCode::FAILURE
        }
    }
}
