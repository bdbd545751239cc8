//! The process that is killed: several callers append and ack as fast as they are answered.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use foq_log::env::real::{Caller, CompletionSink, RunningStore, env};
use foq_log::{Completion, JoinAt, Operation, Outcome, Packed};

use crate::options;
use crate::workload::{
    AnAppend, CHATS, IN_FLIGHT_MAX, Id, Line, Numbers, ROUND_BYTES_MAX, THREADS, WATCHER, chat,
    consumer,
};

/// Keeps answers until the thread asks for them.
#[derive(Default)]
pub struct Answers {
    kept: Mutex<Vec<Completion>>,
    came: Condvar,
}

impl CompletionSink for Answers {
    fn complete(&self, completions: &mut Vec<Completion>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).append(completions);
        self.came.notify_all();
    }
}

impl Answers {
    /// Waits for at least one answer.
    pub fn take(&self) -> Vec<Completion> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        while kept.is_empty() {
            kept = self.came.wait(kept).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::take(&mut kept)
    }
}

/// Runs until it is killed, or until its parent is gone.
pub fn run(dir: &Path, seed: u64, round: u64) -> Result<(), String> {
    thread::spawn(|| {
        // The parent holds the other end; it is closed when the parent ends, however that was.
        let _ = io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let env = env(dir).map_err(|error| error.to_string())?;
    let store = RunningStore::open(&env, &options()).map_err(|error| error.to_string())?;
    join_all(&store)?;
    report(&[Line::Ready]);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                if let Err(what) = Worker::new(store, seed, round, number).run() {
                    report(&[Line::Wrong(what)]);
                }
            });
        }
    });
    report(&[Line::End]);
    loop {
        thread::park();
    }
}

/// Joins everyone everywhere; a repeat changes nothing.
fn join_all(store: &RunningStore) -> Result<(), String> {
    let answers = Arc::new(Answers::default());
    let caller = store.caller(answers.clone());
    let mut packed = Packed::default();
    let names: Vec<String> = (0..THREADS).map(consumer).chain([WATCHER.to_owned()]).collect();
    for chat_id in CHATS {
        for consumer_id in &names {
            let join = Operation::Join { chat_id, consumer_id, at: JoinAt::First };
            store.packer().pack(&mut packed, &join).map_err(|error| error.to_string())?;
        }
    }
    let mut left = packed.len();
    caller.submit(packed).map_err(|error| error.to_string())?;
    while left > 0 {
        for answer in answers.take() {
            left -= 1;
            if !matches!(answer.outcome, Outcome::Joined { .. }) {
                return Err(format!("a join was answered {:?}", answer.outcome));
            }
        }
    }
    Ok(())
}

