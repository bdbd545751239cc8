//! The committer's thread: the only one that touches the log.
//!
//! Its loop never sleeps while anything can be committed, and adds no delay: what comes while a
//! sync runs is the next round.

mod behind;
mod conditions;
mod ending;
mod idling;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::conditions::Condition;
use self::conditions::Conditions;
use super::barrier::Barriers;
use super::counting::Counting;
use super::desk::Desk;
use super::intake::{Intake, Mail};
use super::lookups::Lookups;
use super::sealer::Sealer;
use super::writer::Writers;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::news::Ring;
use crate::ops::Completion;
use crate::options::{Durability, Options};
use crate::{Assembled, Log, Packed, Reader, Round, SpareMaker};

/// An idle log carries the time this often, so that retention moves on.
const TICK_MS: u64 = 60_000;
/// Free space is looked at this often while there is work, and whenever a spare took some: so
/// appends, which stop first, use up little of what is kept for acks.
const SPACE_MS: u64 = 1_000;

/// How long marks of others wait for more before they ring somebody.
const QUIET: Duration = Duration::from_millis(100);

/// What works for the committer.
pub(super) struct Helpers {
    pub(super) sealer: Sealer,
    pub(super) lookups: Lookups,
    pub(super) writers: Writers,
    pub(super) counting: Arc<Counting>,
}

/// See the module.
pub(super) struct Committer {
    log: Log,
    env: Env,
    intake: Arc<Intake>,
    sealer: Sealer,
    lookups: Lookups,
    writers: Writers,
    counting: Arc<Counting>,
    /// When a seal that had no space, or met damage, is tried again.
    seal_at: u64,
    /// Seals in a row that gave up.
    seals_given_up: u32,
    conditions: Conditions,
    /// Whether rounds are synced at all.
    syncs: bool,
    spares: SpareMaker,
    desk: Desk,
    barriers: Barriers,
    mail: Mail,
    /// Answers on their way to the desk; re-used.
    completions: Vec<Completion>,
    reader: Reader,
    /// Attachments that are to be rung; re-used.
    rings: Vec<Ring>,
    read_only: bool,
    idle_mark_ms: u64,
    /// When the last round needs its mark; none while it has one.
    mark_at: Option<u64>,
    tick_at: u64,
    space_at: u64,
    /// When those are rung who only have marks of others to hear; none while nobody has. Of the
    /// real clock, as nobody waits in a simulated one for it.
    quiet_until: Option<Instant>,
    /// How many of the looks asked for are done.
    looked: u64,
}

impl Committer {
    pub(super) fn new(
        log: Log,
        env: &Env,
        options: &Options,
        intake: Arc<Intake>,
        helpers: Helpers,
    ) -> Self {
        let Helpers { sealer, lookups, writers, counting } = helpers;
        let now = env.clock.monotonic_ms();
        Self {
            spares: log.spare_maker(),
            reader: log.reader(),
            rings: Vec::new(),
            log,
            env: env.clone(),
            intake,
            sealer,
            lookups,
            writers,
            counting,
            seal_at: now,
            seals_given_up: 0,
            conditions: Conditions::default(),
            syncs: options.durability == Durability::Fsync,
            desk: Desk::default(),
            barriers: Barriers::default(),
            mail: Mail::default(),
            completions: Vec::new(),
            read_only: options.read_only,
            idle_mark_ms: options.idle_mark_ms,
            // Whatever recovery left without a mark gets one.
            mark_at: Some(now.saturating_add(options.idle_mark_ms)),
            tick_at: now.saturating_add(TICK_MS),
            space_at: now,
            quiet_until: None,
            looked: 0,
        }
    }

    /// The thread, from start to end.
    pub(super) fn main(mut self) {
        let intake = Arc::clone(&self.intake);
        let ended = guarded(|| self.run());
        let closed = match ended {
            Ok(()) => guarded(|| self.finish()),
            Err(error) => {
                let error = self.poison(error);
                // Dropping releases the store's lock; the log may be in any state.
                let dropped = guarded(|| {
                    drop(self);
                    Ok(())
                });
                dropped.and(Err(error))
            }
        };
        intake.closed(closed);
    }

    /// Commits until the store is to be closed and nothing is left to do.
    fn run(&mut self) -> Result<()> {
        if self.read_only {
            self.wait_for_close();
            return Ok(());
        }
        loop {
            self.take_mail()?;
            self.ring();
            self.settle_barriers();
            self.look_at_space();
            self.work_behind();
            self.tell_conditions();
            let spare_is_missing = match self.log.assemble()? {
                Assembled::Round(round) => {
                    self.put(round)?;
                    continue;
                }
                Assembled::NeedsSpare => true,
                Assembled::Nothing => false,
            };
            self.deliver();
            if let Some(landed) = self.take_back()? {
                self.apply(landed);
                continue;
            }
            self.lookups.ask(self.log.take_lookups());
            if !spare_is_missing && (self.settle_barriers() || self.log.has_work()) {
                continue;
            }
            if self.log.is_releasing() {
                continue;
            }
            if spare_is_missing {
                self.give_up_on_spares()?;
            } else if self.mail.closing && !self.log.waits_for_lookups() {
                assert!(self.desk.is_clear(), "all that was submitted is settled");
                return Ok(());
            }
            self.idle(spare_is_missing)?;
        }
    }

