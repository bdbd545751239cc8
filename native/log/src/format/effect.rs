//! Effects: what a batch holds. Each is a multiple of 8 bytes and begins with its kind; every
//! value is absolute, so that replay needs nothing but the effects before it.
//!
//! A record's *head* (fixed part and extensions) is covered by the batch checksum, its *body*
//! (names and payload) by its own; every other effect is head only.

use super::LittleEndian;
use super::checksum::crc32c;

/// Bytes of a record's head; see FORMAT.md, "Record".
pub(crate) mod record_head {
    pub const KIND: usize = 0;
    pub const EXTENSIONS: usize = KIND + 1;
    pub const HEAD_CHECK: usize = EXTENSIONS + 1; // see `head_check`
    pub const BODY_CRC: usize = HEAD_CHECK + 2; // of bytes 8..16 and the body
    pub const CHAT_BYTES: usize = BODY_CRC + 4;
    pub const SENDER_BYTES: usize = CHAT_BYTES + 1;
    pub const RECORD_KIND: usize = SENDER_BYTES + 1;
    pub const FLAGS: usize = RECORD_KIND + 1;
    pub const PAYLOAD_BYTES: usize = FLAGS + 1;
    pub const SEQ: usize = PAYLOAD_BYTES + 4;
    pub const AT: usize = SEQ + 8;
    pub const SIZE: usize = AT + 8;
    const _: () = assert!(SIZE == 32, "FORMAT.md says 32");
}

/// First byte of an effect.
pub(crate) mod kind {
    pub const RECORD: u8 = 1;
    pub const ACKS: u8 = 2;
    pub const JOIN: u8 = 3;
    pub const LEAVE: u8 = 4;
    pub const TRIM: u8 = 5;
    pub const DELETE_RECORDS: u8 = 6;
    pub const DELETE_CHAT: u8 = 7;
    pub const CONFIGURE: u8 = 8;
    pub const FORGET: u8 = 9;
}

/// Extensions of a record's head, in this order.
pub(crate) mod extension {
    pub const DEDUP: u8 = 1; // key hash 8, payload hash 4, zeros 4
    pub const GUARD: u8 = 2; // guard after this record 8
    pub const SEAT: u8 = 4; // sender's seat 2, raises his received 1, zeros 5
    pub const DEDUP_BYTES: usize = 16;
    pub const GUARD_BYTES: usize = 8;
    pub const SEAT_BYTES: usize = 8;
}

/// Record flag: becomes the chat's pinned record.
pub(crate) const FLAG_PIN: u8 = 1;

/// What one mark of an ack section raises.
pub(crate) mod raise {
    pub const RECEIVED: u8 = 0;
    pub const DELIVERED: u8 = 1;
    pub const READ: u8 = 2;
    pub const MARKS_SEEN: u8 = 3;
}

/// Identity of a keyed append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DedupHashes {
    /// Keyed 64-bit hash of the key.
    pub key: u64,
    /// 32-bit hash of the payload, or of what the caller named instead.
    pub payload: u32,
}

/// A record as it lies in a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordEffect<'a> {
    pub chat_id: &'a [u8],
    pub sender_id: &'a [u8],
    pub payload: &'a [u8],
    pub seq: u64,
    pub at: u64,
    pub record_kind: u8,
    pub pin: bool,
    pub dedup: Option<DedupHashes>,
    pub guard_after: Option<u64>,
    /// The sender's seat, and whether his `received` becomes `seq`.
    pub seat: Option<(u16, bool)>,
    body_crc: u32,
    /// The bytes that describe the body, and the body: what `body_crc` covers.
    describing: &'a [u8],
    body: &'a [u8],
}

/// One raised value of one cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raise {
    pub seat: u16,
    /// One of `raise`.
    pub what: u8,
    pub value: u64,
}

/// A decoded effect.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effect<'a> {
    Record(RecordEffect<'a>),
    Acks {
        chat_id: &'a [u8],
        marks_version: u32,
        raises: Raises<'a>,
    },
    Join {
        chat_id: &'a [u8],
        consumer_id: &'a [u8],
        seat: u16,
        join_seq: u64,
        received: u64,
        roster: u64,
    },
    Leave {
        chat_id: &'a [u8],
        seat: u16,
        leave_seq: u64,
        roster: u64,
    },
    Forget {
        chat_id: &'a [u8],
        seat: u16,
        roster: u64,
    },
    Trim {
        chat_id: &'a [u8],
        floor: u64,
    },
    DeleteRecords {
        chat_id: &'a [u8],
        ranges: Ranges<'a>,
    },
    DeleteChat {
        chat_id: &'a [u8],
        floor: u64,
        roster: u64,
    },
    Configure {
        chat_id: &'a [u8],
        keep: u8,
        max_age_ms: Option<u64>,
        keep_at_least_ms: Option<u64>,
        max_bytes: Option<u64>,
    },
}

