//! Power cuts and kills: takes moments of a disk, decides what survives, opens the store that is
//! found, and asks the model whether it is one that was promised. Then goes on from there.
//!
//! A *point* is one such recovery, checked. Recoveries are interrupted too, again and again, down
//! to `DEPTH_MAX` crashes in a row.

use foq_log::env::sim::{Cut, Dice, SimDisk, Survivors};

use foq_log::{Error, Log, Options};

use crate::harness::{self, Plan};
use crate::model::Model;
use crate::session::{Session, Work};
use crate::world::World;

/// Crashes in a row, each inside or shortly after the recovery from the one before.
const DEPTH_MAX: u32 = 3;
/// Moments looked at inside one recovery, or the short life after it.
const CUTS_MAX: usize = 6;
/// Steps of the life after a recovery; one life in four is long enough to fill a journal file.
const LIFE_STEPS: u32 = 16;
const LONG_LIFE_STEPS: u32 = 90;
const HOUR_MS: u64 = 60 * 60 * 1000;

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Recoveries checked.
    pub points: u64,
    /// Answered records looked for in them.
    pub acked_records: u64,
    /// What sessions did, besides commits.
    pub work: Work,
    /// Cuts whose survivor sets were too many, and were sampled.
    pub sampled_cuts: u64,
}

impl Tally {
    /// Adds what another looked at.
    pub fn add(&mut self, other: Self) {
        self.points += other.points;
        self.acked_records += other.acked_records;
        self.work.add(other.work);
        self.sampled_cuts += other.sampled_cuts;
    }
}

/// What is known at the moment of a cut.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// Where it happens.
    pub world: &'a World,
    /// What was promised.
    pub model: &'a Model,
    /// What would have been done next, where someone goes on with it.
    pub plan: Option<&'a Plan>,
    /// Crashes before this one.
    pub depth: u32,
    /// Whether one of them, of which the model does not know yet, was a power cut.
    pub power_was_cut: bool,
}

/// See the module.
pub struct Explorer {
    /// So far.
    pub tally: Tally,
    /// What was done, line by line, when it is wanted.
    pub transcript: Option<Vec<String>>,
    dice: Dice,
    /// Survivor sets tried per cut.
    sets_per_cut: u64,
}

impl Explorer {
    /// An explorer whose choices are decided by `seed`.
    #[must_use]
    pub fn new(seed: u64, sets_per_cut: u64) -> Self {
        Self { tally: Tally::default(), transcript: None, dice: Dice::new(seed), sets_per_cut }
    }

    /// Recovers from each moment that the disk collected, with some survivor sets.
    ///
    /// # Errors
    /// A broken promise, in words.
    pub fn explore(&mut self, scene: Scene<'_>) -> Result<(), String> {
        for cut in scene.world.disk.take_cuts() {
            self.explore_cut(scene, &cut)?;
        }
        Ok(())
    }

    /// Recovers from one moment with some survivor sets, and perhaps from a kill.
    ///
    /// # Errors
    /// A broken promise, in words.
    pub fn explore_cut(&mut self, scene: Scene<'_>, cut: &Cut) -> Result<(), String> {
        if scene.depth >= DEPTH_MAX {
            return Ok(());
        }
        let sets = if cut.unsynced_count() == 0 { 1 } else { self.sets_per_cut };
        for _ in 0..sets {
            let survivors = match self.dice.below(10) {
                0 => Survivors::None,
                1 => Survivors::All,
                _ => Survivors::Random(self.dice.throw()),
            };
            self.recover_cut(scene, cut, Some(survivors))?;
        }
        if self.dice.one_in(3) {
            self.recover_cut(scene, cut, None)?;
        }
        Ok(())
    }

    /// One point: power cut with these survivors, or a kill.
    ///
    /// # Errors
    /// A broken promise, in words, with the cut and the survivors.
    pub fn recover_cut(
        &mut self,
        scene: Scene<'_>,
        cut: &Cut,
        survivors: Option<Survivors>,
    ) -> Result<(), String> {
        let found = || survivors.map_or_else(|| cut.kill(), |survivors| cut.power_cut(survivors));
        if let Some(taken) = &scene.world.backup
            && self.dice.one_in(4)
        {
            let done = taken.done_at.is_some_and(|calls| calls <= cut.calls);
            taken.check(&found(), scene.world, done).map_err(|error| {
                format!("after call {}, a backup after {survivors:?}: {error}", cut.calls)
            })?;
        }
        let disk = found();
        let power_was_cut = scene.power_was_cut || survivors.is_some();
        self.recover(Scene { power_was_cut, ..scene }, disk).map_err(|error| {
            let what = survivors.map_or("kill".to_owned(), |set| format!("power cut, {set:?}"));
            let unsynced = cut.unsynced();
            format!("after call {}, {what} of {unsynced:?}: {error}", cut.calls)
        })
    }

