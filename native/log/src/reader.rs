//! The read side: durable state only, from any thread.
//!
//! What only looks at states is here; see `read_many` for records and `pages` for lists.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::hash::ChatKey;
use crate::seen::Seen;
use crate::shared::Shared;
use crate::state::chat::{ChatState, Pinned};
use crate::state::pointer::Pointer;
use crate::view::{
    CursorView, Gap, Head, ReadFrom, ReadPart, ReadRequest, ReadResult, ReadStop, Record,
    RecordView, Waiting,
};

/// Reads durable state; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pub(crate) shared: Arc<Shared>,
}

/// Where the records of a request lie: those in segments come first.
#[derive(Default)]
pub(crate) struct Places {
    pub key: ChatKey,
    /// Seqs that are sealed.
    pub sealed: Range<u64>,
    /// Deleted ranges that may concern them.
    pub deleted: Vec<(u64, u64)>,
    /// Those in the journal.
    pub wanted: Vec<Wanted>,
}

/// Where one wanted record lies.
pub(crate) struct Wanted {
    pub seq: u64,
    pub pointer: Pointer,
    pub deleted: bool,
}

impl Reader {
    /// Identity of this history.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.epoch
    }

    /// Where a chat stands.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` where the row of a chat that is not in RAM does not verify,
    /// `FOQ_UNAVAILABLE`.
    pub fn head(&self, chat_id: &str) -> Result<Head> {
        self.head_if(chat_id, Waiting::Allowed).map(Option::unwrap_or_default)
    }

    /// As `head`; `None` where the disk would have to be waited for, and must not.
    ///
    /// # Errors
    /// As `head`.
    pub fn head_if(&self, chat_id: &str, waiting: Waiting) -> Result<Option<Head>> {
        self.see(self.key(chat_id), waiting, |Seen { chat, retention_now }| {
            let Some(chat) = chat else { return Head { first_seq: 1, ..Head::default() } };
            let members = chat.members.as_deref();
            Head {
                first_seq: self.floor(chat, retention_now),
                head_seq: chat.head,
                last_at: chat.last_at,
                guard: chat.guard(),
                roster: members.map_or(0, |members| members.roster),
                marks_version: members.map_or(0, |members| members.marks_version),
                options: chat.options(),
            }
        })
    }

    /// Records in ascending order; at least one where there is one, whatever `bytes_max`.
    ///
    /// # Errors
    /// `FOQ_SEQ_OUT_OF_RANGE` beyond head + 1, `FOQ_CORRUPT` where bytes do not verify.
    pub fn read(
        &self,
        chat_id: &str,
        from: ReadFrom,
        limit: usize,
        bytes_max: usize,
    ) -> Result<ReadResult> {
        let request = ReadRequest { chat_id, from, limit };
        let mut records = Vec::new();
        let visit = &mut |_: usize, record: &RecordView<'_>| records.push(owned(record));
        let parts = self.read_many(&[request], bytes_max, Waiting::Allowed, visit);
        match parts.into_iter().next().unwrap_or_default() {
            ReadPart { stop: ReadStop::Failed(error), .. } => Err(error),
            ReadPart { first_seq, head_seq, gap, .. } => {
                Ok(ReadResult { records, first_seq, head_seq, gap })
            }
        }
    }

    /// The pinned record, which retention spares.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` where its bytes do not verify.
    pub fn pinned(&self, chat_id: &str) -> Result<Option<Record>> {
        let key = self.key(chat_id);
        loop {
            let pinned = self.see(key, Waiting::Allowed, |seen| seen.chat?.cold()?.pinned)?;
            let Some(Pinned { seq, pointer, deleted }) = pinned.flatten() else { return Ok(None) };
            let mut found = None;
            let visit = &mut |record: &RecordView<'_>| found = Some(owned(record));
            let read = match pointer {
                Some(pointer) => self.one(chat_id, Wanted { seq, pointer, deleted }, visit),
                None => self.one_sealed(key, (chat_id, seq, deleted), visit),
            };
            // The journal file was sealed and let go meanwhile: it is in a segment now.
            if read.is_err() && pointer.is_some_and(|place| self.shared.file(place).is_none()) {
                continue;
            }
            // Another one was pinned meanwhile, and this one went.
            if read.is_ok() && found.is_none() && self.pinned_seq(key)? != Some(seq) {
                continue;
            }
            return read.map(|()| found);
        }
    }

    fn pinned_seq(&self, key: ChatKey) -> Result<Option<u64>> {
        let seq = self.see(key, Waiting::Allowed, |seen| Some(seen.chat?.cold()?.pinned?.seq));
        seq.map(Option::flatten)
    }

    /// Every cursor of a chat, closing ones too, by seat.
    ///
    /// # Errors
    /// As `head`.
    pub fn cursors(&self, chat_id: &str) -> Result<Vec<CursorView>> {
        let cursors = self.see(self.key(chat_id), Waiting::Allowed, |seen| {
            let Some(chat) = seen.chat else { return Vec::new() };
            let live = chat.cursors(&self.shared.options.retention, seen.retention_now);
            let mut cursors: Vec<CursorView> = live
                .map(|cursor| CursorView {
                    consumer_id: cursor.consumer_id.to_string(),
                    seat: cursor.seat,
                    join_seq: cursor.join_seq,
                    received: cursor.received,
                    delivered: cursor.delivered(),
                    read: cursor.read,
                    marks_seen: cursor.marks_seen,
                    leave_seq: cursor.closing().map(|closing| closing.leave_seq),
                    holes: open_holes(cursor.holes(), cursor.received),
                })
                .collect();
            cursors.sort_unstable_by_key(|cursor| cursor.seat);
            cursors
        })?;
        Ok(cursors.unwrap_or_default())
    }

    pub(crate) fn key(&self, chat_id: &str) -> ChatKey {
        self.shared.hashes.chat(chat_id.as_bytes())
    }

    pub(crate) fn floor(&self, chat: &ChatState, retention_now: u64) -> u64 {
        chat.floor_at(&self.shared.options.retention, retention_now)
    }

    /// Where the records of a request lie, and what is to be said besides; `None` where the disk
    /// would have to be waited for.
    pub(crate) fn find(
        &self,
        request: &ReadRequest<'_>,
        waiting: Waiting,
    ) -> Result<Option<(ReadPart, Places)>> {
        let found = self.see(self.key(request.chat_id), waiting, |seen| {
            let floor = seen.chat.map_or(1, |chat| self.floor(chat, seen.retention_now));
            places_of(request, seen.chat, floor)
        })?;
        found.transpose()
    }
}