/// Fixed bytes before the names, of every effect but records.
pub(crate) mod fixed {
    pub const ACKS: usize = 16; // kind 1, chat bytes 1, count 2, marksVersion 4, base 8
    pub const RAISE: usize = 8; // seat 2, what 1, base - value 5
    pub const JOIN: usize = 32; // kind 1, chat bytes 1, consumer bytes 1, 0, seat 2, 0 2, joinSeq 8, received 8, roster 8
    pub const LEAVE: usize = 24; // kind 1, chat bytes 1, seat 2, 0 4, leaveSeq 8, roster 8
    pub const FORGET: usize = 16; // kind 1, chat bytes 1, seat 2, 0 4, roster 8
    pub const TRIM: usize = 16; // kind 1, chat bytes 1, 0 6, floor 8
    pub const DELETE_RECORDS: usize = 8; // kind 1, chat bytes 1, count 2, 0 4
    pub const RANGE: usize = 16; // fromSeq 8, toSeq 8
    pub const DELETE_CHAT: usize = 24; // kind 1, chat bytes 1, 0 6, floor 8, roster 8
    pub const CONFIGURE: usize = 32; // kind 1, chat bytes 1, present 1, keep 1, 0 4, maxAgeMs 8, keepAtLeastMs 8, maxBytes 8
    pub const PRESENT_MAX_AGE: u8 = 1;
    pub const PRESENT_KEEP_AT_LEAST: u8 = 2;
    pub const PRESENT_MAX_BYTES: u8 = 4;
}

/// Largest `base - value` of a raise.
pub(crate) const RAISE_DELTA_MAX: u64 = (1 << 40) - 1;

/// Bytes of the head (what the batch checksum covers) and of the whole effect at `bytes[0]`;
/// `None` when the kind is unknown or the effect does not fit.
#[inline]
pub(crate) fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
    if bytes.len() < 8 {
        return None;
    }
    let second = usize::from(*bytes.get(1)?);
    let (head, body) = match *bytes.first()? {
        kind::RECORD => {
            if bytes.len() < record_head::SIZE {
                return None;
            }
            let head = record_head::SIZE + extension_bytes(*bytes.get(record_head::EXTENSIONS)?);
            let chat = usize::from(*bytes.get(record_head::CHAT_BYTES)?);
            let sender = usize::from(*bytes.get(record_head::SENDER_BYTES)?);
            (head, chat + sender + bytes.u32_at(record_head::PAYLOAD_BYTES) as usize)
        }
        kind::ACKS => (fixed::ACKS + usize::from(bytes.u16_at(2)) * fixed::RAISE + second, 0),
        kind::JOIN => (fixed::JOIN + second + usize::from(*bytes.get(2)?), 0),
        kind::LEAVE => (fixed::LEAVE + second, 0),
        kind::FORGET => (fixed::FORGET + second, 0),
        kind::TRIM => (fixed::TRIM + second, 0),
        kind::DELETE_RECORDS => {
            (fixed::DELETE_RECORDS + usize::from(bytes.u16_at(2)) * fixed::RANGE + second, 0)
        }
        kind::DELETE_CHAT => (fixed::DELETE_CHAT + second, 0),
        kind::CONFIGURE => (fixed::CONFIGURE + second, 0),
        _ => return None,
    };
    let whole = (head + body).next_multiple_of(8);
    // Other effects have no body: their padding is part of the head.
    let head = if body == 0 && *bytes.first()? != kind::RECORD { whole } else { head };
    (whole <= bytes.len()).then_some((head, whole))
}

/// Bytes that the extension bits add to a record's head.
#[inline]
pub(crate) fn extension_bytes(bits: u8) -> usize {
    let has = |bit: u8, size: usize| if bits & bit != 0 { size } else { 0 };
    has(extension::DEDUP, extension::DEDUP_BYTES)
        + has(extension::GUARD, extension::GUARD_BYTES)
        + has(extension::SEAT, extension::SEAT_BYTES)
}