    /// Hands what callers submitted to the log.
    fn take_mail(&mut self) -> Result<()> {
        let looks = self.mail.looks;
        self.intake.take(&mut self.mail);
        if self.mail.looks > looks {
            self.sealer.hurry();
        }
        if let Some(error) = self.mail.fatal.take() {
            return Err(error);
        }
        for (caller, sink) in self.mail.arrivals.drain(..) {
            self.desk.arrive(caller, sink);
        }
        // All are known to be outstanding before the log is given one: it may refuse.
        for (caller, packed) in &self.mail.submissions {
            if packed.is_empty() {
                self.barriers.add(*caller, &self.desk);
            }
            self.desk.enroll(*caller, tickets(packed), packed.bytes());
        }
        for (caller, packed) in self.mail.submissions.drain(..) {
            if packed.is_empty() {
                // The log numbers what follows it: without this, by the barrier's own ticket.
                self.log.skip_ticket(caller);
            } else {
                self.log.submit_packed(caller, packed)?;
            }
        }
        for caller in self.mail.departures.drain(..) {
            self.rings.retain(|ring| ring.owner != caller);
            self.desk.depart(caller, &self.intake);
        }
        Ok(())
    }

    fn look_at_space(&mut self) {
        let now = self.env.clock.monotonic_ms();
        if now >= self.space_at || self.mail.space_changed {
            self.space_at = now.saturating_add(SPACE_MS);
            // A file system that does not tell is taken to be as it was.
            if let Ok(space) = self.env.disk.space() {
                self.log.set_space(space);
            }
        }
    }

    /// Puts an assembled round on the disk: by a writer where more waits, so that it is judged
    /// meanwhile; else here and now, which wakes nobody.
    fn put(&mut self, mut round: Round) -> Result<()> {
        let waits = self.writers.work() && self.log.queued_bytes() > 0;
        if self.writers.are_idle() && !waits {
            return self.commit(round);
        }
        let mut landed = Vec::new();
        while self.writers.are_full() || !self.log.may_seal(&round) {
            match self.take_back() {
                Ok(back) => landed.extend(back),
                Err(error) => {
                    self.log.abandon(round);
                    return Err(error);
                }
            }
        }
        // The disk is given its next round before this thread does anything else.
        self.log.seal(&mut round)?;
        self.writers.give(round);
        landed.into_iter().for_each(|landed| self.apply(landed));
        Ok(())
    }

    /// The oldest round that was on its way, durable.
    fn take_back(&mut self) -> Result<Option<Round>> {
        let Some((round, said)) = self.writers.take_back() else { return Ok(None) };
        match said {
            Ok(()) => {
                self.log.note_synced(&round);
                Ok(Some(round))
            }
            Err(failure) => {
                let cause = format!("a round cannot be written and synced: {failure}");
                let error = self.log.poison(&cause);
                self.log.abandon(round);
                Err(error)
            }
        }
    }

    fn apply(&mut self, round: Round) {
        self.counting.round(&round);
        self.log.apply(round);
        self.after_commit();
        match self.log.slowing_ms() {
            0 => {}
            ms => std::thread::sleep(Duration::from_millis(ms)),
        }
    }

    fn commit(&mut self, mut round: Round) -> Result<()> {
        if let Err(error) = self.write_and_sync(&mut round) {
            self.log.abandon(round);
            return Err(error);
        }
        self.apply(round);
        Ok(())
    }

    fn write_and_sync(&mut self, round: &mut Round) -> Result<()> {
        self.log.write(round)?;
        let began = Instant::now();
        self.log.sync(round)?;
        if self.syncs {
            self.counting.synced(began.elapsed());
        }
        Ok(())
    }

    fn after_commit(&mut self) {
        let now = self.env.clock.monotonic_ms();
        self.mark_at = Some(now.saturating_add(self.idle_mark_ms));
        self.tick_at = now.saturating_add(TICK_MS);
        self.deliver();
        self.intake.recycle(std::iter::from_fn(|| self.log.take_emptied()));
        if self.spares.wants() {
            self.sealer.ring();
        }
    }

    fn deliver(&mut self) {
        self.log.drain_completions(&mut self.completions);
        self.counting.answers(&self.completions);
        self.desk.deliver(&mut self.completions, &self.intake);
    }

    /// Answers the barriers that everything before has passed; says whether any got further.
    fn settle_barriers(&mut self) -> bool {
        let changed = self.barriers.advance(&mut self.desk, &mut self.log, &mut self.completions);
        self.desk.deliver(&mut self.completions, &self.intake);
        changed
    }

    /// Rings those who have something to hear of what was committed.
    fn ring(&mut self) {
        let news = &self.reader.shared.news;
        if self.quiet_until.is_some_and(|until| until <= Instant::now()) {
            self.quiet_until = None;
            news.ring_quiet();
        }
        if news.take_rings(&mut self.rings) {
            self.quiet_until.get_or_insert_with(|| Instant::now() + QUIET);
        }
        self.desk.ring(&mut self.rings);
    }

    /// A spare is needed and none is ready. A full disk is waited for, but not by `close`.
    fn give_up_on_spares(&self) -> Result<()> {
        match &self.mail.disk_full {
            Some(full) if self.mail.closing => return Err(full.clone()),
            // The sealer looks again by itself: if each told the other, neither would rest.
            Some(_) => {}
            None => self.sealer.ring(),
        }
        Ok(())
    }

    /// Without a spare for it, a mark or tick is left out: the next round carries both.
    fn commit_if_any(&mut self, assembled: Assembled) -> Result<()> {
        match assembled {
            Assembled::Round(round) => self.commit(round),
            Assembled::NeedsSpare | Assembled::Nothing => Ok(()),
        }
    }
}

/// Tickets that a submission was given: one for each operation, or for a barrier.
fn tickets(packed: &Packed) -> u64 {
    packed.len().max(1) as u64
}

/// Runs `work`; a panic is an error like any other.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::Poisoned { cause: panic_text(&*panic) }))
}

/// What a panic said.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("no message"))
}
