//! The bytes that JavaScript asks with: operations, reads, chat ids. Little-endian, unaligned;
//! `engine/packing.ts` is the other side. Nothing of this reaches a disk.
//!
//! An operation is a header (tag, `small`, bytes of the chat id, bytes of a second id: u8 each;
//! bytes of the body: u32), the chat id, the second id, the body. What `small` and the body are is
//! said beside each tag. Numbers are f64 and checked.

use foq_log::{Append, ChatOptions, Error, JoinAt, Keep, Operation, ReadFrom, Result, Sender};

use crate::options::count_of;
use crate::packing::invalid;

/// Tags of operations.
mod tag {
    /// small: the record's kind. Body: the payload. The second id is the sender, or empty.
    pub const APPEND: u8 = 1;
    /// The same, but the payload follows what `flag` says.
    pub const APPEND_WITH: u8 = 2;
    /// small: `ack_flag`. Body: a number for each of the first four flags. Second id: who acks,
    /// as in all that follow and name a consumer.
    pub const ACK: u8 = 3;
    /// small: 0 at the head, 1 at the floor, 2 at the seq in the body.
    pub const JOIN: u8 = 4;
    /// small: 1 when the body has the joinSeq.
    pub const LEAVE: u8 = 5;
    /// No body.
    pub const FORGET: u8 = 6;
    /// Body: the last seq that goes.
    pub const TRIM: u8 = 7;
    /// Body: pairs of numbers.
    pub const DELETE_RECORDS: u8 = 8;
    /// No body.
    pub const DELETE_CHAT: u8 = 9;
    /// small: `configure_flag`, and keep in its two lowest bits (0 none). Body: numbers.
    pub const CONFIGURE: u8 = 10;
}

/// A u32 before the payload, then what each bit says, in this order.
mod flag {
    /// The sender must be joined.
    pub const MEMBER: u32 = 1;
    pub const PIN: u32 = 1 << 1;
    /// Two numbers: expected, next.
    pub const GUARD: u32 = 1 << 2;
    /// A number.
    pub const IF_HEAD: u32 = 1 << 3;
    /// A number.
    pub const IF_ROSTER: u32 = 1 << 4;
    /// A u32 of its bytes, then they.
    pub const DEDUP_KEY: u32 = 1 << 5;
    /// The same.
    pub const DEDUP_OVER: u32 = 1 << 6;
    /// A u32 of how many ids, then each: a u8 of its bytes, then they.
    pub const JOIN: u32 = 1 << 7;
    /// The same.
    pub const LEAVE: u32 = 1 << 8;
}

mod ack_flag {
    pub const RECEIVED: u8 = 1;
    pub const DELIVERED: u8 = 1 << 1;
    pub const READ: u8 = 1 << 2;
    pub const MARKS_SEEN: u8 = 1 << 3;
    pub const DURABLE: u8 = 1 << 4;
}

mod configure_flag {
    pub const KEEP_MASK: u8 = 3;
    pub const MAX_AGE: u8 = 1 << 2;
    pub const KEEP_AT_LEAST: u8 = 1 << 3;
    pub const MAX_BYTES: u8 = 1 << 4;
}

/// Memory for the lists of one operation, used again for the next.
#[derive(Default)]
struct Lists<'a> {
    join: Vec<&'a str>,
    leave: Vec<&'a str>,
    ranges: Vec<(u64, u64)>,
}

/// Calls `each` for every operation packed in `bytes`, or for why it is none. Fails where it
/// cannot be seen where one ends.
pub fn unpack(
    bytes: &[u8],
    mut each: impl FnMut(Result<Operation<'_>>) -> Result<()>,
) -> Result<()> {
    let mut rest = Bytes { rest: bytes };
    let mut lists = Lists::default();
    while !rest.is_empty() {
        let [tag, small, chat_bytes, id_bytes] =
            [rest.byte()?, rest.byte()?, rest.byte()?, rest.byte()?];
        let body_bytes = rest.length()?;
        let chat_id = rest.take(chat_bytes.into())?;
        let id = rest.take(id_bytes.into())?;
        let body = Bytes { rest: rest.take(body_bytes)? };
        each(Packed { tag, small, chat_id, id, body }.operation(&mut lists))?;
    }
    Ok(())
}

/// One operation as it came.
struct Packed<'a> {
    tag: u8,
    small: u8,
    chat_id: &'a [u8],
    id: &'a [u8],
    body: Bytes<'a>,
}

