//! What the committing threads share under one lock: chunks, places in the files, acks in order.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use super::chunk::{CHUNK_BYTES, Chunk};
use super::{FILES, HEADER_BYTES};
use crate::numbers::index;
use crate::subject::{Completion, Written};

/// Rounds start and end on this boundary, as the log's do: a synced sector is never rewritten.
const ROUND_ALIGNMENT: usize = 512;
/// Chunks of one committer: its memory, and the most that waits for the disk.
pub(super) const CHUNKS: usize = 6;

#[derive(Debug)]
pub(super) struct State {
    file_bytes: u64,
    open: Option<Chunk>,
    full: VecDeque<Chunk>,
    free: Vec<Chunk>,
    next_ticket: u64,
    next_byte: u64,
    next_round: u64,
    next_ack: u64,
    early: BTreeMap<u64, (u64, u64)>,
    pub(super) completions: Vec<Completion>,
    pub(super) written: Written,
    pub(super) idle: u32,
    pub(super) waiting: bool,
    pub(super) closing: bool,
    pub(super) failure: Option<io::ErrorKind>,
}

pub(super) struct Round {
    number: u64,
    pub(super) chunk: Chunk,
    pub(super) length: usize,
    pub(super) file: usize,
    pub(super) byte_offset: u64,
}

impl State {
    pub(super) fn new(file_bytes: u64) -> Self {
        Self {
            file_bytes,
            open: None,
            full: VecDeque::with_capacity(CHUNKS),
            free: (0..CHUNKS).map(|_| Chunk::new()).collect(),
            next_ticket: 0,
            next_byte: 0,
            next_round: 0,
            next_ack: 0,
            early: BTreeMap::new(),
            completions: Vec::with_capacity(1_024),
            written: Written::default(),
            idle: 0,
            waiting: false,
            closing: false,
            failure: None,
        }
    }

    pub(super) fn check(&self) -> io::Result<()> {
        self.failure.map_or(Ok(()), |kind| Err(kind.into()))
    }

    /// Lays one record out in the open chunk; false when every chunk is taken.
    pub(super) fn place(&mut self, payload: &[u8], chat: u32) -> bool {
        let size = HEADER_BYTES + payload.len();
        if self.open.as_ref().is_some_and(|chunk| chunk.used + size > CHUNK_BYTES) {
            self.full.extend(self.open.take());
        }
        if self.open.is_none() {
            self.open = self.free.pop();
        }
        let Some(chunk) = self.open.as_mut() else { return false };
        if chunk.count == 0 {
            chunk.first_ticket = self.next_ticket;
        }
        if !chunk.push(self.next_ticket, chat, payload) {
            return false;
        }
        self.next_ticket += 1;
        true
    }

    pub(super) fn take_round(&mut self) -> Option<Round> {
        let ready = self.open.as_ref().is_some_and(|chunk| chunk.count > 0);
        let chunk = match self.full.pop_front() {
            Some(chunk) => chunk,
            None if ready => self.open.take()?,
            None => return None,
        };
        let length = chunk.used.next_multiple_of(ROUND_ALIGNMENT).min(CHUNK_BYTES);
        let left = self.file_bytes - self.next_byte % self.file_bytes;
        if (length as u64) > left {
            self.next_byte += left;
        }
        let file = index(self.next_byte / self.file_bytes % FILES);
        let byte_offset = self.next_byte % self.file_bytes;
        self.next_byte += length as u64;
        let number = self.next_round;
        self.next_round += 1;
        Some(Round { number, chunk, length, file, byte_offset })
    }

    /// Takes the chunk back, and acks this round and those that waited for it.
    pub(super) fn finish(&mut self, round: Round, at_ns: u64) {
        self.written.bytes += round.length as u64;
        self.written.rounds += 1;
        self.early.insert(round.number, (round.chunk.first_ticket, round.chunk.count));
        self.free.push(round.chunk.emptied());
        while let Some((first_ticket, count)) = self.early.remove(&self.next_ack) {
            self.completions.push(Completion { at_ns, first_ticket, count });
            self.next_ack += 1;
        }
    }
}
