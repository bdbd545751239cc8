//! What the parent knows of a store, and what it therefore finds there after a kill.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use foq_log::env::real::RunningStore;
use foq_log::{Completion, Operation, Outcome, ReadFrom, Reader, Record};

use crate::child::Answers;
use crate::workload::{AnAppend, CHATS, Id, Line, THREADS, WATCHER, consumer};

/// Where a record is for good: its chat follows from its name.
type Place = (u64, u64);

/// Everything reported about one store, over all its rounds.
#[derive(Default)]
pub struct Judge {
    seed: u64,
    /// Every consumer was joined in every chat.
    ready: bool,
    /// Appends that were announced.
    submitted: HashSet<Id>,
    /// Appends that were answered, or that were read after a kill, with seq and time stamp.
    durable: HashMap<Id, Place>,
    /// Announced, never answered, and not looked for yet.
    unknown: BTreeSet<Id>,
    /// Looked for and not found: they must stay away, unless they are retried.
    absent: HashSet<Id>,
    /// Keyed ones that were unknown: a retry gives one copy of each, found or not.
    retries: BTreeSet<Id>,
    /// Highest ack announced, by chat and thread.
    announced: HashMap<(String, u32), u64>,
    /// Highest cursor known to be durable, by chat and thread.
    cursors: HashMap<(String, u32), u64>,
}

/// What one look at the store found.
type Found = HashMap<Id, Place>;

impl Judge {
    /// Knows nothing of a new store.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Takes in what the child of `round` reported.
    pub fn hear(&mut self, round: u64, lines: &[Line]) -> Result<(), String> {
        for line in lines {
            match line.clone() {
                Line::Ready => self.ready = true,
                Line::Append { thread, number } => {
                    let id = Id { round, thread, number };
                    self.submitted.insert(id);
                    self.unknown.insert(id);
                }
                Line::Appended { thread, number, seq, at } => {
                    let id = Id { round, thread, number };
                    self.unknown.remove(&id);
                    self.durable.insert(id, (seq, at));
                }
                Line::Ack { chat, thread, received, .. } => {
                    raise(&mut self.announced, chat, thread, received);
                }
                Line::Acked { chat, thread, received } => {
                    raise(&mut self.cursors, chat, thread, received);
                }
                Line::End => {}
                Line::Wrong(what) => return Err(what),
            }
        }
        Ok(())
    }

    /// Appends whose outcome nobody knows.
    pub fn unknown(&self) -> usize {
        self.unknown.len()
    }

    /// Appends that must be there.
    pub fn durable(&self) -> usize {
        self.durable.len()
    }

    /// Reads the whole store after `round` and compares; what was unknown is known afterwards.
    pub fn check(&mut self, round: u64, reader: &Reader) -> Result<(), String> {
        let mut found = Found::new();
        for chat in CHATS {
            let records = self.check_chat(reader, chat, &mut found)?;
            self.check_cursors(reader, chat, &records)?;
        }
        for (id, place) in &self.durable {
            if found.get(id) != Some(place) {
                let now = found.get(id);
                return Err(format!("acked {id:?} at {place:?} is now at {now:?}"));
            }
        }
        // Of earlier rounds, too many appends came after for a retry to be recognised.
        let retried = |id: &&Id| id.round == round && AnAppend::new(self.seed, **id).is_keyed();
        self.retries = self.unknown.iter().filter(retried).copied().collect();
        self.absent.extend(self.unknown.iter().filter(|id| !found.contains_key(id)));
        self.unknown.clear();
        self.durable = found;
        Ok(())
    }

    fn check_chat(
        &self,
        reader: &Reader,
        chat: &str,
        found: &mut Found,
    ) -> Result<Vec<Record>, String> {
        let head = reader.head(chat).map_err(|error| format!("{chat}: {error}"))?;
        let (mut records, mut newest) = (Vec::new(), HashMap::new());
        while (records.len() as u64) < head.head_seq {
            let from = records.len() as u64 + 1;
            let page = reader.read(chat, ReadFrom::Seq(from), 1000, 4 << 20);
            let page = page.map_err(|error| format!("{chat} from {from}: {error}"))?;
            if page.records.is_empty() || page.gap.is_some() {
                return Err(format!("{chat} has no record {from}, but head {}", head.head_seq));
            }
            for record in page.records {
                let id = self.check_record(chat, &record, records.len() as u64 + 1)?;
                if found.insert(id, (record.seq, record.at)).is_some() {
                    return Err(format!("{id:?} is there twice"));
                }
                let before = newest.insert((id.round, id.thread), id.number);
                if before.is_some_and(|before| before > id.number) {
                    return Err(format!("{id:?} comes after {before:?} of the same caller"));
                }
                records.push(record);
            }
        }
        Ok(records)
    }