impl<'a> Packed<'a> {
    fn operation<'s>(mut self, lists: &'s mut Lists<'a>) -> Result<Operation<'s>> {
        let (chat_id, consumer_id) = (utf8(self.chat_id, "chatId")?, utf8(self.id, "consumerId")?);
        let (small, body) = (self.small, &mut self.body);
        Ok(match self.tag {
            tag::APPEND => {
                let sender =
                    if self.id.is_empty() { Sender::None } else { Sender::Id(consumer_id) };
                let append = Append::new(chat_id, body.rest);
                Operation::Append(Append { sender, kind: small, ..append })
            }
            tag::APPEND_WITH => Operation::Append(append_with(chat_id, consumer_id, self, lists)?),
            tag::ACK => Operation::Ack {
                chat_id,
                consumer_id,
                received: body.number_if(small & ack_flag::RECEIVED != 0)?,
                delivered: body.number_if(small & ack_flag::DELIVERED != 0)?,
                read: body.number_if(small & ack_flag::READ != 0)?,
                marks_seen: body
                    .number_if(small & ack_flag::MARKS_SEEN != 0)?
                    .map(u32_of)
                    .transpose()?,
                durable: small & ack_flag::DURABLE != 0,
            },
            tag::JOIN => {
                let at = match small {
                    0 => JoinAt::Head,
                    1 => JoinAt::First,
                    _ => JoinAt::Seq(body.number()?),
                };
                Operation::Join { chat_id, consumer_id, at }
            }
            tag::LEAVE => {
                let join_seq = body.number_if(small == 1)?;
                Operation::Leave { chat_id, consumer_id, join_seq }
            }
            tag::FORGET => Operation::Forget { chat_id, consumer_id },
            tag::TRIM => Operation::Trim { chat_id, up_to_seq: body.number()? },
            tag::DELETE_RECORDS => {
                lists.ranges.clear();
                while !body.is_empty() {
                    lists.ranges.push((body.number()?, body.number()?));
                }
                Operation::DeleteRecords { chat_id, ranges: &lists.ranges }
            }
            tag::DELETE_CHAT => Operation::DeleteChat { chat_id },
            tag::CONFIGURE => Operation::Configure { chat_id, options: chat_options(small, body)? },
            other => return Err(invalid(format!("no operation has the tag {other}"))),
        })
    }
}

fn append_with<'s, 'a: 's>(
    chat_id: &'a str,
    sender_id: &'a str,
    Packed { small, mut body, .. }: Packed<'a>,
    lists: &'s mut Lists<'a>,
) -> Result<Append<'s>> {
    let flags = body.flags()?;
    let has = |flag| flags & flag != 0;
    let mut append = Append { kind: small, pin: has(flag::PIN), ..Append::new(chat_id, &[]) };
    append.sender = match sender_id {
        id if has(flag::MEMBER) => Sender::As(id),
        "" => Sender::None,
        id => Sender::Id(id),
    };
    if has(flag::GUARD) {
        append.guard = Some((body.number()?, body.number()?));
    }
    append.if_head = body.number_if(has(flag::IF_HEAD))?;
    append.if_roster = body.number_if(has(flag::IF_ROSTER))?;
    append.dedup_key = body.blob_if(has(flag::DEDUP_KEY))?;
    append.dedup_over = body.blob_if(has(flag::DEDUP_OVER))?;
    lists.join.clear();
    lists.leave.clear();
    if has(flag::JOIN) {
        body.texts(&mut lists.join)?;
    }
    if has(flag::LEAVE) {
        body.texts(&mut lists.leave)?;
    }
    append.join = &lists.join;
    append.leave = &lists.leave;
    append.payload = body.rest;
    Ok(append)
}

