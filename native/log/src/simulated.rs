//! For tests of this crate: a log on a simulated disk, driven step by step.

use std::sync::Arc;

use crate::env::Env;
use crate::env::sim::{SimClock, SimDisk, SimRandom};
use crate::{Append, Assembled, JoinAt, Log, Operation, Options, Outcome, Reader, Round};

/// See the module.
pub(crate) struct Simulated {
    pub log: Log,
    pub disk: SimDisk,
    pub reader: Reader,
}

pub(crate) fn simulated() -> Simulated {
    simulated_with(&options())
}

pub(crate) fn simulated_with(options: &Options) -> Simulated {
    let disk = SimDisk::new();
    let env = Env {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SimClock::new(1_767_225_600_000)),
        random: Arc::new(SimRandom::new(1)),
    };
    let log = Log::open(&env, options).unwrap();
    let reader = log.reader();
    Simulated { log, disk, reader }
}

pub(crate) fn options() -> Options {
    Options { journal_file_bytes: 64 << 10, payload_bytes_max: 8 << 10, ..Options::default() }
}

pub(crate) fn join<'a>(chat_id: &'a str, consumer_id: &'a str) -> Operation<'a> {
    Operation::Join { chat_id, consumer_id, at: JoinAt::Head }
}

pub(crate) fn leave<'a>(chat_id: &'a str, consumer_id: &'a str) -> Operation<'a> {
    Operation::Leave { chat_id, consumer_id, join_seq: None }
}

pub(crate) fn append<'a>(chat_id: &'a str, payload: &'a [u8]) -> Operation<'a> {
    Operation::Append(Append::new(chat_id, payload))
}

pub(crate) fn received<'a>(chat_id: &'a str, consumer_id: &'a str, seq: u64) -> Operation<'a> {
    let received = Some(seq);
    Operation::Ack {
        chat_id,
        consumer_id,
        received,
        delivered: None,
        read: None,
        marks_seen: None,
        durable: true,
    }
}

impl Simulated {
    /// Assembles a round of all that was submitted.
    pub fn assembled(&mut self) -> Option<Round> {
        loop {
            match self.log.assemble().unwrap() {
                Assembled::Round(round) => return Some(round),
                Assembled::NeedsSpare => self.log.prepare_spare().unwrap(),
                Assembled::Nothing => return None,
            }
        }
    }

    /// Closes, and opens again.
    pub fn reopened(self) -> Self {
        let Self { log, disk, .. } = self;
        let env = log.env.clone();
        log.close().unwrap();
        let log = Log::open(&env, &options()).unwrap();
        let reader = log.reader();
        Self { log, disk, reader }
    }

    /// Seals the journal up to its end.
    pub fn seal(&mut self) {
        if self.log.wants_spare() {
            self.log.prepare_spare().unwrap();
        }
        while let Some(mut job) = self.log.seal_oldest() {
            let sealed = loop {
                match job.step().unwrap() {
                    crate::SealStep::More(more) => job = more,
                    crate::SealStep::Done(sealed) => break sealed,
                }
            };
            self.log.finish_seal(sealed);
            while self.log.release_some() {}
        }
    }

    /// Commits the operations in one round, where they have effects; their answers.
    pub fn commit(&mut self, operations: &[Operation<'_>]) -> Vec<Outcome> {
        for operation in operations {
            self.log.submit(0, operation).unwrap();
        }
        loop {
            match self.assembled() {
                Some(round) => self.log.commit(round).unwrap(),
                None if self.log.waits_for_lookups() => self.log.look_up_parked(),
                None => break,
            }
        }
        let answers = self.log.take_completions();
        answers.into_iter().map(|completion| completion.outcome).collect()
    }
}
