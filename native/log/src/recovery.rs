//! Recovery: from whatever a crash left to the last state that can have been acked.
//!
//! Reads first, decides, and only then writes; what refuses to open is left as it was. The cases
//! carry the labels of FORMAT.md, "Recovery", and each has a test of that name.
//!
//! The journal is walked file by file. A round is accepted when all its checksums verify under
//! its place and its number and position are the next ones. Where that ends:
//!
//! - @A nothing but zeros or bytes of an earlier life follow: a clean end.
//! - @B bytes follow that do not verify, and nothing valid beyond them proves that they were ever
//!   durable: torn, cut.
//! - @C some valid batch beyond carries a mark at or above the missing round: it was durable and
//!   is now wrong: corrupt, refused.
//! - @D the next file begins with the missing round: the writer moved on, so do we.
//! - @E a file that holds rounds that count has a damaged header or a wrong size, or the first
//!   file is missing: corrupt, refused.
//! - @F files after the end are sound spares: kept.
//! - @G files after the end are damaged, short or out of order: removed, prepared again.
//! - @H a file belongs to another store: corrupt, refused.
//! - @I a file is of a newer format: refused.
//! - @J leftovers of a spare that was never finished (`.tmp`): removed.
//! - @K files before the first one, which are sealed: removed.

use std::sync::Arc;

use crate::env::{Disk, DiskFile, OpenMode, read_exact};
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::batch::{FLAG_ROUND_CONTINUES, Place, ValidBatch};
use crate::format::checksum::StoreId;
use crate::format::file::{FileHeader, file_header, journal_file_id, journal_path};
use crate::planted::{Bug, planted};
use crate::seal::JournalPart;
use crate::shelf::JournalFile;

/// Bytes after the end in which unfinished rounds may have left something: more than the two
/// largest that can be in flight, so that a third round of any file begins within them, and its
/// mark covers the first.
pub(crate) const TAIL_BYTES: u64 = 5 << 20;

/// Where the log stands after replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Last accepted round.
    pub round: u64,
    /// Position of the last effect.
    pub position: u64,
    pub at: u64,
    pub retention_at: u64,
    /// Whether the last round is a mark.
    pub marked: bool,
}

/// A batch of an accepted round, and where it lies.
pub(crate) struct Replayed<'a> {
    pub batch: &'a ValidBatch<'a>,
    pub file_id: u64,
    pub byte_offset: u64,
}

/// Receives every accepted batch in order.
pub(crate) type Replay<'a> = dyn FnMut(&Replayed<'_>) + 'a;

/// What recovery found and decided; nothing is written yet.
pub(crate) struct Recovered {
    pub progress: Progress,
    /// Files that hold accepted rounds, oldest first; rounds go on in the last.
    pub files: Vec<JournalPart>,
    /// Where the next round goes in the last of `files`.
    pub end: u64,
    /// Sound spares behind it, in order (@F).
    pub spares: Vec<JournalFile>,
    /// Paths to remove (@G, @J, @K).
    pub remove: Vec<String>,
    /// What refused, in a store opened read-only (@C, @E, @H).
    pub damage: Option<Error>,
}

/// One journal file, or its first bytes.
struct Loaded {
    file_id: u64,
    file: Arc<dyn DiskFile>,
    size: u64,
    bytes: Vec<u8>,
}

/// Reads the journal of a store.
pub(crate) struct Recovery<'a> {
    pub disk: &'a dyn Disk,
    pub store_id: StoreId,
    pub first_file_id: u64,
    /// Serve what verifies where the journal is corrupt, and change and sync nothing.
    pub read_only: bool,
}

/// How much of a file to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    /// The header and the bytes that decide whether a round ever lay here.
    Begin,
}

