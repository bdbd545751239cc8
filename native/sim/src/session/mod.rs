//! One life of a log in a simulated world, with the model looking over its shoulder.
//!
//! A `Session` makes the four steps of a commit one by one, so that its driver can do anything
//! between two of them, and shows the model what was judged, assembled, applied and answered.
//! An `Err` of its functions is a broken promise, in words; a failure that a planned fault
//! explains is none, and ends the session's work (`failure`).

mod background;
mod backing_up;
mod lifecycle;
mod spares;

pub use background::Work;
pub use lifecycle::Look;

use std::collections::{BTreeMap, VecDeque};

use foq_log::env::Clock;
use foq_log::env::sim::Dice;
use foq_log::{
    Assembled, Background, BackgroundJob, BackupJob, Ballast, Completion, Durability, Error,
    FoundChat, IN_FLIGHT_MAX, Log, Lookup, Outcome, Round, SealJob, Ticket,
};

use crate::crash::Scene;
use crate::harness::Plan;
use crate::model::Model;
use crate::operation::Op;
use crate::world::World;

/// More looks in a row than faults that are planned for one life.
const READS_MAX: u32 = 20;

/// A round on its way, and which step comes next.
struct Flight {
    round: Round,
    next: Step,
}

/// While a round is on its way, one step in so many assembles the next.
const ASSEMBLED_AHEAD: u64 = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Write,
    Sync,
    Apply,
}

impl Step {
    fn after(self) -> Self {
        if self == Self::Write { Self::Sync } else { Self::Apply }
    }
}

/// See the module.
pub struct Session {
    /// Where it lives.
    pub world: World,
    /// Sees all that happens.
    pub model: Model,
    /// The first failure that the log named; nothing is asked of it afterwards.
    pub failure: Option<Error>,
    /// Whether spares are often made from files that have lived before.
    pub dirty_spares: bool,
    /// What was judged, assembled and answered, line by line, when it is wanted.
    pub story: Option<Vec<String>>,
    /// So far.
    pub work: Work,
    /// Missing only where opening it again has failed.
    log: Option<Log>,
    waiting: BTreeMap<Ticket, Op>,
    /// Assembled and not yet applied, oldest first.
    flights: VecDeque<Flight>,
    /// A seal on its way, and lookups that were asked for.
    seal: Option<SealJob>,
    background: Option<Background>,
    job: Option<BackgroundJob>,
    backup: Option<BackupJob>,
    ballast: Option<Ballast>,
    lookups: Vec<Lookup>,
    /// What lookups found and the log has not got yet.
    found: Vec<FoundChat>,
    dice: Dice,
    dirty_count: u64,
    /// Whether the disk was filled.
    squeezed: bool,
    faults_before: u64,
}

impl Session {
    /// Opens the store of an empty world; `Err` is what the log says.
    pub fn create(world: World, seed: u64) -> Result<Self, Error> {
        let model = Model::new(&world.options);
        let log = Log::open(&world.env(), &world.options)?;
        Ok(Self::new(world, log, model, seed))
    }

    /// Goes on with an opened log and the model of what it recovered.
    #[must_use]
    pub fn new(world: World, mut log: Log, model: Model, seed: u64) -> Self {
        log.trace_judged(true);
        let faults_before = world.disk.faults_met();
        Self {
            world,
            model,
            failure: None,
            dirty_spares: true,
            story: None,
            log: Some(log),
            waiting: BTreeMap::new(),
            flights: VecDeque::new(),
            seal: None,
            background: None,
            job: None,
            backup: None,
            ballast: None,
            lookups: Vec::new(),
            found: Vec::new(),
            work: Work::default(),
            dice: Dice::new(seed),
            dirty_count: 0,
            squeezed: false,
            faults_before,
        }
    }

    /// What a crash here would have to respect.
    #[must_use]
    pub fn scene<'a>(&'a self, plan: Option<&'a Plan>, depth: u32) -> Scene<'a> {
        Scene { world: &self.world, model: &self.model, plan, depth, power_was_cut: false }
    }