fn chat_options(flags: u8, body: &mut Bytes<'_>) -> Result<ChatOptions> {
    let keep = match flags & configure_flag::KEEP_MASK {
        1 => Some(Keep::UntilReceived),
        2 => Some(Keep::Window),
        3 => Some(Keep::Forever),
        _ => None,
    };
    let max_age_ms = body.number_if(flags & configure_flag::MAX_AGE != 0)?;
    let keep_at_least_ms = body.number_if(flags & configure_flag::KEEP_AT_LEAST != 0)?;
    let max_bytes = body.number_if(flags & configure_flag::MAX_BYTES != 0)?;
    Ok(ChatOptions { keep, max_age_ms, keep_at_least_ms, max_bytes })
}

/// One read as JavaScript asks for it.
pub struct Asked {
    /// The chat.
    pub chat_id: String,
    /// From where.
    pub from: ReadFrom,
    /// Records at most.
    pub limit: usize,
}

/// Reads, each: mode (u8: 0 from a seq, 1 before it, 2 the newest), bytes of the chat id (u8),
/// limit, seq (f64), chat id.
pub fn unpack_reads(bytes: &[u8]) -> Result<Vec<Asked>> {
    let mut rest = Bytes { rest: bytes };
    let mut requests = Vec::new();
    while !rest.is_empty() {
        let (mode, chat_bytes) = (rest.byte()?, rest.byte()?);
        let limit = usize::try_from(rest.number()?).unwrap_or(usize::MAX);
        let seq = rest.number()?;
        let from = match mode {
            0 => ReadFrom::Seq(seq),
            1 => ReadFrom::Before(seq),
            2 => ReadFrom::Last,
            _ => return Err(invalid(String::from("mode must be 0, 1 or 2"))),
        };
        let chat_id = utf8(rest.take(chat_bytes.into())?, "chatId")?.to_owned();
        requests.push(Asked { chat_id, from, limit });
    }
    Ok(requests)
}

/// Chat ids, each: a u8 of its bytes, then they.
pub fn unpack_ids(bytes: &[u8]) -> Result<Vec<&str>> {
    let mut rest = Bytes { rest: bytes };
    let mut ids = Vec::new();
    while !rest.is_empty() {
        ids.push(rest.text()?);
    }
    Ok(ids)
}

/// Bytes of which the first are taken again and again.
struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const COUNT: usize>(&mut self) -> Result<[u8; COUNT]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(cut)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    fn flags(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn length(&mut self) -> Result<usize> {
        usize::try_from(self.flags()?).map_err(|_| cut())
    }

    fn number(&mut self) -> Result<u64> {
        let number = f64::from_le_bytes(self.array()?);
        count_of(number).ok_or_else(|| invalid(format!("{number} must be a whole number")))
    }

    fn number_if(&mut self, is_there: bool) -> Result<Option<u64>> {
        is_there.then(|| self.number()).transpose()
    }

    fn blob_if(&mut self, is_there: bool) -> Result<Option<&'a [u8]>> {
        if !is_there {
            return Ok(None);
        }
        let length = self.length()?;
        self.take(length).map(Some)
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.byte()?;
        utf8(self.take(length.into())?, "an id")
    }

    fn texts(&mut self, into: &mut Vec<&'a str>) -> Result<()> {
        for _ in 0..self.length()? {
            into.push(self.text()?);
        }
        Ok(())
    }
}

fn u32_of(number: u64) -> Result<u32> {
    u32::try_from(number).map_err(|_| invalid(format!("{number} is no marksVersion")))
}

fn utf8<'a>(bytes: &'a [u8], what: &str) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|_| invalid(format!("{what} is not UTF-8")))
}

fn cut() -> Error {
    invalid(String::from("what was packed ends in the middle"))
}
