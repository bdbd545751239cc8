//! Puts rounds on the disk, without the log: a thread that writes needs nothing else of it.

use std::io;

use crate::env::write_all;
use crate::options::Durability;
use crate::round::Round;

/// Writes and syncs sealed rounds; see `Log::round_writer`.
#[derive(Clone, Copy, Debug)]
pub struct RoundWriter {
    durability: Durability,
    /// Which handle of a file it uses. A system reports a failed write-back once per handle: two
    /// syncs on one handle could tell the wrong round that all is well.
    slot: usize,
}

impl RoundWriter {
    pub(crate) fn new(durability: Durability, slot: usize) -> Self {
        Self { durability, slot }
    }

    /// Writes one sealed round.
    ///
    /// # Errors
    /// The disk's; the log must be poisoned with it.
    pub fn write(&self, round: &Round) -> io::Result<()> {
        let Some(file) = &round.file else { return Err(io::ErrorKind::NotFound.into()) };
        write_all(file.handle(self.slot), round.byte_offset, &round.bytes)
    }

    /// Makes a written round durable; the unsafe class does nothing.
    ///
    /// # Errors
    /// The disk's; the log must be poisoned with it.
    pub fn sync(&self, round: &Round) -> io::Result<()> {
        match (self.durability, &round.file) {
            (Durability::Fsync, Some(file)) => file.handle(self.slot).sync(),
            _ => Ok(()),
        }
    }
}
