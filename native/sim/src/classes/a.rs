//! Class A: random lives of a store, cut at random moments with random survivors. One seed is one
//! life with some hundreds of points; nothing answered may be lost at any of them.

use foq_log::env::sim::Dice;
use foq_log::{Durability, Keep, Options, Retention};

use crate::crash::{Explorer, Tally};
use crate::harness::{self, Plan};
use crate::session::Session;
use crate::workload::Profile;
use crate::world::{START_MS, World};

const HOUR_MS: u64 = 60 * 60 * 1000;
/// Calls kept of a traced life.
const TRACE_MAX: usize = 200_000;
/// Moments kept between two looks.
const CUTS_MAX: usize = 64;

/// One life; an error is a broken promise, in words. With `traced`, the second value tells all
/// that was done, line by line.
pub fn run_seed(seed: u64, traced: bool) -> (Result<Tally, String>, Vec<String>) {
    let mut dice = Dice::new(seed);
    let world = World::new(options(&mut dice), START_MS + dice.below(48 * HOUR_MS), seed);
    let mut explorer = Explorer::new(dice.throw(), 1 + dice.below(3));
    if traced {
        world.disk.trace(TRACE_MAX);
        explorer.transcript = Some(Vec::new());
    }
    let disk = world.disk.clone();
    let lived = live(world, &mut dice, &mut explorer);
    let mut transcript = explorer.transcript.unwrap_or_default();
    transcript.extend(disk.take_trace().iter().map(ToString::to_string));
    (lived.map(|()| explorer.tally), transcript)
}

fn live(world: World, dice: &mut Dice, explorer: &mut Explorer) -> Result<(), String> {
    world.disk.watch(1 + dice.below(6), dice.throw(), CUTS_MAX);
    let profile = match dice.below(4) {
        0 => Profile::DENSE,
        1 => Profile::WIDE,
        _ => Profile::MIXED,
    };
    let steps = 40 + u32::try_from(dice.below(160)).unwrap_or(0);
    let mut plan = Plan::new(dice.throw(), profile, steps);
    let mut session = Session::create(world, dice.throw())
        .map_err(|error| format!("an empty disk does not open: {error}"))?;
    session.story = explorer.transcript.is_some().then(Vec::new);
    let lived = work(&mut session, &mut plan, explorer, dice.one_in(2));
    explorer.hear(&mut session, "the whole life");
    lived
}

fn work(
    session: &mut Session,
    plan: &mut Plan,
    explorer: &mut Explorer,
    reopens: bool,
) -> Result<(), String> {
    harness::drive(session, plan, explorer, 0)?;
    session.finish_backup()?;
    explorer.explore(session.scene(Some(plan), 0))?;
    if reopens {
        session.reopen(&mut |session| explorer.explore(session.scene(Some(plan), 0)))?;
        session.check_live()?;
    }
    explorer.explore_now(session, plan, 0)
}

/// Small files and short retention, so that everything happens within a few dozen operations.
#[must_use]
pub fn options(dice: &mut Dice) -> Options {
    let keep = match dice.below(6) {
        0 => Keep::Window,
        1 => Keep::Forever,
        _ => Keep::UntilReceived,
    };
    let max_age_hours = if dice.one_in(2) { 1 + dice.below(72) } else { 30 * 24 };
    let small = |below: u64| u32::try_from(below).unwrap_or(0);
    Options {
        create: true,
        read_only: false,
        durability: if dice.one_in(8) { Durability::PageCacheUnsafe } else { Durability::Fsync },
        journal_file_bytes: 4096 * (2 + small(dice.below(3))),
        round_bytes_max: 4096,
        payload_bytes_max: 3072,
        pending_bytes_max: 64 << 10,
        dedup_depth: u16::try_from(1 + dice.below(4)).unwrap_or(1),
        ack_flush_ms: 1000,
        idle_mark_ms: 50,
        spares: u16::try_from(1 + dice.below(2)).unwrap_or(1),
        // Drivers seal when they like.
        journal_window_bytes: u64::MAX,
        journal_window_ms: 60_000,
        // Less than the tables of a life, so that blocks leave the cache too.
        cache_bytes: 8 << 10,
        table_bytes_max: 4096 << dice.below(3),
        erase_within_ms: HOUR_MS,
        background_bytes_per_second: 1 << 20,
        retention: Retention {
            keep,
            max_age_ms: max_age_hours * HOUR_MS,
            keep_at_least_ms: if dice.one_in(2) { 0 } else { dice.below(4) * HOUR_MS },
            max_bytes: if dice.one_in(6) { 512 << dice.below(4) } else { 0 },
        },
    }
}