/// Writes lines whole: a kill cuts after some line, or is seen as a line without an end.
fn report(lines: &[Line]) {
    let mut text = String::new();
    lines.iter().for_each(|line| line.write(&mut text));
    let mut out = io::stdout().lock();
    // Without a reader there is no parent, and this process is about to end.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What a ticket stands for.
enum Asked {
    Append(AnAppend),
    Ack { chat: &'static str, received: u64, durable: bool },
}

struct Worker<'a> {
    store: &'a RunningStore,
    caller: Caller,
    answers: Arc<Answers>,
    seed: u64,
    round: u64,
    thread: u32,
    numbers: Numbers,
    next: u64,
    asked: HashMap<u64, Asked>,
    /// Newest seq this thread was answered, by chat.
    heads: HashMap<&'static str, u64>,
    bytes: u64,
}

impl<'a> Worker<'a> {
    fn new(store: &'a RunningStore, seed: u64, round: u64, thread: u32) -> Self {
        let answers = Arc::new(Answers::default());
        Self {
            store,
            caller: store.caller(answers.clone()),
            answers,
            seed,
            round,
            thread,
            numbers: Numbers::new(&[seed, round, u64::from(thread)]),
            next: 0,
            asked: HashMap::new(),
            heads: HashMap::new(),
            bytes: 0,
        }
    }

    fn run(mut self) -> Result<(), String> {
        while self.bytes < ROUND_BYTES_MAX / u64::from(THREADS) {
            let most = IN_FLIGHT_MAX - self.asked.len() as u64;
            if most > 0 {
                let count = 1 + self.numbers.below(most);
                self.submit(count)?;
            }
            self.hear()?;
        }
        while !self.asked.is_empty() {
            self.hear()?;
        }
        Ok(())
    }

    fn submit(&mut self, count: u64) -> Result<(), String> {
        let mut packed = self.caller.emptied();
        let (mut lines, mut asked) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let line = match self.an_ack() {
                Some(ack) => self.pack_ack(&mut packed, ack, &mut asked)?,
                None => self.pack_append(&mut packed, &mut asked)?,
            };
            lines.push(line);
        }
        report(&lines);
        let first = self.caller.submit(packed).map_err(|error| error.to_string())?;
        self.asked.extend((first..).zip(asked));
        Ok(())
    }

    /// Every fourth operation acks something that was answered before.
    fn an_ack(&mut self) -> Option<(&'static str, u64, bool)> {
        let kind = self.numbers.below(8);
        let chat = chat(&mut self.numbers);
        let head = *self.heads.get(chat)?;
        (kind < 2).then(|| (chat, 1 + self.numbers.below(head), kind == 0))
    }

    fn pack_ack(
        &mut self,
        packed: &mut Packed,
        (chat, received, durable): (&'static str, u64, bool),
        asked: &mut Vec<Asked>,
    ) -> Result<Line, String> {
        let ack = Operation::Ack {
            chat_id: chat,
            consumer_id: &consumer(self.thread),
            received: Some(received),
            delivered: None,
            read: None,
            marks_seen: None,
            durable,
        };
        self.store.packer().pack(packed, &ack).map_err(|error| error.to_string())?;
        asked.push(Asked::Ack { chat, received, durable });
        Ok(Line::Ack { chat: chat.to_owned(), thread: self.thread, received, durable })
    }

    fn pack_append(&mut self, packed: &mut Packed, asked: &mut Vec<Asked>) -> Result<Line, String> {
        let (thread, number) = (self.thread, self.next);
        self.next += 1;
        let append = AnAppend::new(self.seed, Id { round: self.round, thread, number });
        self.bytes += append.payload.len() as u64;
        let operation = Operation::Append(append.operation());
        self.store.packer().pack(packed, &operation).map_err(|error| error.to_string())?;
        asked.push(Asked::Append(append));
        Ok(Line::Append { thread, number })
    }

    /// Takes answers and reports them, each once.
    fn hear(&mut self) -> Result<(), String> {
        let mut lines = Vec::new();
        for Completion { ticket, outcome } in self.answers.take() {
            let Some(asked) = self.asked.remove(&ticket.number) else {
                return Err(format!("{ticket:?} was answered, again or unasked: {outcome:?}"));
            };
            match (asked, outcome) {
                (Asked::Append(append), Outcome::Appended { seq, at, duplicate: false }) => {
                    let head = self.heads.entry(append.chat).or_default();
                    if seq <= *head {
                        return Err(format!("{:?} got seq {seq} after {head}", append.id));
                    }
                    *head = seq.max(*head);
                    let (thread, number) = (self.thread, append.id.number);
                    lines.push(Line::Appended { thread, number, seq, at });
                }
                (Asked::Ack { chat, received, durable }, Outcome::Acked) => {
                    if durable {
                        let (chat, thread) = (chat.to_owned(), self.thread);
                        lines.push(Line::Acked { chat, thread, received });
                    }
                }
                (_, outcome) => return Err(format!("{ticket:?} was answered {outcome:?}")),
            }
        }
        report(&lines);
        Ok(())
    }
}