fn places_of(
    request: &ReadRequest<'_>,
    chat: Option<&ChatState>,
    floor: u64,
) -> Result<(ReadPart, Places)> {
    let ReadRequest { from, limit, .. } = *request;
    let head_seq = chat.map_or(0, |chat| chat.head);
    let mut result = ReadPart { first_seq: floor, head_seq, ..ReadPart::default() };
    let limit = limit as u64;
    let (begin, end) = match from {
        ReadFrom::Seq(seq) if seq > head_seq + 1 => {
            return Err(Error::SeqOutOfRange { head_seq });
        }
        ReadFrom::Seq(seq) => (seq.max(1), head_seq + 1),
        ReadFrom::Before(seq) => (seq.saturating_sub(limit).max(1), seq.min(head_seq + 1)),
        ReadFrom::Last => ((head_seq + 1).saturating_sub(limit).max(1), head_seq + 1),
    };
    let Some(chat) = chat else { return Ok((result, Places::default())) };
    let below = begin < floor && begin < end;
    if below && from != ReadFrom::Last {
        let to_seq = match from {
            ReadFrom::Before(_) => (end - 1).min(floor - 1),
            _ => floor - 1,
        };
        let reason = chat.floor_reason_at(floor);
        result.gap = Some(Gap { from_seq: begin, to_seq, reason });
    }
    let begin = begin.max(floor);
    let end = end.min(begin.saturating_add(limit));
    let in_journal = chat.records_from().clamp(begin, end.max(begin));
    let wanted = (in_journal..end).filter_map(|seq| {
        let pointer = chat.pointer(seq)?;
        Some(Wanted { seq, pointer, deleted: chat.is_deleted(seq) })
    });
    let sealed = begin..in_journal;
    let deleted = chat.cold().filter(|_| !sealed.is_empty());
    let deleted = deleted.map(|cold| cold.deleted.clone()).unwrap_or_default();
    Ok((result, Places { key: chat.key, sealed, deleted, wanted: wanted.collect() }))
}

fn owned(record: &RecordView<'_>) -> Record {
    Record {
        seq: record.seq,
        at: record.at,
        kind: record.kind,
        pin: record.pin,
        sender_id: String::from_utf8_lossy(record.sender_id).into_owned(),
        payload: record.payload.to_vec(),
        deleted: record.deleted,
    }
}

/// Holes that still lie before the cursor.
fn open_holes(holes: &[(u64, u64)], received: u64) -> Vec<(u64, u64)> {
    holes.iter().copied().filter(|&(_, to)| to > received).collect()
}
