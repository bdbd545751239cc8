//! Sealing: the oldest journal file becomes tables, and the file is free to be written again.
//!
//! Invariants:
//! - A row is copied from durable state under its lock, at any moment: it carries the position of
//!   its last effect, and replay applies nothing to it that it has taken in.
//! - Only records below the floor are left out, as it stands by durable cursors and the retention
//!   clock; the row carries that floor, so that it never falls below what is gone.
//! - The manifest names the new tables and the next journal file in one step. Before it is
//!   durable nothing of the old file is touched; a crash leaves the old or the new, never a mix.
//! - A file is recycled only when no reader has it (`release`).
//!
//! A seal is a job that goes forward in steps, between which commits go on; a step takes the
//! states' lock for some chats only.

mod counts;
mod gather;
pub(crate) mod policy;
mod release;
pub(crate) mod rows;

use std::sync::Arc;

use crate::catalog::Change;
use crate::error::{Error, Result};
use crate::format::manifest::Sealed;
use crate::hash::ChatKey;
use crate::merge::segments_with;
use crate::planted::{Bug, planted};
use crate::recovery::Progress;
use crate::seen::Seen;
use crate::shared::Shared;
use crate::shelf::{JournalFile, sync_dir};
use crate::table::TableKind;
use crate::view::Waiting;
pub(crate) use counts::SealCounts;
use gather::Gathered;
pub(crate) use release::Releasing;
pub use release::Unsealed;
pub(crate) use rows::SealTally;
use rows::{Output, Touched};

/// Chats that one step copies under one lock.
const CHATS_PER_STEP: usize = 256;

/// A journal file, and the last round in it.
#[derive(Clone)]
pub(crate) struct JournalPart {
    pub file: JournalFile,
    /// As of its last round that is durable and applied.
    pub end: Progress,
    /// Its last assembled round.
    pub assembled: u64,
}

/// See the module.
pub struct SealJob {
    shared: Arc<Shared>,
    part: JournalPart,
    /// Where recovery begins afterwards.
    next_file_id: u64,
    gathered: Option<Gathered>,
    /// Chats that are done.
    done: usize,
    touched: Vec<Touched>,
    listed: Vec<(ChatKey, Vec<(u64, u8)>)>,
    chats_per_step: usize,
}

/// A file that is sealed, for `Log::finish_seal`.
pub struct SealedFile {
    pub(crate) part: JournalPart,
    pub(crate) chats: Vec<ChatKey>,
    pub(crate) listed: Vec<(ChatKey, Vec<(u64, u8)>)>,
    pub(crate) tally: SealTally,
}

/// Where a job stands.
pub enum SealStep {
    /// There is more to do.
    More(SealJob),
    /// The manifest names the tables.
    Done(SealedFile),
}

impl SealJob {
    pub(crate) fn new(shared: &Arc<Shared>, part: JournalPart, next_file_id: u64) -> Self {
        Self {
            shared: Arc::clone(shared),
            part,
            next_file_id,
            gathered: None,
            done: 0,
            touched: Vec::new(),
            listed: Vec::new(),
            chats_per_step: CHATS_PER_STEP,
        }
    }

    /// Makes the steps so small that simulations have something between them.
    #[must_use]
    pub fn in_small_steps(mut self, chats: usize) -> Self {
        self.chats_per_step = chats.max(1);
        self
    }

    /// Goes on; blocks on the disk.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` where the file or a table does not verify, `FOQ_DISK_FULL`, after which the
    /// file may be sealed again later; anything else is a failed write: poison the log.
    pub fn step(mut self) -> Result<SealStep> {
        let Some(gathered) = &self.gathered else {
            self.gathered = Some(Gathered::read(&self.shared, &self.part)?);
            return Ok(SealStep::More(self));
        };
        let from = gathered.chats.get(self.done..).unwrap_or_default();
        let keys: Vec<ChatKey> = from.iter().take(self.chats_per_step).copied().collect();
        if !keys.is_empty() {
            self.done += keys.len();
            self.copy(&keys)?;
            return Ok(SealStep::More(self));
        }
        let shared = Arc::clone(&self.shared);
        let first_table_id = shared.catalog.next_table_id();
        let written = self.write();
        if let Err(Error::DiskFull { .. } | Error::Corrupt { .. }) = &written {
            // It is given up: the disk is to have its space back.
            shared.catalog.discard_from(first_table_id);
        }
        written.map(SealStep::Done)
    }

    /// Copies the states of some chats.
    fn copy(&mut self, keys: &[ChatKey]) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let store = &shared.options.retention;
        let mut missing = Vec::new();
        {
            let states = shared.states.read();
            states.touch_all(keys.iter().copied());
            for &key in keys {
                match states.find_chat(key) {
                    Some(chat) => {
                        self.touched.push(Touched::of(chat, store, states.retention_now));
                    }
                    None => missing.push(key),
                }
            }
        }
        // What replay left is made whole for this, and stays as it is.
        for key in missing {
            let touched = shared.see(key, Waiting::Allowed, |Seen { chat, retention_now }| {
                chat.map(|chat| Touched::of(chat, store, retention_now))
            })?;
            let touched = touched.flatten();
            self.touched.push(touched.unwrap_or_else(|| unreachable!("the journal has the chat")));
        }
        Ok(())
    }

    /// Writes the tables and replaces the manifest.
    fn write(mut self) -> Result<SealedFile> {
        let shared = Arc::clone(&self.shared);
        let Some(gathered) = self.gathered.take() else { unreachable!("gathered before copied") };
        self.touched.sort_unstable_by_key(|touched| touched.key);
        let mut output = Output::new(&shared.catalog);
        output.tally.dropped_records = gathered.dead_records;
        for mut touched in std::mem::take(&mut self.touched) {
            if !touched.listed.is_empty() {
                self.listed.push((touched.key, std::mem::take(&mut touched.listed)));
            }
            output.add(touched, &gathered)?;
        }
        let (tables, tally) = match gathered.positions {
            Some(positions) => output.finish(positions)?,
            None => (Vec::new(), SealTally::default()),
        };
        sync_folders(&shared)?;
        // Rows may say more than the device has of the journal.
        shared.sync_unsafe_journal()?;
        let Progress { round, position, at, retention_at, .. } = self.part.end;
        let sealed = Sealed { round, position, at, retention_at };
        let sealed = Some((sealed, self.next_file_id));
        let erase = segments_with(&shared.catalog.set(), &gathered.deletions);
        let change = Change { added: tables, sealed, erase, ..Change::default() };
        if planted(Bug::RecycledBeforeManifest) {
            let _ = self.part.file.handle(0).write_at(0, &[0; 512]);
        }
        shared.catalog.replace(change)?;
        Ok(SealedFile { part: self.part, chats: gathered.chats, listed: self.listed, tally })
    }
}

/// Makes the names of new tables durable.
pub(crate) fn sync_folders(shared: &Shared) -> Result<()> {
    let disk = shared.catalog.disk();
    TableKind::ALL.iter().try_for_each(|kind| {
        sync_dir(&**disk, kind.folder())
            .map_err(|source| Error::io("a folder cannot be synced", kind.folder(), source))
    })
}

#[cfg(test)]
mod tests;