    fn log(&mut self) -> &mut Log {
        self.log.as_mut().expect("a session without failure has its log")
    }

    fn tell(&mut self, line: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(line());
        }
    }

    /// Whether something may have gone wrong: a planned fault was met since the opening.
    fn met_a_fault(&self) -> bool {
        self.world.disk.crashed() || self.world.disk.faults_met() > self.faults_before
    }

    /// Submits one operation. A refusal at the door must be one that any caller may meet.
    pub fn submit(&mut self, caller: u32, op: Op) -> Result<(), String> {
        if self.failure.is_some() {
            return Ok(());
        }
        match op.with(|operation| self.log().submit(caller, operation)) {
            Ok(ticket) => {
                self.waiting.insert(ticket, op);
                Ok(())
            }
            Err(Error::InvalidArgument { .. } | Error::TooLarge { .. } | Error::Busy { .. }) => {
                Ok(())
            }
            Err(error @ Error::Poisoned { .. }) => self.fail(error),
            Err(error) => Err(format!("{op:?} was refused at the door: {error}")),
        }
    }

    /// Makes the next of the four steps; answers whether there was anything to do.
    pub fn step(&mut self) -> Result<bool, String> {
        if self.failure.is_some() {
            return Ok(false);
        }
        let may_assemble = self.flights.len() as u64 <= IN_FLIGHT_MAX;
        if self.flights.is_empty() || (may_assemble && self.dice.one_in(ASSEMBLED_AHEAD)) {
            let assembled = self.log().assemble();
            let worked = self.take_assembled(assembled)?;
            return Ok(worked || !self.flights.is_empty() || self.look_up_one()?);
        }
        let chosen = self.choose_flight();
        let Some(mut flight) = self.flights.remove(chosen) else { return Ok(false) };
        let done = match flight.next {
            Step::Write => self.log().write(&mut flight.round),
            Step::Sync => self.log().sync(&flight.round),
            Step::Apply => {
                let number = flight.round.number();
                self.log().apply(flight.round);
                self.tell(|| format!("applied round {number}"));
                self.model.applied(number);
                self.take_completions()?;
                return Ok(true);
            }
        };
        flight.next = flight.next.after();
        match done {
            Ok(()) => {
                self.flights.insert(chosen, flight);
                // A driver may ask at any time.
                self.take_completions()?;
            }
            Err(error) => self.fail(error)?,
        }
        Ok(true)
    }

    /// Whose step it is: the oldest round's, or the next one's where it may be written already.
    fn choose_flight(&mut self) -> usize {
        let step = |nth: usize| self.flights.get(nth).map(|flight| flight.next);
        let second = self.flights.get(1).map(|flight| &flight.round);
        let may = second.is_some_and(|round| self.log.as_ref().is_some_and(|l| l.may_seal(round)));
        let overlaps = self.world.options.durability == Durability::Fsync
            && may
            && step(0) == Some(Step::Sync)
            && step(1) == Some(Step::Write);
        usize::from(overlaps && self.dice.one_in(2))
    }

    /// Whether a round is on its way.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        !self.flights.is_empty()
    }

    /// Writes a mark (or a tick), unless a round is on its way.
    pub fn mark_or_tick(&mut self, tick: bool) -> Result<(), String> {
        if self.in_flight() || self.failure.is_some() {
            return Ok(());
        }
        let log = self.log();
        let assembled = if tick { log.assemble_tick() } else { log.assemble_mark() };
        self.take_assembled(assembled)?;
        Ok(())
    }

    fn take_assembled(&mut self, assembled: foq_log::Result<Assembled>) -> Result<bool, String> {
        let (refused, answers) = self.log().take_completions().into_iter().partition(is_refused);
        let refused: Vec<Completion> = refused;
        for ticket in self.log().take_judged() {
            let op = self.waiting.remove(&ticket);
            let op = op.ok_or_else(|| format!("{ticket:?} was judged twice, or never asked"))?;
            if refused.iter().any(|completion| completion.ticket == ticket) {
                self.check_refusal(ticket, &op)?;
                continue;
            }
            self.tell(|| format!("judged {}/{} {op:?}", ticket.caller, ticket.number));
            self.model.judge(ticket, &op);
        }
        let worked = match assembled {
            Err(error) => {
                self.fail(error)?;
                true
            }
            Ok(Assembled::Nothing) => false,
            Ok(Assembled::NeedsSpare) => self.prepare_spare()? || !self.squeezed,
            Ok(Assembled::Round(round)) => {
                let (number, at, retention_at) = (round.number(), round.at(), round.retention_at());
                self.tell(|| format!("round {number} at {at}, retention at {retention_at}"));
                let clock = &self.world.clock;
                self.model.assembled(
                    number,
                    clock.wall_ms(),
                    clock.monotonic_ms(),
                    at,
                    retention_at,
                )?;
                self.flights.push_back(Flight { round, next: Step::Write });
                true
            }
        };
        self.answer(answers)?;
        Ok(worked)
    }

    /// What a full disk refuses is as if it had never been asked; only what needs room is refused.
    fn check_refusal(&mut self, ticket: Ticket, op: &Op) -> Result<(), String> {
        self.tell(|| format!("disk full: {}/{} {op:?}", ticket.caller, ticket.number));
        let needs_room = matches!(op, Op::Append(_) | Op::Join { .. } | Op::Configure { .. });
        if needs_room && (self.squeezed || self.met_a_fault()) {
            return Ok(());
        }
        Err(format!("I29: {op:?} is refused for want of space"))
    }

    fn take_completions(&mut self) -> Result<(), String> {
        let answers = self.log().take_completions();
        self.answer(answers)
    }

    fn answer(&mut self, answers: Vec<Completion>) -> Result<(), String> {
        for completion in answers {
            if matches!(completion.outcome, Outcome::Appended { duplicate: false, .. }) {
                self.world.acked_records += 1;
            }
            // What is answered without being judged (a poisoned log's queue) waits no more.
            let unjudged = self.waiting.remove(&completion.ticket);
            if let (Some(op), Outcome::Failed(error)) = (unjudged, &completion.outcome)
                && matches!(**error, Error::Corrupt { .. } | Error::Unavailable { .. })
            {
                if !self.met_a_fault() {
                    return Err(format!("I1: {op:?} finds no chat: {error}"));
                }
                continue;
            }
            let (ticket, outcome) = (completion.ticket, &completion.outcome);
            self.tell(|| format!("answered {}/{} {outcome:?}", ticket.caller, ticket.number));
            self.model.completion(&completion)?;
        }
        Ok(())
    }

    /// Takes note of a failure; without a planned fault there must be none.
    fn fail(&mut self, error: Error) -> Result<(), String> {
        if !self.met_a_fault() {
            return Err(format!("the log failed without a fault: {error}"));
        }
        self.take_completions()?;
        self.failure = Some(error);
        Ok(())
    }

    /// Readers see what is durable, and only that.
    pub fn check_live(&self) -> Result<(), String> {
        let Some(log) = &self.log else { return Ok(()) };
        self.read_through_faults(|model| {
            let reader = log.reader();
            let tables = reader.check_tables();
            tables.map_err(|error| format!("I19: {error}"))?;
            model.check_live(&reader)
        })
    }

    /// A look at readers. One that meets a planned fault is repeated; there is none after a crash.
    fn read_through_faults(
        &self,
        look: impl Fn(&Model) -> Result<(), String>,
    ) -> Result<(), String> {
        for _ in 0..READS_MAX {
            let faults = self.world.disk.faults_met();
            let seen = look(&self.model);
            if seen.is_ok() || self.world.disk.crashed() {
                return Ok(());
            }
            if self.world.disk.faults_met() == faults {
                return seen;
            }
        }
        Err("readers meet one fault after the other".to_owned())
    }
}

fn is_refused(completion: &Completion) -> bool {
    matches!(&completion.outcome, Outcome::Failed(error) if matches!(**error, Error::DiskFull { .. }))
}