    /// Opens what is found on `disk`; the model must know it.
    fn recover(&mut self, scene: Scene<'_>, disk: SimDisk) -> Result<(), String> {
        let Scene { model, depth, .. } = scene;
        // Whoever starts it again has freed the disk.
        disk.set_space(World::ROOMY);
        let world = scene.world.after_stop(disk, self.stopped_ms());
        if self.dice.one_in(16) {
            look_read_only(&world, model)?;
        }
        let digs = scene.plan.is_some() && depth + 1 < DEPTH_MAX;
        let interrupted = digs && self.dice.one_in(6);
        if interrupted {
            world.disk.watch(2, self.dice.throw(), CUTS_MAX);
        }
        let log = Log::open(&world.env(), &world.options)
            .map_err(|error| format!("the store does not open: {} {error}", error.code()))?;
        let round = log.rounds().0;
        model.check_recovered_at(&log.reader(), round)?;
        if self.dice.one_in(4) {
            log.reader().check_tables().map_err(|error| format!("I19: {error}"))?;
        }
        if !scene.power_was_cut && round < model.acked_round() {
            // A kill loses nothing that was answered, not even of the unsafe class.
            let least = model.acked_round();
            return Err(format!("I1: recovered at round {round}, but round {least} was answered"));
        }
        self.tally.points += 1;
        self.tally.acked_records += world.acked_records;
        if let Some(transcript) = &mut self.transcript {
            let calls = world.disk.calls();
            transcript.push(format!("point: depth {depth}, round {round}, {calls} calls"));
        }
        if interrupted {
            self.explore(Scene { world: &world, depth: depth + 1, ..scene })?;
        }
        match scene.plan {
            Some(plan) if digs && self.dice.one_in(8) => {
                let mut model = model.clone();
                model.resume(round);
                self.live_on(world, log, model, plan, depth + 1)
                    .map_err(|error| format!("in the life after recovering round {round}: {error}"))
            }
            _ => Ok(()),
        }
    }

    /// What was recovered is as good as any store: more is done with it, and it crashes again.
    fn live_on(
        &mut self,
        world: World,
        log: Log,
        model: Model,
        plan: &Plan,
        depth: u32,
    ) -> Result<(), String> {
        let seed = self.dice.throw();
        world.disk.watch(3, seed, CUTS_MAX);
        let mut session = Session::new(world, log, model, seed);
        session.story = self.transcript.is_some().then(Vec::new);
        let steps = if self.dice.one_in(4) { LONG_LIFE_STEPS } else { LIFE_STEPS };
        let mut plan = plan.resumed(seed, steps);
        let lived = harness::drive(&mut session, &mut plan, self, depth)
            .and_then(|()| self.explore_now(&session, &plan, depth));
        self.hear(&mut session, &format!("life after recovery, depth {depth}"));
        lived
    }

    /// Adds what a session did, and its story.
    pub fn hear(&mut self, session: &mut Session, title: &str) {
        self.tally.work.add(session.work);
        if let (Some(transcript), Some(story)) = (&mut self.transcript, session.story.take()) {
            transcript.push(title.to_owned());
            transcript.extend(story);
        }
    }

    /// Recovers from this very moment of the session.
    ///
    /// # Errors
    /// A broken promise, in words.
    pub fn explore_now(
        &mut self,
        session: &Session,
        plan: &Plan,
        depth: u32,
    ) -> Result<(), String> {
        let cut = session.world.disk.cut();
        self.explore_cut(session.scene(Some(plan), depth), &cut)
    }

    /// Mostly short, sometimes a holiday.
    fn stopped_ms(&mut self) -> u64 {
        match self.dice.below(20) {
            0 => self.dice.below(9 * 24 * HOUR_MS),
            1 => self.dice.below(2 * HOUR_MS),
            _ => self.dice.below(5000),
        }
    }
}

/// Whoever only looks sees a lawful state, and changes nothing.
fn look_read_only(world: &World, model: &Model) -> Result<(), String> {
    let before = world.disk.files();
    let options = Options { create: false, read_only: true, ..world.options.clone() };
    match Log::open(&world.env(), &options) {
        Ok(log) => model
            .check_recovered_at(&log.reader(), log.rounds().0)
            .map_err(|error| format!("read-only: {error}"))?,
        // The crash came before there was a store.
        Err(Error::Unavailable { .. }) => {}
        Err(error) => return Err(format!("it does not open read-only: {error}")),
    }
    if world.disk.files() == before { Ok(()) } else { Err("a look has changed files".to_owned()) }
}
