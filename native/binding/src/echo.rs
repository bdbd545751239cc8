//! A stand-in for the log until that can open: numbers appends, and syncs them to one file that
//! nothing reads back. Its surface is that of `foq_log::env::real`.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use foq_log::{
    Completion, Error, Head, Operation, Options, Outcome, ReadFrom, ReadResult, Record, Result,
    Ticket,
};
use parking_lot::Mutex;

use crate::bell::unavailable;
use crate::packing::invalid;

type Submission = (Arc<dyn CompletionSink>, u64, Packed);

pub trait CompletionSink: Send + Sync {
    fn complete(&self, completions: &mut Vec<Completion>);
}

pub struct Packer;

#[derive(Default)]
pub struct Packed(Vec<(String, Vec<u8>)>);

impl Packer {
    pub fn pack(&self, into: &mut Packed, operation: &Operation<'_>) -> Result<()> {
        let Operation::Append(append) = operation else { return Ok(()) };
        if append.chat_id.is_empty() || append.chat_id.len() > 128 {
            return Err(invalid(String::from("chatId must be 1 to 128 bytes")));
        }
        into.0.push((append.chat_id.into(), append.payload.into()));
        Ok(())
    }
}

type Chats = Arc<Mutex<HashMap<String, Vec<Vec<u8>>>>>;
type Queue = Arc<Mutex<Option<SyncSender<Submission>>>>;

pub struct RunningStore {
    chats: Chats,
    queue: Queue,
    thread: Mutex<Option<JoinHandle<()>>>,
}

pub struct Caller {
    queue: Queue,
    next: Mutex<u64>,
    sink: Arc<dyn CompletionSink>,
}

#[derive(Clone)]
pub struct Reader(Chats);

pub fn env(directory: &Path) -> std::io::Result<PathBuf> {
    std::path::absolute(directory)
}

impl RunningStore {
    pub fn open(directory: &Path, _options: &Options) -> Result<Self> {
        let failed = |source| unavailable("cannot open", source);
        if !directory.exists() {
            std::fs::create_dir(directory).map_err(failed)?;
        }
        let file = File::create(directory.join("echo")).map_err(failed)?;
        let chats = Chats::default();
        let (queue, work) = sync_channel(1024);
        let theirs = Arc::clone(&chats);
        let thread = std::thread::spawn(move || commit(&theirs, &work, file));
        let queue = Arc::new(Mutex::new(Some(queue)));
        Ok(Self { chats, queue, thread: Mutex::new(Some(thread)) })
    }

    pub fn caller(&self, sink: Arc<dyn CompletionSink>) -> Caller {
        Caller { queue: Arc::clone(&self.queue), next: Mutex::new(0), sink }
    }

    pub fn packer(&self) -> Packer {
        Packer
    }

    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.chats))
    }

    pub fn close(&self) -> Result<()> {
        self.queue.lock().take();
        if let Some(thread) = self.thread.lock().take() {
            let _ = thread.join();
        }
        Ok(())
    }
}

impl Caller {
    pub fn emptied(&self) -> Packed {
        Packed::default()
    }

    pub fn submit(&self, packed: Packed) -> Result<u64> {
        let mut next = self.next.lock();
        let first = *next;
        *next += packed.0.len() as u64;
        let queue = self.queue.lock();
        let queue = queue.as_ref().ok_or(Error::Closed)?;
        let submission = (Arc::clone(&self.sink), first, packed);
        queue.try_send(submission).map_err(|_| Error::Busy { what: "queue" })?;
        Ok(first)
    }
}

impl Reader {
    pub fn head(&self, chat_id: &str) -> Head {
        let head_seq = self.0.lock().get(chat_id).map_or(0, Vec::len) as u64;
        Head { first_seq: 1, head_seq, ..Head::default() }
    }

    pub fn read(&self, chat_id: &str, _: ReadFrom, limit: usize, _: usize) -> Result<ReadResult> {
        let payloads = self.0.lock().get(chat_id).cloned().unwrap_or_default();
        let head_seq = payloads.len() as u64;
        let records = (1..).zip(payloads).take(limit).map(|(seq, payload)| Record {
            seq,
            at: 1,
            kind: 0,
            pin: false,
            sender_id: String::new(),
            payload,
            deleted: false,
        });
        Ok(ReadResult { head_seq, records: records.collect(), first_seq: 1, gap: None })
    }
}

fn commit(chats: &Chats, work: &Receiver<Submission>, mut file: File) {
    while let Ok(first) = work.recv() {
        let mut answers = Vec::new();
        for (sink, first, packed) in std::iter::once(first).chain(work.try_iter()) {
            let mut completions = Vec::new();
            for (number, (chat, payload)) in (first..).zip(packed.0) {
                let _ = file.write_all(&payload);
                let mut chats = chats.lock();
                let chat = chats.entry(chat).or_default();
                chat.push(payload);
                let outcome = Outcome::Appended { seq: chat.len() as u64, at: 1, duplicate: false };
                completions.push(Completion { ticket: Ticket { caller: 0, number }, outcome });
            }
            answers.push((sink, completions));
        }
        let _ = file.sync_data();
        for (sink, mut completions) in answers {
            sink.complete(&mut completions);
        }
    }
}