/// The check of a record's head: a flip in kind, extensions, seq, at or an extension's content
/// is seen by a lone read too. All 16-bit words of these folded by exclusive or: every single
/// flip changes it, and it costs the committer next to nothing.
#[inline]
pub(crate) fn head_check(head: &[u8]) -> u16 {
    let begin = u64::from(head.u16_at(record_head::KIND));
    let words = head.get(record_head::SEQ..).unwrap_or_default().chunks_exact(8);
    let folded = words.fold(begin, |folded, word| folded.rotate_left(8) ^ word.u64_at(0));
    let folded = folded ^ folded >> 32;
    ((folded ^ folded >> 16) & 0xFFFF) as u16
}

/// Checksum of a record's body: of the eight bytes that describe it, and of the bytes themselves.
#[inline]
pub(crate) fn body_checksum(describing: &[u8], body: &[u8]) -> u32 {
    crc32c(crc32c(0, describing), body)
}

impl<'a> Effect<'a> {
    /// Decodes the effect at `bytes[0]`; `None` when it does not hold together.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (_, whole) = lengths(bytes)?;
        let bytes = bytes.get(..whole)?;
        let chat_bytes = usize::from(*bytes.get(1)?);
        let chat_at = |at: usize| bytes.get(at..at + chat_bytes);
        Some(match *bytes.first()? {
            kind::RECORD => return decode_record(bytes).map(Self::Record),
            kind::ACKS => {
                let end = fixed::ACKS + usize::from(bytes.u16_at(2)) * fixed::RAISE;
                let raises = Raises { base: bytes.u64_at(8), bytes: bytes.get(fixed::ACKS..end)? };
                Self::Acks { chat_id: chat_at(end)?, marks_version: bytes.u32_at(4), raises }
            }
            kind::JOIN => {
                let consumer_bytes = usize::from(*bytes.get(2)?);
                let consumer_at = fixed::JOIN + chat_bytes;
                Self::Join {
                    chat_id: chat_at(fixed::JOIN)?,
                    consumer_id: bytes.get(consumer_at..consumer_at + consumer_bytes)?,
                    seat: bytes.u16_at(4),
                    join_seq: bytes.u64_at(8),
                    received: bytes.u64_at(16),
                    roster: bytes.u64_at(24),
                }
            }
            kind::LEAVE => Self::Leave {
                chat_id: chat_at(fixed::LEAVE)?,
                seat: bytes.u16_at(2),
                leave_seq: bytes.u64_at(8),
                roster: bytes.u64_at(16),
            },
            kind::FORGET => Self::Forget {
                chat_id: chat_at(fixed::FORGET)?,
                seat: bytes.u16_at(2),
                roster: bytes.u64_at(8),
            },
            kind::TRIM => Self::Trim { chat_id: chat_at(fixed::TRIM)?, floor: bytes.u64_at(8) },
            kind::DELETE_RECORDS => {
                let end = fixed::DELETE_RECORDS + usize::from(bytes.u16_at(2)) * fixed::RANGE;
                let ranges = Ranges { bytes: bytes.get(fixed::DELETE_RECORDS..end)? };
                Self::DeleteRecords { chat_id: chat_at(end)?, ranges }
            }
            kind::DELETE_CHAT => Self::DeleteChat {
                chat_id: chat_at(fixed::DELETE_CHAT)?,
                floor: bytes.u64_at(8),
                roster: bytes.u64_at(16),
            },
            kind::CONFIGURE => {
                let present = *bytes.get(2)?;
                let when = |bit, at| (present & bit != 0).then(|| bytes.u64_at(at));
                Self::Configure {
                    chat_id: chat_at(fixed::CONFIGURE)?,
                    keep: *bytes.get(3)?,
                    max_age_ms: when(fixed::PRESENT_MAX_AGE, 8),
                    keep_at_least_ms: when(fixed::PRESENT_KEEP_AT_LEAST, 16),
                    max_bytes: when(fixed::PRESENT_MAX_BYTES, 24),
                }
            }
            _ => return None,
        })
    }

    /// The chatId of a record that is laid out but not numbered yet.
    pub fn record_chat_id(bytes: &'a [u8]) -> Option<&'a [u8]> {
        let body_at = record_head::SIZE + extension_bytes(*bytes.get(record_head::EXTENSIONS)?);
        let chat_bytes = usize::from(*bytes.get(record_head::CHAT_BYTES)?);
        bytes.get(body_at..body_at + chat_bytes)
    }

    /// The chat it touches.
    pub fn chat_id(&self) -> &'a [u8] {
        match self {
            Self::Record(record) => record.chat_id,
            Self::Acks { chat_id, .. }
            | Self::Join { chat_id, .. }
            | Self::Leave { chat_id, .. }
            | Self::Forget { chat_id, .. }
            | Self::Trim { chat_id, .. }
            | Self::DeleteRecords { chat_id, .. }
            | Self::DeleteChat { chat_id, .. }
            | Self::Configure { chat_id, .. } => chat_id,
        }
    }

    /// Whether a record's body is what its head says; true for every other effect.
    pub fn body_verifies(&self) -> bool {
        match self {
            Self::Record(record) => {
                record.body_crc == body_checksum(record.describing, record.body)
            }
            _ => true,
        }
    }
}

