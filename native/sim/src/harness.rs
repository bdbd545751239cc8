//! Drives a session through a workload, from one seed: several callers submit, the four steps of
//! a commit go forward one by one, the clock moves and jumps, spares are made, marks and ticks
//! written, readers look; and between any two of these the world may end.

use foq_log::env::Clock;
use foq_log::env::sim::Dice;

use crate::crash::Explorer;
use crate::session::Session;
use crate::workload::{Profile, Step, Workload};

/// What a drive will do: its seed decides it all.
#[derive(Clone)]
pub struct Plan {
    dice: Dice,
    workload: Workload,
    steps: u32,
    /// Whether the workload's closings and openings are done, or left out.
    pub reopens: bool,
}

impl Plan {
    /// A plan of so many steps.
    #[must_use]
    pub fn new(seed: u64, profile: Profile, steps: u32) -> Self {
        let workload = Workload::new(seed, profile);
        Self { dice: Dice::new(seed), workload, steps, reopens: true }
    }

    /// The same plan goes on for so many more steps.
    pub fn prolong(&mut self, steps: u32) {
        self.steps = steps;
    }

    /// What the same callers do after a crash: they repeat what they have no answer to.
    #[must_use]
    pub fn resumed(&self, seed: u64, steps: u32) -> Self {
        Self { dice: Dice::new(seed), workload: self.workload.clone(), steps, ..*self }
    }
}

/// Carries out the plan, exploring the crashes that the session's disk was told to watch for.
///
/// # Errors
/// A broken promise, in words.
pub fn drive(
    session: &mut Session,
    plan: &mut Plan,
    explorer: &mut Explorer,
    depth: u32,
) -> Result<(), String> {
    for _ in 0..plan.steps {
        one_step(session, plan, explorer, depth)?;
        explorer.explore(session.scene(Some(plan), depth))?;
        if session.failure.is_some() {
            break;
        }
    }
    Ok(())
}

fn one_step(
    session: &mut Session,
    plan: &mut Plan,
    explorer: &mut Explorer,
    depth: u32,
) -> Result<(), String> {
    match plan.dice.below(18) {
        0 if session.wants_spare() => return session.prepare_spare().map(|_| ()),
        1 => return session.check_live(),
        8..=9 => return session.seal_step().map(|_| ()),
        10 if plan.dice.one_in(8) => return session.seal_all(&mut |_| Ok(())),
        10 if plan.dice.one_in(4) => return session.merge_all(),
        11 => return session.look_up_one().map(|_| ()),
        14 => return session.backup_some(),
        12 | 13 => return session.merge_step().map(|_| ()),
        // Seldom and not for long: a full disk refuses most of what is asked.
        2 if plan.dice.one_in(20) => {
            let file_bytes = u64::from(session.world.options.journal_file_bytes);
            session.squeeze(plan.dice.below(10) * file_bytes);
        }
        2 => session.relax()?,
        3..=7 if session.in_flight() => return session.step().map(|_| ()),
        _ => {}
    }
    let step = plan.workload.next(&session.model);
    let few = plan.dice.one_in(3);
    let look = &mut |session: &Session| explorer.explore(session.scene(Some(plan), depth));
    match step {
        Step::Submit { caller, op } => session.submit(caller, op),
        Step::Commit if few => session.step().map(|_| ()),
        Step::Commit => session.commit(look),
        Step::AcksDue => {
            session.pass_deadline();
            session.commit(look)
        }
        Step::Mark => session.mark_or_tick(false),
        Step::Tick => session.mark_or_tick(true),
        Step::Advance { wall_ms, monotonic_ms } => {
            let clock = &session.world.clock;
            let wall_at = clock.wall_ms().saturating_add_signed(wall_ms);
            clock.advance(monotonic_ms);
            clock.set_wall(wall_at);
            Ok(())
        }
        Step::Reopen if plan.reopens => session.reopen(look),
        Step::Reopen => Ok(()),
        Step::Crash => explorer.explore_now(session, plan, depth),
    }
}
