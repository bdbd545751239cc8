//! Packing: what can be done for an operation on the caller's own thread, before any order is
//! decided. Arguments are checked, the chat key is hashed, and a record gets its final layout and
//! its body's checksum, so that the committer only fills in what the order decides.

use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::batch::batch_header;
use crate::format::checksum::crc32c;
use crate::format::effect::{DedupHashes, fixed};
use crate::hash::{ChatKey, Hashes};
use crate::ops::{Append, ChatOptions, JoinAt, Operation, Sender};
use crate::options::{Options, check_overrides};
use crate::record_layout::{lay_out, length_u32, record_bytes};
use crate::state::pointer::EFFECT_BYTES_MAX;

/// Consumers that one append may join or leave.
const ROSTER_CHANGES_MAX: usize = 1000;
/// Ranges that one deletion of records may name.
const RANGES_MAX: usize = 1000;
/// Bytes of a chatId, and of a dedupKey.
const NAME_BYTES_MAX: usize = 128;

/// What the committer must know of an append beyond its record.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppendTerms {
    pub sender: Option<u64>,
    /// The consumer id, where the append is `as` a consumer.
    pub sender_as: Option<Box<str>>,
    pub dedup: Option<DedupHashes>,
    pub guard: Option<(u64, u64)>,
    pub if_head: Option<u64>,
    pub if_roster: Option<u64>,
    pub join: Vec<(u64, Box<str>)>,
    pub leave: Vec<u64>,
}

/// An ack's values.
#[derive(Clone, Debug)]
pub(crate) struct AckTerms {
    pub name: u64,
    pub consumer_id: Box<str>,
    pub received: Option<u64>,
    pub delivered: Option<u64>,
    pub read: Option<u64>,
    pub marks_seen: Option<u32>,
    pub durable: bool,
}

/// What is asked, besides the chat.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    /// An append with nothing but a record.
    Plain,
    Append(AppendTerms),
    Ack(AckTerms),
    Join {
        name: u64,
        consumer_id: Box<str>,
        at: JoinAt,
    },
    Leave {
        name: u64,
        join_seq: Option<u64>,
    },
    Forget {
        name: u64,
    },
    Trim {
        up_to_seq: u64,
    },
    DeleteRecords {
        ranges: Box<[(u64, u64)]>,
    },
    DeleteChat,
    Configure {
        options: ChatOptions,
    },
    /// Nothing: it could not be packed, and is answered with why.
    Refused(Box<Error>),
}

/// One packed operation. `start..start + length` of the bytes is an append's record, or the
/// chatId of any other operation.
#[derive(Clone, Debug)]
pub(crate) struct PackedOperation {
    pub key: ChatKey,
    pub start: u32,
    pub length: u32,
    /// Most bytes its effects can take in a round.
    pub bound: u32,
    /// None of a plain append, so that most operations are small.
    ask: Option<Box<Ask>>,
}

impl PackedOperation {
    pub fn ask(&self) -> &Ask {
        self.ask.as_deref().unwrap_or(&Ask::Plain)
    }
}

const _: () = assert!(size_of::<PackedOperation>() == 48, "small beside the least record");

/// Packed operations on their way to `Log::submit_packed`.
#[derive(Default)]
pub struct Packed {
    pub(crate) operations: Vec<PackedOperation>,
    pub(crate) bytes: Vec<u8>,
}

impl Packed {
    /// Operations packed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether nothing is packed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Bytes counted against `pending_bytes_max`.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        (self.bytes.len() + self.operations.len() * size_of::<PackedOperation>()) as u64
    }

    /// Bytes of memory it holds, used or not.
    pub(crate) fn held_bytes(&self) -> u64 {
        (self.bytes.capacity() + self.operations.capacity() * size_of::<PackedOperation>()) as u64
    }

    /// Forgets all that is packed, and keeps the memory.
    pub fn clear(&mut self) {
        self.operations.clear();
        self.bytes.clear();
    }
}

/// Packs operations; see `Log::packer`.
#[derive(Clone)]
pub struct Packer {
    hashes: Hashes,
    payload_bytes_max: usize,
    /// Most bytes that the effects of one operation may take.
    effects_bytes_max: usize,
}

impl Packer {
    pub(crate) fn new(hashes: Hashes, options: &Options) -> Self {
        let file = u64::from(options.journal_file_bytes) - SECTOR_BYTES;
        let round = file.min(u64::from(options.round_bytes_max).max(EFFECT_BYTES_MAX));
        let effects = round - batch_header::SIZE as u64;
        Self {
            hashes,
            payload_bytes_max: options.payload_bytes_max as usize,
            effects_bytes_max: usize::try_from(effects).unwrap_or(usize::MAX),
        }
    }