    /// Compares one record with the append that its payload names.
    fn check_record(&self, chat: &str, record: &Record, seq: u64) -> Result<Id, String> {
        let place = format!("{chat} seq {seq}");
        if record.seq != seq {
            return Err(format!("{place}: read as {}", record.seq));
        }
        let id = AnAppend::id_of(&record.payload);
        let id = id.ok_or_else(|| format!("{place}: its payload names no append"))?;
        let append = AnAppend::new(self.seed, id);
        if append.payload != record.payload {
            return Err(format!("{place}: the payload of {id:?} changed"));
        }
        if (append.chat, append.sender_id()) != (chat, record.sender_id.as_str()) {
            return Err(format!("{place}: {id:?} is from {} in {}", record.sender_id, append.chat));
        }
        if !self.submitted.contains(&id) || self.absent.contains(&id) {
            return Err(format!("{place}: {id:?} appeared from nowhere"));
        }
        Ok(id)
    }

    /// Between what was acked durably and what was acked at all, and never lower than before.
    fn check_cursors(
        &mut self,
        reader: &Reader,
        chat: &str,
        records: &[Record],
    ) -> Result<(), String> {
        let cursors = reader.cursors(chat).map_err(|error| format!("{chat}: {error}"))?;
        let received = |name: &str| {
            cursors.iter().find(|cursor| cursor.consumer_id == name).map(|cursor| cursor.received)
        };
        if received(WATCHER).is_some_and(|received| received > 0) {
            return Err(format!("{WATCHER} never acked in {chat}, and its cursor is up"));
        }
        for thread in 0..THREADS {
            let name = consumer(thread);
            let key = (chat.to_owned(), thread);
            let Some(received) = received(&name) else {
                if self.ready {
                    return Err(format!("{name} is no longer joined in {chat}"));
                }
                continue;
            };
            let least = self.cursors.get(&key).copied().unwrap_or_default();
            if received < least {
                return Err(format!("{name} in {chat} acked {least}, its cursor is {received}"));
            }
            // Above what it acked, a consumer may only have received what it sent itself.
            let acked = self.announced.get(&key).copied().unwrap_or_default();
            let own = |record: &Record| record.sender_id == name;
            let mut above =
                records.iter().filter(|record| record.seq > acked && record.seq <= received);
            let head = records.len() as u64;
            if received > head || (received > acked && !above.all(own)) {
                return Err(format!("{name} in {chat} acked {acked} of {head}, not {received}"));
            }
            self.cursors.insert(key, received);
        }
        Ok(())
    }

    /// Sends every keyed append of unknown outcome twice: there is one copy of each then.
    pub fn retry(&mut self, store: &RunningStore) -> Result<(), String> {
        for _ in 0..2 {
            for (id, place, duplicate) in self.send(store)? {
                let before = self.durable.insert(id, place);
                self.absent.remove(&id);
                if before.is_some_and(|before| before != place) {
                    return Err(format!("a retry of {id:?} gives {place:?}, it is at {before:?}"));
                }
                if duplicate != before.is_some() {
                    return Err(format!("a retry of {id:?}: duplicate {duplicate}, at {before:?}"));
                }
            }
        }
        self.retries.clear();
        Ok(())
    }

    fn send(&self, store: &RunningStore) -> Result<Vec<(Id, Place, bool)>, String> {
        let answers = Arc::new(Answers::default());
        let caller = store.caller(answers.clone());
        let mut packed = caller.emptied();
        for id in &self.retries {
            let append = AnAppend::new(self.seed, *id);
            let operation = Operation::Append(append.operation());
            store.packer().pack(&mut packed, &operation).map_err(|error| error.to_string())?;
        }
        let first = caller.submit(packed).map_err(|error| error.to_string())?;
        let names: HashMap<u64, Id> = (first..).zip(self.retries.iter().copied()).collect();
        let mut placed = Vec::new();
        while placed.len() < names.len() {
            for Completion { ticket, outcome } in answers.take() {
                let id = names.get(&ticket.number).ok_or("an answer to nothing")?;
                let Outcome::Appended { seq, at, duplicate } = outcome else {
                    return Err(format!("a retry of {id:?} was answered {outcome:?}"));
                };
                placed.push((*id, (seq, at), duplicate));
            }
        }
        Ok(placed)
    }
}

fn raise(marks: &mut HashMap<(String, u32), u64>, chat: String, thread: u32, received: u64) {
    let mark = marks.entry((chat, thread)).or_default();
    *mark = received.max(*mark);
}
