//! The verbs of the transcripts: a store on a simulated disk, and what can be done with it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use foq_log::env::Env;
use foq_log::env::sim::{SimClock, SimDisk, SimRandom, Survivors};
use foq_log::{
    Assembled, ChatOptions, CursorView, Error, JoinAt, Log, Options, Outcome, ReadFrom, ReadResult,
    Reader, Result, Round, Ticket,
};
use foq_sim::operation::{Op, OwnedAppend};

pub const HOUR_MS: u64 = 60 * 60 * 1000;
pub const DAY_MS: u64 = 24 * HOUR_MS;
/// A midnight, so that hours and days of the transcripts are those of the log's grains.
pub const START_MS: u64 = 20_000 * DAY_MS;
/// The chat of most transcripts.
pub const CHAT: &str = "chat";

/// A store, its disk and its clock.
pub struct World {
    pub disk: SimDisk,
    pub clock: Arc<SimClock>,
    pub options: Options,
    random: Arc<SimRandom>,
    log: Option<Log>,
    answers: BTreeMap<Ticket, Outcome>,
}

/// An empty store with small files.
pub fn a_store() -> World {
    a_store_with(|_| {})
}

/// An empty store with options of its own.
pub fn a_store_with(change: impl FnOnce(&mut Options)) -> World {
    let mut options = Options {
        journal_file_bytes: 64 << 10,
        round_bytes_max: 16 << 10,
        payload_bytes_max: 8 << 10,
        dedup_depth: 4,
        ..Options::default()
    };
    change(&mut options);
    let mut world = World {
        disk: SimDisk::new(),
        clock: Arc::new(SimClock::new(START_MS)),
        options,
        random: Arc::new(SimRandom::new(1)),
        log: None,
        answers: BTreeMap::new(),
    };
    world.open().unwrap();
    world
}

impl World {
    pub fn env(&self) -> Env {
        Env {
            disk: Arc::new(self.disk.clone()),
            clock: Arc::clone(&self.clock) as _,
            random: Arc::clone(&self.random) as _,
        }
    }

    pub fn open(&mut self) -> Result<()> {
        self.log = None;
        self.log = Some(Log::open(&self.env(), &self.options)?);
        Ok(())
    }

    pub fn log(&mut self) -> &mut Log {
        self.log.as_mut().unwrap()
    }

    pub fn reader(&self) -> Reader {
        self.log.as_ref().unwrap().reader()
    }

    /// Closes cleanly and opens again.
    pub fn reopen(&mut self) {
        self.log.take().unwrap().close().unwrap();
        self.open().unwrap();
    }

    /// The power fails now; the store opens again.
    pub fn power_cut(&mut self, survivors: Survivors) {
        let after = self.disk.crash_image(survivors);
        self.disk.crash();
        self.log = None;
        self.disk = after;
        self.open().unwrap();
    }

    /// The process is killed, and the store opens again; nothing is written at the end.
    pub fn reopen_without_marks(&mut self) {
        let after = self.disk.kill_image();
        self.log = None;
        self.disk = after;
        self.open().unwrap();
    }

    /// The log object is gone, and nothing of it is opened again.
    pub fn drop_log(&mut self) {
        self.log = None;
    }

    /// Days pass while the store is closed: a step that the clock believes when it opens.
    pub fn pass_days_by_reopening(&mut self, days: u64) {
        self.clock.advance(days * DAY_MS);
        self.reopen();
        self.tick();
    }

    /// Time passes, and a tick tells the store.
    pub fn pass(&mut self, ms: u64) {
        self.clock.advance(ms);
        self.tick();
    }

    pub fn tick(&mut self) {
        let assembled = self.log().assemble_tick().unwrap();
        self.finish(assembled);
    }

    pub fn submit(&mut self, op: &Op) -> Ticket {
        self.submit_as(0, op)
    }

    pub fn submit_as(&mut self, caller: u32, op: &Op) -> Ticket {
        op.with(|operation| self.log().submit(caller, operation)).unwrap()
    }

    /// What submitting it is refused with.
    pub fn refusal(&mut self, op: &Op) -> Error {
        op.with(|operation| self.log().submit(0, operation)).unwrap_err()
    }

    /// Assembles one round and does nothing else.
    pub fn assemble(&mut self) -> Option<Round> {
        let assembled = self.log().assemble().unwrap();
        self.round(assembled)
    }

    fn round(&mut self, assembled: Assembled) -> Option<Round> {
        match assembled {
            Assembled::Nothing => None,
            Assembled::Round(round) => Some(round),
            Assembled::NeedsSpare => {
                self.log().prepare_spare().unwrap();
                self.assemble()
            }
        }
    }

    /// Writes, syncs and applies a round.
    pub fn finish(&mut self, assembled: Assembled) {
        let Some(mut round) = self.round(assembled) else { return };
        self.log().write(&mut round).unwrap();
        self.log().sync(&round).unwrap();
        self.log().apply(round);
    }

    /// Makes rounds until nothing is left to do.
    pub fn commit(&mut self) {
        while let Some(round) = self.assemble() {
            self.finish(Assembled::Round(round));
        }
        self.collect();
    }

    fn collect(&mut self) {
        let settled = self.log().take_completions();
        self.answers.extend(settled.into_iter().map(|done| (done.ticket, done.outcome)));
    }

    /// The answer, if it has come.
    pub fn answer(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.collect();
        self.answers.get(&ticket).cloned()
    }