    /// Checks ids and sizes, and appends one operation to `into`.
    ///
    /// # Errors
    /// `FOQ_INVALID_ARGUMENT` and `FOQ_TOO_LARGE`; `into` is then as it was.
    pub fn pack(&self, into: &mut Packed, operation: &Operation<'_>) -> Result<()> {
        if into.bytes.len() > u32::MAX as usize / 4 {
            return Err(Error::Busy { what: "one packed buffer holds at most 1 GiB" });
        }
        match *operation {
            Operation::Append(ref append) => self.pack_append(into, append),
            Operation::Ack {
                chat_id,
                consumer_id,
                received,
                delivered,
                read,
                marks_seen,
                durable,
            } => {
                check_consumer_id(consumer_id)?;
                let name = self.hashes.name(consumer_id.as_bytes());
                let consumer_id = Box::from(consumer_id);
                let ask =
                    AckTerms { name, consumer_id, received, delivered, read, marks_seen, durable };
                // Four raises; where their values lie far apart, each in a section of its own.
                let section = fixed::ACKS + fixed::RAISE + chat_id.len() + 8;
                self.pack_other(into, chat_id, Ask::Ack(ask), 4 * section)
            }
            Operation::Join { chat_id, consumer_id, at } => {
                check_consumer_id(consumer_id)?;
                if at == JoinAt::Seq(0) {
                    return Err(Error::invalid("join at seq: the first seq is 1"));
                }
                let name = self.hashes.name(consumer_id.as_bytes());
                let ask = Ask::Join { name, consumer_id: Box::from(consumer_id), at };
                self.pack_other(into, chat_id, ask, fixed::JOIN + consumer_id.len())
            }
            Operation::Leave { chat_id, consumer_id, join_seq } => {
                check_consumer_id(consumer_id)?;
                let ask = Ask::Leave { name: self.hashes.name(consumer_id.as_bytes()), join_seq };
                self.pack_other(into, chat_id, ask, fixed::LEAVE)
            }
            Operation::Forget { chat_id, consumer_id } => {
                check_consumer_id(consumer_id)?;
                let ask = Ask::Forget { name: self.hashes.name(consumer_id.as_bytes()) };
                self.pack_other(into, chat_id, ask, fixed::FORGET)
            }
            Operation::Trim { chat_id, up_to_seq } => {
                self.pack_other(into, chat_id, Ask::Trim { up_to_seq }, fixed::TRIM)
            }
            Operation::DeleteRecords { chat_id, ranges } => {
                check_ranges(ranges)?;
                let bytes = fixed::DELETE_RECORDS + ranges.len() * fixed::RANGE;
                let ask = Ask::DeleteRecords { ranges: Box::from(ranges) };
                self.pack_other(into, chat_id, ask, bytes)
            }
            Operation::DeleteChat { chat_id } => {
                self.pack_other(into, chat_id, Ask::DeleteChat, fixed::DELETE_CHAT)
            }
            Operation::Configure { chat_id, options } => {
                check_overrides(&options)?;
                self.pack_other(into, chat_id, Ask::Configure { options }, fixed::CONFIGURE)
            }
        }
    }

    /// Appends an operation that does nothing and is answered with `error`. For what `pack` did
    /// not take, so that the operations around it still go together.
    pub fn refuse(&self, into: &mut Packed, error: Error) {
        // No chat has an empty id, so this one is never found.
        let key = self.hashes.chat(&[]);
        let ask = Some(Box::new(Ask::Refused(Box::new(error))));
        let start = length_u32(into.bytes.len());
        into.operations.push(PackedOperation { key, start, length: 0, bound: 0, ask });
    }

    fn pack_other(&self, into: &mut Packed, chat_id: &str, ask: Ask, bytes: usize) -> Result<()> {
        check_chat_id(chat_id)?;
        let bound = self.checked_bound(bytes + chat_id.len() + 8)?;
        let start = length_u32(into.bytes.len());
        into.bytes.extend_from_slice(chat_id.as_bytes());
        into.operations.push(PackedOperation {
            key: self.hashes.chat(chat_id.as_bytes()),
            start,
            length: length_u32(chat_id.len()),
            bound,
            ask: Some(Box::new(ask)),
        });
        Ok(())
    }

    fn pack_append(&self, into: &mut Packed, append: &Append<'_>) -> Result<()> {
        self.check_append(append)?;
        let terms = self.terms(append);
        let chat = append.chat_id.as_bytes();
        let changes: usize = append
            .join
            .iter()
            .map(|id| fixed::JOIN + id.len() + chat.len() + 8)
            .chain(append.leave.iter().map(|_| fixed::LEAVE + chat.len() + 8))
            .sum();
        let record = record_bytes(append);
        if record as u64 > EFFECT_BYTES_MAX {
            return Err(Error::TooLarge { what: "record", limit: EFFECT_BYTES_MAX });
        }
        let bound = self.checked_bound(record + changes)?;
        let start = length_u32(into.bytes.len());
        lay_out(&mut into.bytes, append, terms.as_ref(), record);
        into.operations.push(PackedOperation {
            key: self.hashes.chat(chat),
            start,
            length: length_u32(record),
            bound,
            ask: terms.map(|terms| Box::new(Ask::Append(terms))),
        });
        Ok(())
    }

