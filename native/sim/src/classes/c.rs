//! Class C: every call that a life of a store makes to its disk fails once, in each way. Whatever
//! the log answers, it names the failure, loses nothing it answered, goes on serving reads, and
//! opens again.

use foq_log::env::sim::{Dice, Fault, FaultRule, Survivors};
use foq_log::{Durability, Error, Log};

use crate::classes::a;
use crate::crash::{Explorer, Scene, Tally};
use crate::harness::{self, Plan};
use crate::model::Model;
use crate::session::{Session, Work};
use crate::workload::Profile;
use crate::world::{START_MS, World};

/// Steps of the life before its clean close, and after it.
const STEPS: u32 = 70;
const STEPS_AFTER_CLOSE: u32 = 20;

/// Ways in which each call fails.
pub const FAULTS: [Fault; 4] = [Fault::Io, Fault::NoSpace, Fault::Short, Fault::Crash];

/// The life of this seed with two faults, decided by `pair`; and what comes after.
///
/// # Errors
/// A broken promise, in words.
pub fn run_pair(seed: u64, calls: u64, pair: u64) -> Result<Tally, String> {
    let mut dice = Dice::new(pair);
    let mut rule = || {
        let fault = *dice.pick(&FAULTS);
        FaultRule { count: 1 + dice.below(3), ..FaultRule::nth_call(1 + dice.below(calls), fault) }
    };
    let rules = [rule(), rule()];
    run_with(seed, &rules).map_err(|error| format!("{rules:?}: {error}"))
}

/// What is left of a life that met a fault.
struct Remains {
    world: World,
    model: Model,
}

/// How many calls the life of this seed makes when nothing fails.
///
/// # Errors
/// A broken promise, in words.
pub fn count_calls(seed: u64) -> Result<u64, String> {
    let mut session = Session::create(a_world(seed), seed).map_err(|error| error.to_string())?;
    live_in(&mut session, seed)?;
    let Work { seals, lookups, backups, .. } = session.work;
    if seals.min(lookups).min(backups) == 0 {
        return Err(format!("{seals} seals, {lookups} lookups, {backups} backups: too little"));
    }
    let (world, _) = session.close()?;
    Ok(world.disk.calls())
}

/// The life of this seed, in which call `nth` meets the fault; and what comes after.
///
/// # Errors
/// A broken promise, in words.
pub fn run_one(seed: u64, nth: u64, fault: Fault) -> Result<Tally, String> {
    run_with(seed, &[FaultRule::nth_call(nth, fault)])
        .map_err(|error| format!("{fault:?} at call {nth}: {error}"))
}

/// The life of this seed with these faults; and what comes after.
///
/// # Errors
/// A broken promise, in words.
pub fn run_with(seed: u64, rules: &[FaultRule]) -> Result<Tally, String> {
    let world = a_world(seed);
    for rule in rules {
        world.disk.add_fault(rule.clone());
    }
    let Remains { world, model } = live(world, seed)?;
    if world.disk.faults_met() == 0 {
        return Ok(Tally::default());
    }
    world.disk.clear_faults();
    let mut explorer = Explorer::new(seed, 1);
    let cut = world.disk.cut();
    let scene = Scene { world: &world, model: &model, plan: None, depth: 0, power_was_cut: false };
    for survivors in
        [Survivors::None, Survivors::All, Survivors::Random(seed), Survivors::Random(seed + 1)]
    {
        explorer.recover_cut(scene, &cut, Some(survivors))?;
    }
    // The same machine, with what its page cache now pretends.
    let disk = if world.disk.crashed() { cut.kill() } else { world.disk.clone() };
    let world = world.after_stop(disk, 1000);
    go_on(world, model, seed).map_err(|error| format!("when opened again: {error}"))?;
    explorer.tally.points += 1;
    Ok(explorer.tally)
}

fn a_world(seed: u64) -> World {
    let mut options = a::options(&mut Dice::new(seed));
    options.durability = Durability::Fsync;
    options.journal_file_bytes = 8192;
    World::new(options, START_MS, seed)
}

/// Creation, `live_in`, another close; or less, where a fault ends it.
fn live(world: World, seed: u64) -> Result<Remains, String> {
    let mut session = match Session::create(world.clone(), seed) {
        Ok(session) => session,
        Err(error) => {
            named(&error, &world)?;
            let model = Model::new(&world.options);
            return Ok(Remains { world, model });
        }
    };
    live_in(&mut session, seed)?;
    session.check_failure(named)?;
    let (world, model) = session.close()?;
    Ok(Remains { world, model })
}

/// Work, all of it sealed, merged and backed up, a clean close and another opening, more work, which looks
/// chats up.
fn live_in(session: &mut Session, seed: u64) -> Result<(), String> {
    let mut plan = Plan::new(seed, Profile::MIXED, STEPS);
    work(session, &mut plan)?;
    session.seal_all(&mut |_| Ok(()))?;
    session.merge_all()?;
    session.begin_backup()?;
    session.finish_backup()?;
    if session.failure.is_none() {
        session.reopen(&mut |_| Ok(()))?;
        plan.prolong(STEPS_AFTER_CLOSE);
        work(session, &mut plan)?;
    }
    Ok(())
}

/// Drives and comes to rest; readers see what is durable, even after a failure.
fn work(session: &mut Session, plan: &mut Plan) -> Result<(), String> {
    harness::drive(session, plan, &mut Explorer::new(0, 1), 0)?;
    session.drain(&mut |_| Ok(()))?;
    if session.world.disk.crashed() {
        return Ok(());
    }
    session.check_live().map_err(|error| format!("reads after a failure: {error}"))
}

fn go_on(world: World, mut model: Model, seed: u64) -> Result<(), String> {
    let log = Log::open(&world.env(), &world.options).map_err(|error| error.to_string())?;
    let round = log.rounds().0;
    model.check_recovered_at(&log.reader(), round)?;
    model.resume(round);
    let mut plan = Plan::new(seed + 1, Profile::MIXED, STEPS_AFTER_CLOSE);
    let mut session = Session::new(world, log, model, seed);
    harness::drive(&mut session, &mut plan, &mut Explorer::new(0, 1), 0)?;
    session.drain(&mut |_| Ok(()))?;
    session.check_live()?;
    session.close().map(|_| ())
}

/// A failure is one of those that a caller can act on, and has a cause.
fn named(error: &Error, world: &World) -> Result<(), String> {
    if world.disk.faults_met() == 0 {
        return Err(format!("failed without a fault: {error}"));
    }
    match error {
        Error::Unavailable { .. } | Error::Poisoned { .. } | Error::DiskFull { .. } => Ok(()),
        other => Err(format!("a fault of the disk is answered with {} {other}", other.code())),
    }
}
