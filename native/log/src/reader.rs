//! The read side: durable state only, from any thread.
//!
//! A read takes the state lock to find where records lie, and reads the disk without any lock.

use std::sync::Arc;

use crate::env::read_exact;
use crate::error::{Error, Result};
use crate::format::effect::{Effect, RecordEffect};
use crate::shared::Shared;
use crate::state::States;
use crate::state::chat::{ChatState, Pinned};
use crate::state::pointer::Pointer;
use crate::view::{ChatRow, CursorView, Gap, Head, ReadFrom, ReadResult, Record};

/// Reads durable state; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pub(crate) shared: Arc<Shared>,
}

/// Where one wanted record lies.
struct Wanted {
    seq: u64,
    pointer: Pointer,
    deleted: bool,
}

impl Reader {
    /// Identity of this history.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.shared.epoch
    }

    /// Where a chat stands.
    #[must_use]
    pub fn head(&self, chat_id: &str) -> Head {
        let states = self.shared.states.read();
        let Some(chat) = self.chat(&states, chat_id) else {
            return Head { first_seq: 1, ..Head::default() };
        };
        let members = chat.members.as_deref();
        Head {
            first_seq: self.floor(&states, chat),
            head_seq: chat.head,
            last_at: chat.last_at,
            guard: chat.guard(),
            roster: members.map_or(0, |members| members.roster),
            marks_version: members.map_or(0, |members| members.marks_version),
            options: chat.options(),
        }
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
        let (mut result, wanted) = self.find(chat_id, from, limit)?;
        let mut bytes = 0;
        for wanted in wanted {
            let length = usize::try_from(wanted.pointer.length_bytes()).unwrap_or(usize::MAX);
            if !result.records.is_empty() && length > bytes_max.saturating_sub(bytes) {
                break;
            }
            bytes = bytes.saturating_add(length);
            result.records.push(self.record(chat_id, &wanted)?);
        }
        Ok(result)
    }

    /// The pinned record, which retention spares.
    ///
    /// # Errors
    /// `FOQ_CORRUPT` where its bytes do not verify.
    pub fn pinned(&self, chat_id: &str) -> Result<Option<Record>> {
        let wanted = {
            let states = self.shared.states.read();
            let pinned = self.chat(&states, chat_id).and_then(|chat| chat.cold()?.pinned);
            pinned.map(|Pinned { seq, pointer, deleted }| Wanted { seq, pointer, deleted })
        };
        wanted.map(|wanted| self.record(chat_id, &wanted)).transpose()
    }

    /// Every cursor of a chat, closing ones too, by seat.
    #[must_use]
    pub fn cursors(&self, chat_id: &str) -> Vec<CursorView> {
        let states = self.shared.states.read();
        let Some(chat) = self.chat(&states, chat_id) else { return Vec::new() };
        let live = chat.cursors(&self.shared.options.retention, states.retention_now);
        let mut cursors: Vec<CursorView> = live
            .map(|cursor| CursorView {
                consumer_id: cursor.consumer_id.to_string(),
                seat: cursor.seat,
                join_seq: cursor.join_seq,
                received: cursor.received,
                delivered: cursor.delivered,
                read: cursor.read,
                marks_seen: cursor.marks_seen,
                leave_seq: cursor.closing.map(|closing| closing.leave_seq),
                holes: open_holes(&cursor.holes, cursor.received),
            })
            .collect();
        cursors.sort_unstable_by_key(|cursor| cursor.seat);
        cursors
    }

    /// All pages of `pending_page`.
    #[must_use]
    pub fn pending(&self, consumer_id: &str) -> Vec<ChatRow> {
        self.pending_page(consumer_id, None, usize::MAX).map(|page| page.rows).unwrap_or_default()
    }

    /// All pages of `chats_of_page`, without chats it is leaving.
    #[must_use]
    pub fn chats_of(&self, consumer_id: &str) -> Vec<ChatRow> {
        let page = self.chats_of_page(consumer_id, None, usize::MAX, false);
        page.map(|page| page.rows).unwrap_or_default()
    }

    /// All chats that any effect ever touched, in no order.
    #[must_use]
    pub fn chats(&self) -> Vec<String> {
        let states = self.shared.states.read();
        let touched = states.chats_from(0).filter(|chat| chat.as_of > 0);
        touched.map(|chat| chat.chat_id.to_string()).collect()
    }

    fn chat<'a>(&self, states: &'a States, chat_id: &str) -> Option<&'a ChatState> {
        states.find_chat(self.shared.hashes.chat(chat_id.as_bytes()))
    }

    pub(crate) fn floor(&self, states: &States, chat: &ChatState) -> u64 {
        chat.floor_at(&self.shared.options.retention, states.retention_now)
    }

    fn find(
        &self,
        chat_id: &str,
        from: ReadFrom,
        limit: usize,
    ) -> Result<(ReadResult, Vec<Wanted>)> {
        let states = self.shared.states.read();
        let mut result = ReadResult { first_seq: 1, ..ReadResult::default() };
        let chat = self.chat(&states, chat_id);
        if let Some(chat) = chat {
            result.first_seq = self.floor(&states, chat);
            result.head_seq = chat.head;
        }
        let head_seq = result.head_seq;
        let limit = limit as u64;
        let (begin, end) = match from {
            ReadFrom::Seq(seq) if seq > head_seq + 1 => {
                return Err(Error::SeqOutOfRange { head_seq });
            }
            ReadFrom::Seq(seq) => (seq.max(1), head_seq + 1),
            ReadFrom::Before(seq) => (seq.saturating_sub(limit).max(1), seq.min(head_seq + 1)),
            ReadFrom::Last => ((head_seq + 1).saturating_sub(limit).max(1), head_seq + 1),
        };
        let Some(chat) = chat else { return Ok((result, Vec::new())) };
        let below = begin < result.first_seq && begin < end;
        if below && from != ReadFrom::Last {
            let reason = chat.floor_reason_at(result.first_seq);
            let to_seq = match from {
                ReadFrom::Before(_) => (end - 1).min(result.first_seq - 1),
                _ => result.first_seq - 1,
            };
            result.gap = Some(Gap { from_seq: begin, to_seq, reason });
        }
        let begin = begin.max(result.first_seq);
        let seqs = begin..end.min(begin.saturating_add(limit));
        let wanted = seqs.filter_map(|seq| {
            let pointer = chat.pointer(seq)?;
            Some(Wanted { seq, pointer, deleted: chat.is_deleted(seq) })
        });
        Ok((result, wanted.collect()))
    }

    /// Reads and verifies one record.
    fn record(&self, chat_id: &str, wanted: &Wanted) -> Result<Record> {
        let pointer = wanted.pointer;
        let begin = pointer.byte_offset();
        let range = begin..begin + pointer.length_bytes();
        let name = || format!("journal file {}", pointer.file());
        let corrupt = |what: &str| Error::corrupt(name(), range.clone(), what);
        let file = self.shared.file(pointer).ok_or_else(|| corrupt("the file is gone"))?;
        let length = usize::try_from(pointer.length_bytes()).unwrap_or_default();
        let mut bytes = vec![0_u8; length];
        read_exact(&*file, begin, &mut bytes)
            .map_err(|source| Error::io("a record cannot be read", name(), source))?;
        let effect = Effect::decode(&bytes).filter(Effect::body_verifies);
        let Some(Effect::Record(record)) = effect else {
            return Err(corrupt("the record's checksum does not verify"));
        };
        if record.seq != wanted.seq || record.chat_id != chat_id.as_bytes() {
            return Err(corrupt("another record lies here"));
        }
        Ok(owned(&record, wanted.deleted))
    }
}

fn owned(record: &RecordEffect<'_>, deleted: bool) -> Record {
    Record {
        seq: record.seq,
        at: record.at,
        kind: record.record_kind,
        pin: record.pin,
        sender_id: String::from_utf8_lossy(record.sender_id).into_owned(),
        payload: if deleted { Vec::new() } else { record.payload.to_vec() },
        deleted,
    }
}

/// Holes that still lie before the cursor.
fn open_holes(holes: &[(u64, u64)], received: u64) -> Vec<(u64, u64)> {
    holes.iter().copied().filter(|&(_, to)| to > received).collect()
}
