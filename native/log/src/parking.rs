//! Operations on chats that are being looked up. They wait in order of arrival, and are judged,
//! before anything that came later, once the committer has installed the chat.
//!
//! Invariants: a chat is looked up by at most one at a time; while it is, every operation on it
//! waits here. What waits is counted in `pending_bytes_max` by who submitted it.

use std::collections::VecDeque;

use crate::hash::ChatKey;
use crate::ops::Ticket;
use crate::pack::PackedOperation;
use crate::state::KeyMap;

/// One operation that waits, and its record or chatId.
pub(crate) struct Parked {
    pub operation: PackedOperation,
    pub bytes: Box<[u8]>,
    pub ticket: Ticket,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Parking {
    waiting: KeyMap<ChatKey, Vec<Parked>>,
    /// Operations whose chat is there, oldest first.
    ready: VecDeque<Parked>,
    count: usize,
    bytes: u64,
}

impl Parked {
    pub fn new(operation: &PackedOperation, bytes: &[u8], ticket: Ticket) -> Self {
        Self { operation: operation.clone(), bytes: Box::from(bytes), ticket }
    }

    fn byte_count(&self) -> u64 {
        (self.bytes.len() + size_of::<Self>()) as u64
    }
}

impl Parking {
    /// Bytes of what waits or is ready.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether an operation waits for its chat.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether nothing waits and nothing is ready.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether somebody looks the chat up.
    #[inline]
    pub fn is_looked_up(&self, key: ChatKey) -> bool {
        !self.waiting.is_empty() && self.waiting.contains_key(&key)
    }

    /// Parks an operation; says whether its chat must be looked up.
    pub fn park(&mut self, parked: Parked) -> bool {
        self.count += 1;
        self.bytes += parked.byte_count();
        let waiting = self.waiting.entry(parked.operation.key).or_default();
        waiting.push(parked);
        waiting.len() == 1
    }

    /// The chat is there, or cannot be had: its operations leave.
    pub fn leave(&mut self, key: ChatKey) -> Vec<Parked> {
        let left = self.waiting.remove(&key).unwrap_or_default();
        self.count -= left.len();
        self.bytes -= left.iter().map(Parked::byte_count).sum::<u64>();
        left
    }

    /// The chat is there: its operations come before what is queued.
    pub fn make_ready(&mut self, key: ChatKey) {
        let left = self.leave(key);
        self.count += left.len();
        self.bytes += left.iter().map(Parked::byte_count).sum::<u64>();
        self.ready.extend(left);
    }

    #[inline]
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether operations on this chat are to be judged next.
    pub fn is_ready(&self, key: ChatKey) -> bool {
        self.ready.iter().any(|parked| parked.operation.key == key)
    }

    /// The next operation that is ready.
    pub fn peek(&self) -> Option<(&PackedOperation, &[u8], Ticket)> {
        let Parked { operation, bytes, ticket } = self.ready.front()?;
        Some((operation, bytes, *ticket))
    }

    /// The operation last peeked at is judged.
    pub fn advance(&mut self) {
        if let Some(parked) = self.ready.pop_front() {
            self.count -= 1;
            self.bytes -= parked.byte_count();
        }
    }

    /// Drops everything and returns its tickets (the store is poisoned).
    pub fn drain(&mut self) -> Vec<Ticket> {
        (self.count, self.bytes) = (0, 0);
        let waiting = self.waiting.drain().flat_map(|(_, waiting)| waiting);
        waiting.chain(self.ready.drain(..)).map(|parked| parked.ticket).collect()
    }
}
