//! The read side: durable state only, from any thread.
//!
//! What only looks at states is here; see `read_many` for records and `pages` for lists.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::state::States;
use crate::state::chat::{ChatState, Pinned};
use crate::state::pointer::Pointer;
use crate::view::{
    ChatRow, CursorView, Gap, Head, ReadFrom, ReadPart, ReadRequest, ReadResult, ReadStop, Record,
    RecordView, Waiting,
};

/// Reads durable state; cheap to clone.
#[derive(Clone)]
pub struct Reader {
    pub(crate) shared: Arc<Shared>,
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
        let wanted = {
            let states = self.shared.states.read();
            let pinned = self.chat(&states, chat_id).and_then(|chat| chat.cold()?.pinned);
            pinned.map(|Pinned { seq, pointer, deleted }| Wanted { seq, pointer, deleted })
        };
        let Some(wanted) = wanted else { return Ok(None) };
        let mut pinned = None;
        self.one(chat_id, wanted, &mut |record| pinned = Some(owned(record)))?;
        Ok(pinned)
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

    /// Where the records of a request lie, and what is to be said besides.
    pub(crate) fn find(&self, request: &ReadRequest<'_>) -> Result<(ReadPart, Vec<Wanted>)> {
        let ReadRequest { chat_id, from, limit } = *request;
        let states = self.shared.states.read();
        let mut result = ReadPart { first_seq: 1, ..ReadPart::default() };
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
