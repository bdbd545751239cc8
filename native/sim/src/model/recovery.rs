//! What a store may look like when it is opened again, and how the model goes on from there.

use foq_log::Reader;

use super::clock::Clock;
use super::rounds::Rounds;
use super::{Model, Window, compare};

impl Model {
    /// A store recovered after a crash equals the snapshot of some round, at or after the last
    /// round that anything acked rests on, and at most the last assembled one; returns which,
    /// the newest if several look alike.
    ///
    /// # Errors
    /// The difference to the round that resembles it most.
    pub fn check_recovered(&self, reader: &Reader) -> Result<u64, String> {
        let mut nearest = None;
        for snapshot in self.rounds.newest_first() {
            let alike = |chats| compare::heads(reader, &self.expectation(snapshot, chats)).is_ok();
            let differs = !snapshot.versions().any(alike);
            if differs && (nearest.is_some() || snapshot.number > self.oldest_acceptable()) {
                continue;
            }
            match self.check_snapshot(reader, snapshot) {
                Ok(()) => return Ok(snapshot.number),
                Err(difference) => nearest = nearest.or(Some(difference)),
            }
        }
        let (oldest, last) = (self.oldest_acceptable(), self.rounds.last().number);
        let difference = nearest.unwrap_or_else(|| "I1: nothing to compare with".to_owned());
        Err(format!("{difference}; recovered is none of the rounds {oldest} to {last}"))
    }

    /// A recovered store that says it stands at `round` equals that round's snapshot, and the
    /// round is not older than anything acked.
    ///
    /// # Errors
    /// The first difference.
    pub fn check_recovered_at(&self, reader: &Reader, round: u64) -> Result<(), String> {
        match self.rounds.get(round) {
            Some(snapshot) => self.check_snapshot(reader, snapshot),
            None => self.check_recovered(reader).and_then(|found| {
                Err(format!("I1: recovered at round {round}, which may not be; looks like {found}"))
            }),
        }
    }

    /// As `check_recovered_at`, of a store in which one file is damaged: each look is right or names
    /// the file; says whether any did.
    ///
    /// # Errors
    /// The first difference.
    pub fn check_damaged_at(
        &self,
        reader: &Reader,
        round: u64,
        file: &str,
    ) -> Result<bool, String> {
        if self.check_recovered_at(reader, round).is_ok() {
            return Ok(false);
        }
        let snapshot = self.rounds.get(round);
        let snapshot = snapshot.ok_or_else(|| format!("I1: recovered at round {round}"))?;
        let mut wrong = "I1: nothing to compare with".to_owned();
        for chats in snapshot.versions() {
            let mut checks = compare::check_each(reader, &self.expectation(snapshot, chats));
            checks.retain(|check| check.as_ref().is_err_and(|error| !error.contains(file)));
            match checks.into_iter().find_map(Result::err) {
                None => return Ok(true),
                Some(error) => wrong = error,
            }
        }
        Err(wrong)
    }

    /// Goes on from snapshot `round` after a reopening: what was judged later, or submitted and
    /// not settled, is forgotten (unknown outcomes).
    pub fn resume(&mut self, round: u64) {
        self.rounds.settle_on(self.seen.take());
        let Some(snapshot) = self.rounds.get(round).cloned() else {
            self.objection = Some(format!("I1: resumed at round {round}, which may not be"));
            return;
        };
        self.clock = Clock::opened(round, snapshot.at, snapshot.retention_at);
        self.judged = snapshot.newest.clone();
        self.rounds = Rounds::new(snapshot);
        self.acked = round;
        self.window = Window::default();
        self.expected.clear();
        self.last_number.clear();
    }

    /// The log is about to close cleanly, at these clocks, after all that was submitted had
    /// settled: it may write pending acks, and a mark.
    pub fn closing(&mut self, wall_ms: u64, monotonic_ms: u64) {
        self.rounds.settle_on(self.seen.take());
        for _ in 0..2 {
            self.clock.round(wall_ms, monotonic_ms);
            let (round, at) = (self.rounds.last().number + 1, self.clock.at);
            self.rounds.push(round, at, self.clock.retention_at, &self.judged, true);
        }
    }

    /// It has closed: what acks were pending is durable.
    pub fn closed(&mut self) {
        let first = self.rounds.last().number - 1;
        let carried = self.rounds.narrow(first - 1, &self.judged);
        if !carried && self.synced_survives {
            self.rounds.forget_before(first);
        }
    }
}
