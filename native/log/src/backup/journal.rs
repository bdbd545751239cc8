//! Copies the journal of a lease, round by round, up to its last round.
//!
//! Invariant: every round in the copy verifies at its place and is the next one; nothing of a later
//! round is looked at.

use std::collections::VecDeque;
use std::sync::Arc;

use super::lease::PinnedFile;
use super::made::Made;
use crate::env::{Disk, DiskFile, read_exact, write_all};
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::batch::{FLAG_ROUND_CONTINUES, Place, ValidBatch};
use crate::format::checksum::StoreId;
use crate::format::file::{FileHeader, journal_path};
use crate::format::manifest::Sealed;
use crate::planted::{Bug, planted};

/// Bytes that one step reads: more than a round has.
const CHUNK_BYTES: u64 = 4 << 20;

/// See the module.
pub(super) struct JournalCopy {
    source: Arc<dyn Disk>,
    store_id: StoreId,
    /// Those not begun.
    files: VecDeque<PinnedFile>,
    current: Option<FileCopy>,
    /// Last round and position that are copied, or sealed.
    round: u64,
    position: u64,
    last_round: u64,
    begun: u64,
}

struct FileCopy {
    from: PinnedFile,
    from_bytes: u64,
    to: Arc<dyn DiskFile>,
    /// Where the next round lies, in both.
    end: u64,
}

/// What a step of a copy did.
pub(super) enum Copied {
    /// So many bytes were read and written; there may be more.
    Some(u64),
    /// All is there.
    All,
}

impl JournalCopy {
    /// From behind the sealed round and position up to the last round.
    pub fn new(
        source: &Arc<dyn Disk>,
        store_id: StoreId,
        files: VecDeque<PinnedFile>,
        (sealed, last_round): (Sealed, u64),
    ) -> Self {
        let (source, Sealed { round, position, .. }) = (Arc::clone(source), sealed);
        Self { source, store_id, files, current: None, round, position, last_round, begun: 0 }
    }

    /// Files begun.
    pub fn files(&self) -> u64 {
        self.begun
    }

    /// Goes on.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` where a round does not verify, `FOQ_DISK_FULL`, `FOQ_UNAVAILABLE`.
    pub fn step(&mut self, made: &mut Made) -> Result<Copied> {
        if let Some(copy) = self.current.take() {
            return self.go_on(copy, made).map(Copied::Some);
        }
        // One file there is always, so that the chain has a beginning.
        if self.begun > 0 && self.round == self.last_round {
            return Ok(Copied::All);
        }
        let Some(from) = self.files.pop_front() else {
            let what = format!("round {} was durable and is not there", self.round + 1);
            return Err(Error::corrupt("journal", 0..0, what));
        };
        self.begun += 1;
        let path = journal_path(from.file_id);
        if planted(Bug::JournalLinkedInBackup) {
            return self.link(&path, made);
        }
        let size = from.file.size();
        let from_bytes = size.map_err(|failure| unreadable(&path, failure))?;
        let to = made.create(&path)?;
        self.current = Some(FileCopy { from, from_bytes, to, end: SECTOR_BYTES });
        Ok(Copied::Some(0))
    }

    /// Copies the rounds of a chunk; where there is none, the file is done.
    fn go_on(&mut self, mut copy: FileCopy, made: &Made) -> Result<u64> {
        let path = journal_path(copy.from.file_id);
        let length = copy.from_bytes.saturating_sub(copy.end).min(CHUNK_BYTES);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = read_exact(&*copy.from.file, copy.end, &mut bytes);
        read.map_err(|failure| unreadable(&path, failure))?;
        let before = copy.end;
        while self.round < self.last_round {
            let rest = usize::try_from(copy.end - before).ok().and_then(|at| bytes.get(at..));
            let Some(bytes) = rest.and_then(|rest| self.pass_round(&copy, rest)) else { break };
            copy.end += bytes;
        }
        let failed = |failure| made.failed("the journal cannot be copied", &path, failure);
        if copy.end == before {
            self.finish_file(&copy).map_err(failed)?;
            return Ok(length);
        }
        bytes.truncate(usize::try_from(copy.end - before).unwrap_or_default());
        write_all(&*copy.to, before, &bytes).map_err(failed)?;
        let moved = length + bytes.len() as u64;
        self.current = Some(copy);
        Ok(moved)
    }

    /// The bytes of the next round, if it begins here and is whole.
    fn pass_round(&mut self, copy: &FileCopy, bytes: &[u8]) -> Option<u64> {
        let (store_id, file_id) = (&self.store_id, copy.from.file_id);
        let (mut at, mut position) = (0_u64, self.position);
        loop {
            let place = Place { store_id, file_id, byte_offset: copy.end + at };
            let batch = ValidBatch::verify(place, bytes.get(usize::try_from(at).ok()?..)?)?;
            let header = batch.header;
            if header.round != self.round + 1 || header.position != position + 1 {
                return None;
            }
            position += u64::from(header.effect_count);
            at += u64::from(header.batch_bytes);
            if header.flags & FLAG_ROUND_CONTINUES == 0 {
                break;
            }
        }
        let whole = at.next_multiple_of(SECTOR_BYTES);
        if whole > bytes.len() as u64 {
            return None;
        }
        (self.round, self.position) = (self.round + 1, position);
        Some(whole)
    }

    /// The header says that the file ends with its last round.
    fn finish_file(&self, copy: &FileCopy) -> std::io::Result<()> {
        let header = FileHeader {
            store_id: self.store_id,
            file_id: copy.from.file_id,
            previous_file_id: copy.from.file_id - 1,
            file_bytes: copy.end,
        };
        write_all(&*copy.to, 0, &header.encode())?;
        copy.to.sync()?;
        copy.to.drop_cache()
    }

    /// What must not be: the store goes on writing this file.
    fn link(&mut self, path: &str, made: &mut Made) -> Result<Copied> {
        let linked = self.source.link(path, &made.disk.path_of(path));
        linked.map_err(|failure| made.failed("the journal cannot be linked", path, failure))?;
        made.add(path);
        self.round = if self.files.is_empty() { self.last_round } else { self.round };
        Ok(Copied::Some(0))
    }
}

fn unreadable(path: &str, failure: std::io::Error) -> Error {
    Error::io("the journal cannot be read", path, failure)
}