fn decode_record(bytes: &[u8]) -> Option<RecordEffect<'_>> {
    let bits = *bytes.get(record_head::EXTENSIONS)?;
    let body_at = record_head::SIZE + extension_bytes(bits);
    let chat_bytes = usize::from(*bytes.get(record_head::CHAT_BYTES)?);
    let sender_bytes = usize::from(*bytes.get(record_head::SENDER_BYTES)?);
    let payload_bytes = bytes.u32_at(record_head::PAYLOAD_BYTES) as usize;
    let body = bytes.get(body_at..body_at + chat_bytes + sender_bytes + payload_bytes)?;
    let (chat_id, rest) = body.split_at_checked(chat_bytes)?;
    let (sender_id, payload) = rest.split_at_checked(sender_bytes)?;
    let mut at = record_head::SIZE;
    let mut take = |bit: u8, size: usize| {
        let place = (bits & bit != 0).then_some(at);
        at += place.map_or(0, |_| size);
        place
    };
    let dedup = take(extension::DEDUP, extension::DEDUP_BYTES)
        .map(|at| DedupHashes { key: bytes.u64_at(at), payload: bytes.u32_at(at + 8) });
    let guard_after = take(extension::GUARD, extension::GUARD_BYTES).map(|at| bytes.u64_at(at));
    let seat = take(extension::SEAT, extension::SEAT_BYTES)
        .map(|at| (bytes.u16_at(at), bytes.get(at + 2) == Some(&1)));
    let describing = bytes.get(record_head::CHAT_BYTES..record_head::SEQ)?;
    let checked = bytes.u16_at(record_head::HEAD_CHECK) == head_check(bytes.get(..body_at)?);
    checked.then(|| RecordEffect {
        chat_id,
        sender_id,
        payload,
        seq: bytes.u64_at(record_head::SEQ),
        at: bytes.u64_at(record_head::AT),
        record_kind: bytes.get(record_head::RECORD_KIND).copied().unwrap_or_default(),
        pin: bytes.get(record_head::FLAGS).copied().unwrap_or_default() & FLAG_PIN != 0,
        dedup,
        guard_after,
        seat,
        body_crc: bytes.u32_at(record_head::BODY_CRC),
        describing,
        body,
    })
}

/// The raised values of an ack section.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raises<'a> {
    base: u64,
    bytes: &'a [u8],
}

impl Raises<'_> {
    /// Each raised value.
    pub fn iterate(&self) -> impl Iterator<Item = Raise> {
        self.bytes.chunks_exact(fixed::RAISE).map(|bytes| {
            let delta =
                u64::from(bytes.u32_at(3)) | u64::from(bytes.get(7).copied().unwrap_or(0)) << 32;
            Raise {
                seat: bytes.u16_at(0),
                what: bytes.get(2).copied().unwrap_or_default(),
                value: self.base.saturating_sub(delta),
            }
        })
    }
}

/// The ranges of a `DeleteRecords`, inclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranges<'a> {
    bytes: &'a [u8],
}

impl Ranges<'_> {
    /// Each range.
    pub fn iterate(&self) -> impl Iterator<Item = (u64, u64)> {
        self.bytes.chunks_exact(fixed::RANGE).map(|bytes| (bytes.u64_at(0), bytes.u64_at(8)))
    }
}