    /// Submits, commits, and returns the answer.
    pub fn ask(&mut self, op: &Op) -> Outcome {
        let ticket = self.submit(op);
        self.commit();
        self.answer(ticket).expect("an answer after the commit")
    }

    /// As `ask`; the answer must be a refusal.
    pub fn refused(&mut self, op: &Op) -> Error {
        match self.ask(op) {
            Outcome::Failed(error) => *error,
            other => panic!("expected a refusal, seen {other:?}"),
        }
    }

    /// As `ask`; the answer must be an accepted append: seq, at, duplicate.
    pub fn appended(&mut self, op: &Op) -> (u64, u64, bool) {
        match self.ask(op) {
            Outcome::Appended { seq, at, duplicate } => (seq, at, duplicate),
            other => panic!("expected an append, seen {other:?}"),
        }
    }

    /// So many plain records in the chat.
    pub fn filled(&mut self, count: u64) {
        for _ in 0..count {
            let op = plain("text");
            self.submit(&op);
        }
        self.commit();
    }

    /// Who was not joined is, at the head.
    pub fn join(&mut self, consumer: &str) {
        let outcome = self.ask(&joining(consumer, JoinAt::Head));
        assert!(matches!(outcome, Outcome::Joined { .. }), "{outcome:?}");
    }

    pub fn leave(&mut self, consumer: &str) {
        let outcome = self.ask(&leaving(consumer, None));
        assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    }

    /// A durable ack of everything up to here.
    pub fn receive(&mut self, consumer: &str, up_to: u64) {
        let outcome = self.ask(&acking(consumer, up_to, true));
        assert!(matches!(outcome, Outcome::Acked), "{outcome:?}");
    }

    pub fn configure(&mut self, options: ChatOptions) {
        let outcome = self.ask(&Op::Configure { chat: CHAT.to_owned(), options });
        assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    }

    pub fn cursor(&self, consumer: &str) -> Option<CursorView> {
        self.reader().cursors(CHAT).unwrap().into_iter().find(|view| view.consumer_id == consumer)
    }

    pub fn read(&self, from: ReadFrom) -> ReadResult {
        self.reader().read(CHAT, from, 1000, usize::MAX).unwrap()
    }

    /// The payloads of the chat, as text.
    pub fn texts(&self) -> Vec<String> {
        let records = self.read(ReadFrom::Seq(1)).records;
        records.iter().map(|record| String::from_utf8_lossy(&record.payload).into()).collect()
    }

    /// Floor, head, and each cursor with received/delivered/read, in one line.
    pub fn show(&self) -> String {
        let head = self.reader().head(CHAT).unwrap();
        let mut line = format!("floor {} head {}", head.first_seq, head.head_seq);
        let mut cursors = self.reader().cursors(CHAT).unwrap();
        cursors.sort_unstable_by(|left, right| left.consumer_id.cmp(&right.consumer_id));
        for view in cursors {
            let CursorView { consumer_id, received, delivered, read, leave_seq, .. } = view;
            write!(line, ", {consumer_id} {received}/{delivered}/{read}").unwrap();
            if let Some(leave_seq) = leave_seq {
                write!(line, " until {leave_seq}").unwrap();
            }
        }
        line
    }
}

/// An append of this text that names nobody.
pub fn plain(text: &str) -> Op {
    Op::Append(appending(text))
}

pub fn appending(text: &str) -> OwnedAppend {
    OwnedAppend {
        chat: CHAT.to_owned(),
        payload: text.as_bytes().to_vec(),
        ..OwnedAppend::default()
    }
}

/// An append with a key, of a sender who need not be joined.
pub fn keyed(sender: &str, key: &str, text: &str) -> OwnedAppend {
    OwnedAppend {
        sender_id: Some(sender.to_owned()),
        dedup_key: Some(key.as_bytes().to_vec()),
        ..appending(text)
    }
}

/// An append as a consumer.
pub fn by(consumer: &str, text: &str) -> OwnedAppend {
    OwnedAppend { sender_as: Some(consumer.to_owned()), ..appending(text) }
}

pub fn joining(consumer: &str, at: JoinAt) -> Op {
    Op::Join { chat: CHAT.to_owned(), consumer: consumer.to_owned(), at }
}

pub fn leaving(consumer: &str, join_seq: Option<u64>) -> Op {
    Op::Leave { chat: CHAT.to_owned(), consumer: consumer.to_owned(), join_seq }
}

pub fn forgetting(consumer: &str) -> Op {
    Op::Forget { chat: CHAT.to_owned(), consumer: consumer.to_owned() }
}

pub fn acking(consumer: &str, received: u64, durable: bool) -> Op {
    marking(consumer, [Some(received), None, None], durable)
}

/// An ack of received, delivered and read.
pub fn marking(consumer: &str, marks: [Option<u64>; 3], durable: bool) -> Op {
    Op::Ack {
        chat: CHAT.to_owned(),
        consumer: consumer.to_owned(),
        received: marks[0],
        delivered: marks[1],
        read: marks[2],
        marks_seen: None,
        durable,
    }
}

pub fn trimming(up_to_seq: u64) -> Op {
    Op::Trim { chat: CHAT.to_owned(), up_to_seq }
}

pub fn deleting(ranges: &[(u64, u64)]) -> Op {
    Op::DeleteRecords { chat: CHAT.to_owned(), ranges: ranges.to_vec() }
}

pub fn names(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}