impl Recovery<'_> {
    /// Walks the chain and replays it.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` (@C, @E, @H) and `FOQ_VERSION` (@I); nothing was changed.
    pub fn run(&self, start: Progress, replay: &mut Replay<'_>) -> Result<Recovered> {
        let (ids, remove) = self.list()?;
        let mut recovered = Recovered {
            progress: start,
            files: Vec::new(),
            end: SECTOR_BYTES,
            spares: Vec::new(),
            remove,
            damage: None,
        };
        let refusal = self.walk_chain(&ids, &mut recovered, replay).and_then(|tail| {
            self.judge_tail(&ids, &tail, &recovered)?;
            self.check_behind(&ids, tail.file_id, &mut recovered)
        });
        match refusal {
            Err(error @ Error::Corrupt { .. }) if self.read_only => recovered.damage = Some(error),
            other => other?,
        }
        Ok(recovered)
    }

    /// Ids of the chain in order, and what is to be removed (@J).
    fn list(&self) -> Result<(Vec<u64>, Vec<String>)> {
        let names = self
            .disk
            .list("journal")
            .map_err(|source| Error::io("the journal cannot be listed", "journal", source))?;
        let ids = names.iter().filter_map(|name| journal_file_id(name));
        let (mut ids, sealed): (Vec<u64>, Vec<u64>) = ids.partition(|&id| id >= self.first_file_id);
        ids.sort_unstable();
        let unfinished = names.iter().filter(|name| name.ends_with(".tmp"));
        let remove = unfinished.map(|name| format!("journal/{name}"));
        Ok((ids, remove.chain(sealed.into_iter().map(journal_path)).collect()))
    }

    /// Accepts rounds until they end; returns the file in which they do, as the device holds it.
    fn walk_chain(
        &self,
        ids: &[u64],
        recovered: &mut Recovered,
        replay: &mut Replay<'_>,
    ) -> Result<Loaded> {
        let first = self.first_file_id;
        if ids.first() != Some(&first) {
            return Err(Error::corrupt(journal_path(first), 0..0, "the file is missing"));
        }
        let mut current = self.load(first, Extent::Whole)?;
        let mut certain = self.read_only;
        loop {
            let (end, progress) = self.walk(&current, recovered.progress);
            let next_id = current.file_id + 1;
            let next = match ids.contains(&next_id) {
                true => Some(self.load(next_id, Extent::Begin)?),
                false => None,
            };
            let moved_on = next.as_ref().is_some_and(|next| self.begins_after(next, progress));
            if !moved_on && !certain {
                // The tail may be in the page cache only: make certain what the device holds.
                certain = true;
                current = self.make_certain(&current)?;
                if let Some(next) = &next {
                    self.make_certain(next)?;
                }
                continue;
            }
            self.check_header(&current)?;
            replay_file(&current, end, replay);
            recovered.progress = progress;
            recovered.end = end;
            recovered.files.push(JournalPart {
                file: self.opened(&current)?,
                end: progress,
                assembled: progress.round,
            });
            if !moved_on {
                return Ok(current);
            }
            current = self.load(next_id, Extent::Whole)?;
            certain = self.read_only;
        }
    }

    /// @A, @B or @C: whether anything beyond the end proves that more was durable.
    fn judge_tail(&self, ids: &[u64], tail: &Loaded, recovered: &Recovered) -> Result<()> {
        if planted(Bug::TruncateAtFirstBadChecksum) {
            return Ok(());
        }
        let missing = recovered.progress.round + 1;
        let what = || format!("round {missing} was durable and does not verify");
        if let Some(proof) = self.proof(tail, recovered.end, missing) {
            return Err(Error::corrupt(journal_path(tail.file_id), recovered.end..proof, what()));
        }
        let end = usize::try_from(recovered.end).unwrap_or(usize::MAX);
        let is_empty = tail.bytes.get(end..).is_none_or(|rest| rest.iter().all(|&byte| byte == 0));
        for &id in ids.iter().filter(|&&id| id > tail.file_id) {
            let later = self.load(id, Extent::Begin)?;
            if let Some(proof) = self.proof(&later, SECTOR_BYTES, missing) {
                // The round was the last of one file or the first of the next.
                let moved_on = is_empty && id == tail.file_id + 1 && proof > SECTOR_BYTES;
                let (file_id, range) = match moved_on {
                    true => (id, SECTOR_BYTES..proof),
                    false => (tail.file_id, recovered.end..tail.size),
                };
                return Err(Error::corrupt(journal_path(file_id), range, what()));
            }
        }
        Ok(())
    }

    /// Sorts files behind the end into spares (@F) and rubbish (@G).
    fn check_behind(&self, ids: &[u64], tail_id: u64, recovered: &mut Recovered) -> Result<()> {
        let mut expected = tail_id + 1;
        for &id in ids.iter().filter(|&&id| id > tail_id) {
            let loaded = self.load(id, Extent::Begin)?;
            let sound = match self.check_header(&loaded) {
                Ok(()) => id == expected,
                Err(Error::Corrupt { what, .. }) if !what.contains(FOREIGN) => false,
                Err(refused) => return Err(refused),
            };
            if sound {
                recovered.spares.push(self.opened(&loaded)?);
                expected += 1;
            } else {
                recovered.remove.push(journal_path(id));
            }
        }
        Ok(())
    }

    fn load(&self, file_id: u64, extent: Extent) -> Result<Loaded> {
        let path = journal_path(file_id);
        let read = || {
            let file = self.disk.open(&path, self.mode())?;
            let size = file.size()?;
            let wanted = match extent {
                Extent::Whole => size,
                Extent::Begin => size.min(SECTOR_BYTES + TAIL_BYTES),
            };
            let mut bytes = vec![0_u8; usize::try_from(wanted).unwrap_or_default()];
            read_exact(&*file, 0, &mut bytes)?;
            Ok(Loaded { file_id, file, size, bytes })
        };
        read().map_err(|source| Error::io("a journal file cannot be read", &path, source))
    }

    /// The file with the handles that a running log needs.
    fn opened(&self, loaded: &Loaded) -> Result<JournalFile> {
        let path = journal_path(loaded.file_id);
        let second = self
            .disk
            .open(&path, self.mode())
            .map_err(|source| Error::io("a journal file cannot be opened", path, source))?;
        let handles = [Arc::clone(&loaded.file), second];
        Ok(JournalFile { file_id: loaded.file_id, file_bytes: loaded.size, handles })
    }

    fn mode(&self) -> OpenMode {
        if self.read_only { OpenMode::Read } else { OpenMode::Update }
    }

    /// Syncs a file, drops its cached pages and reads it again: what a failed sync left in the
    /// cache is gone, and what a killed process wrote is durable or not there.
    fn make_certain(&self, loaded: &Loaded) -> Result<Loaded> {
        let certain = loaded.file.sync().and_then(|()| loaded.file.drop_cache());
        let path = journal_path(loaded.file_id);
        certain.map_err(|source| Error::io("the journal's tail cannot be synced", path, source))?;
        self.load(loaded.file_id, Extent::Whole)
    }

    /// @E, @H, @I.
    fn check_header(&self, loaded: &Loaded) -> Result<()> {
        let path = journal_path(loaded.file_id);
        let header = FileHeader::decode(&loaded.bytes, &path)?;
        let whole = 0..file_header::SIZE as u64;
        if header.store_id != self.store_id {
            return Err(Error::corrupt(path, whole, FOREIGN));
        }
        let chained = header.file_id == loaded.file_id
            && header.previous_file_id + 1 == loaded.file_id
            && header.file_bytes == loaded.size;
        if !chained {
            return Err(Error::corrupt(
                path,
                whole,
                "the header is of another file, or the size is wrong",
            ));
        }
        Ok(())
    }

    /// Verifies the rounds of one file; says where they end and how far the log got.
    fn walk(&self, loaded: &Loaded, start: Progress) -> (u64, Progress) {
        let mut progress = start;
        let mut end = SECTOR_BYTES;
        while let Some((after, next)) = self.walk_round(loaded, end, progress) {
            end = after;
            progress = next;
        }
        (end, progress)
    }

    /// Verifies the round at `begin`: every batch, and that it is the next one.
    fn walk_round(&self, loaded: &Loaded, begin: u64, start: Progress) -> Option<(u64, Progress)> {
        let mut progress = Progress { round: start.round + 1, marked: true, ..start };
        let mut byte_offset = begin;
        loop {
            let batch = self.batch_at(loaded, byte_offset)?;
            let header = batch.header;
            if header.round != progress.round || header.position != progress.position + 1 {
                return None;
            }
            progress.position += u64::from(header.effect_count);
            progress.at = header.at;
            progress.retention_at = header.retention_at;
            progress.marked &= header.effect_count == 0;
            byte_offset += u64::from(header.batch_bytes);
            if header.flags & FLAG_ROUND_CONTINUES == 0 {
                return Some((byte_offset.next_multiple_of(SECTOR_BYTES), progress));
            }
        }
    }

    fn batch_at<'b>(&self, loaded: &'b Loaded, byte_offset: u64) -> Option<ValidBatch<'b>> {
        let place = Place { store_id: &self.store_id, file_id: loaded.file_id, byte_offset };
        let bytes = loaded.bytes.get(usize::try_from(byte_offset).ok()?..)?;
        ValidBatch::verify(place, bytes)
    }

    /// @D.
    fn begins_after(&self, next: &Loaded, progress: Progress) -> bool {
        self.walk_round(next, SECTOR_BYTES, progress).is_some()
    }

    /// Where in `[from, …)` the first valid batch begins that carries a mark at or above `round`.
    fn proof(&self, loaded: &Loaded, from: u64, round: u64) -> Option<u64> {
        let last = loaded.bytes.len() as u64;
        let sectors = (from..last).step_by(usize::try_from(SECTOR_BYTES).unwrap_or(1));
        sectors.into_iter().find(|&byte_offset| {
            self.batch_at(loaded, byte_offset).is_some_and(|batch| batch.header.mark() >= round)
        })
    }
}

/// What @H says.
const FOREIGN: &str = "the file belongs to another store";

/// Hands the rounds `[512, end)`, verified before, to `replay`.
fn replay_file(loaded: &Loaded, end: u64, replay: &mut Replay<'_>) {
    let mut byte_offset = SECTOR_BYTES;
    while byte_offset < end {
        let at = usize::try_from(byte_offset).unwrap_or(usize::MAX);
        let Some(batch) = loaded.bytes.get(at..).and_then(ValidBatch::trusted) else { return };
        replay(&Replayed { batch: &batch, file_id: loaded.file_id, byte_offset });
        byte_offset += u64::from(batch.header.batch_bytes);
        if batch.header.flags & FLAG_ROUND_CONTINUES == 0 {
            byte_offset = byte_offset.next_multiple_of(SECTOR_BYTES);
        }
    }
}