    fn check_append(&self, append: &Append<'_>) -> Result<()> {
        check_chat_id(append.chat_id)?;
        if append.payload.len() > self.payload_bytes_max {
            let limit = self.payload_bytes_max as u64;
            return Err(Error::TooLarge { what: "payload", limit });
        }
        if let Sender::As(id) | Sender::Id(id) = append.sender {
            check_consumer_id(id)?;
        }
        if let Some(key) = append.dedup_key {
            if append.sender == Sender::None {
                return Err(Error::invalid("dedupKey needs as or senderId"));
            }
            if key.len() > NAME_BYTES_MAX {
                let limit = NAME_BYTES_MAX as u64;
                return Err(Error::TooLarge { what: "dedupKey", limit });
            }
        } else if append.dedup_over.is_some() {
            return Err(Error::invalid("dedupOver needs dedupKey"));
        }
        let seq_max = (1_u64 << 53) - 1;
        if append.guard.is_some_and(|(expected, next)| expected > seq_max || next > seq_max) {
            return Err(Error::invalid("a guard is at most 2^53-1"));
        }
        if append.join.len() > ROSTER_CHANGES_MAX || append.leave.len() > ROSTER_CHANGES_MAX {
            let limit = ROSTER_CHANGES_MAX as u64;
            return Err(Error::TooLarge { what: "join or leave", limit });
        }
        append.join.iter().chain(append.leave).try_for_each(|id| check_consumer_id(id))
    }

    fn terms(&self, append: &Append<'_>) -> Option<AppendTerms> {
        let plain = append.dedup_key.is_none()
            && append.guard.is_none()
            && append.if_head.is_none()
            && append.if_roster.is_none()
            && append.join.is_empty()
            && append.leave.is_empty()
            && !matches!(append.sender, Sender::As(_));
        if plain {
            return None;
        }
        let name = |id: &str| self.hashes.name(id.as_bytes());
        let (sender, sender_as) = match append.sender {
            Sender::None => (None, None),
            Sender::Id(id) => (Some(name(id)), None),
            Sender::As(id) => (Some(name(id)), Some(Box::from(id))),
        };
        Some(AppendTerms {
            sender,
            sender_as,
            dedup: append.dedup_key.map(|key| DedupHashes {
                key: self.hashes.name(key),
                payload: crc32c(0, append.dedup_over.unwrap_or(append.payload)),
            }),
            guard: append.guard,
            if_head: append.if_head,
            if_roster: append.if_roster,
            join: append.join.iter().map(|id| (name(id), Box::from(*id))).collect(),
            leave: append.leave.iter().map(|id| name(id)).collect(),
        })
    }

    fn checked_bound(&self, bytes: usize) -> Result<u32> {
        if bytes > self.effects_bytes_max {
            let limit = self.effects_bytes_max as u64;
            return Err(Error::TooLarge { what: "one operation in the journal", limit });
        }
        Ok(length_u32(bytes))
    }
}

fn check_ranges(ranges: &[(u64, u64)]) -> Result<()> {
    if ranges.iter().any(|&(from, to)| from == 0 || from > to) {
        return Err(Error::invalid("deleteRecords: each range is 1 <= fromSeq <= toSeq"));
    }
    if ranges.len() > RANGES_MAX {
        let limit = RANGES_MAX as u64;
        return Err(Error::TooLarge { what: "ranges of deleteRecords", limit });
    }
    Ok(())
}

fn check_chat_id(id: &str) -> Result<()> {
    if id.is_empty() || id.len() > NAME_BYTES_MAX {
        return Err(Error::invalid("a chatId is 1 to 128 bytes"));
    }
    Ok(())
}

/// `owner` or `owner/name`, each 1 to 63 of `A-Z a-z 0-9 _ . ~ : @ -`.
fn check_consumer_id(id: &str) -> Result<()> {
    let part = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.~:@-".contains(&b);
        (1..=63).contains(&part.len()) && part.bytes().all(allowed)
    };
    let valid = match id.split_once('/') {
        Some((owner, name)) => part(owner) && part(name),
        None => part(id),
    };
    if valid {
        return Ok(());
    }
    Err(Error::invalid("a consumerId is owner or owner/name, each 1 to 63 of [A-Za-z0-9_.~:@-]"))
}
