//! What JavaScript calls to look into a store. `engine/native.ts` has the types and is the only
//! caller.
//!
//! Invariants: as of `calls`. What may touch the disk, or walks many chats, is done by a reader's
//! thread, and is a request that the doorbell answers.

use std::sync::Arc;

use foq_log::{ChatOptions, Error, Head, Keep, ReadRequest, ReadStop, Reader, RecordView, Waiting};
use napi::bindgen_prelude::Uint8ArraySlice;
use napi_derive::napi;

use crate::bell::{Answer, News};
use crate::calls::beginning;
use crate::failure::{Result, contain, guarded};
use crate::options::count_of;
use crate::packing::{
    invalid, number_of, pack_cursors, pack_page, pack_parts, pack_pinned, pack_record, reads_header,
};
use crate::raw;
use crate::side;
use crate::unpacking::{Asked, unpack_ids, unpack_reads};

/// Chats that one call of `heads` looks at, and reads that one call of `read` has.
const CHATS_MAX: usize = 10_000;

/// Most rows of a page.
const ROWS_MAX: usize = 10_000;

/// Most bytes that are read on the caller's thread: copying more would hold it up.
const AT_ONCE_BYTES_MAX: usize = 2 << 20;

/// Numbers of one head; see `head_numbers`.
const HEAD_NUMBERS: usize = 10;

/// Identity of this history: 16 hex digits.
#[napi]
pub fn epoch(side: f64, handle: f64) -> Result<String> {
    guarded(|| {
        side::with(side, |side| Ok(format!("{:016x}", side.lease(handle)?.store.reader.epoch())))
    })
}

/// Where chats stand. `buffer` begins with `bytes` of packed chat ids, and is overwritten from its
/// start with the numbers of `head_numbers` for each, for which it must have room: then this is 0.
/// Where the disk would have to be waited for it is a request, answered with the same numbers.
#[napi]
pub fn heads(side: f64, handle: f64, mut buffer: Uint8ArraySlice<'_>, bytes: f64) -> Result<f64> {
    guarded(|| {
        let asked = beginning(&buffer, bytes)?.to_vec();
        let ids = limited(unpack_ids(&asked)?)?;
        let answer = raw::bytes(&mut buffer);
        let room = answer.get_mut(..ids.len() * HEAD_NUMBERS * size_of::<f64>());
        let room = room.ok_or_else(|| invalid(String::from("no room for the heads")))?;
        let ready = side::with(side, |side| {
            let reader = &side.lease(handle)?.store.reader;
            heads_of(reader, &ids, Waiting::Never, room)
        })?;
        if ready {
            return Ok(0.0);
        }
        let bytes = room.len();
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        look(side, handle, move |reader| {
            let mut answer = vec![0; bytes];
            heads_of(reader, &ids, Waiting::Allowed, &mut answer)?;
            Ok(answer)
        })
        .map(f64::from)
    })
}

/// Writes the numbers of heads; false where the disk would have had to be waited for.
fn heads_of(
    reader: &Reader,
    ids: &[impl AsRef<str>],
    waiting: Waiting,
    into: &mut [u8],
) -> foq_log::Result<bool> {
    let places = into.chunks_exact_mut(HEAD_NUMBERS * size_of::<f64>());
    for (id, place) in ids.iter().zip(places) {
        let Some(head) = reader.head_if(id.as_ref(), waiting)? else { return Ok(false) };
        for (place, number) in place.chunks_exact_mut(size_of::<f64>()).zip(head_numbers(&head)) {
            place.copy_from_slice(&number.to_le_bytes());
        }
    }
    Ok(true)
}

/// firstSeq, headSeq, lastAt, guard, roster, marksVersion, keep (0 none, 1 until-received, 2 window,
/// 3 forever), maxAgeMs, keepAtLeastMs, maxBytes (-1 for none).
fn head_numbers(head: &Head) -> [f64; HEAD_NUMBERS] {
    let ChatOptions { keep, max_age_ms, keep_at_least_ms, max_bytes } = head.options;
    let keep = match keep {
        None => 0.0,
        Some(Keep::UntilReceived) => 1.0,
        Some(Keep::Window) => 2.0,
        Some(Keep::Forever) => 3.0,
    };
    let limit = |limit: Option<u64>| limit.map_or(-1.0, number_of);
    let [first_seq, head_seq, last_at, guard, roster] =
        [head.first_seq, head.head_seq, head.last_at, head.guard, head.roster].map(number_of);
    let marks_version = f64::from(head.marks_version);
    let [max_age, least, bytes] = [max_age_ms, keep_at_least_ms, max_bytes].map(limit);
    [first_seq, head_seq, last_at, guard, roster, marks_version, keep, max_age, least, bytes]
}

/// Reads records in the order asked (`unpacking` says how), `bytes_max` of them together; packed as
/// `packing` says. The first has at least one record where there is one. A read that fails has no
/// records, unless it is the first: then all fail.
///
/// Where nothing has to wait for the disk, the answer is there: the negated number of its bytes,
/// for `take_ready`. Else it is a request.
#[napi]
pub fn read(side: f64, handle: f64, packed: &[u8], bytes: f64, bytes_max: f64) -> Result<f64> {
    guarded(|| {
        let requests = limited(unpack_reads(beginning(packed, bytes)?)?)?;
        let bytes_max = size(bytes_max, "maxBytes")?;
        let ready = side::with(side, |side| {
            if bytes_max > AT_ONCE_BYTES_MAX {
                return Ok(None);
            }
            let reader = &side.lease(handle)?.store.reader;
            let Some(answer) = read_all(reader, &requests, bytes_max, Waiting::Never)? else {
                return Ok(None);
            };
            let bytes = number_of(answer.len() as u64);
            side.ready = answer;
            Ok(Some(bytes))
        })?;
        match ready {
            Some(bytes) => Ok(-bytes),
            None => look(side, handle, move |reader| {
                let answer = read_all(reader, &requests, bytes_max, Waiting::Allowed)?;
                answer.ok_or(Error::Busy { what: "the disk" })
            })
            .map(f64::from),
        }
    })
}

/// `None` where the disk would have had to be waited for.
fn read_all(
    reader: &Reader,
    asked: &[Asked],
    bytes_max: usize,
    waiting: Waiting,
) -> foq_log::Result<Option<Vec<u8>>> {
    let requests = asked.iter().map(|Asked { chat_id, from, limit }| ReadRequest {
        chat_id,
        from: *from,
        limit: *limit,
    });
    let requests: Vec<ReadRequest<'_>> = requests.collect();
    let mut answer = reads_header(requests.len());
    let mut pack = |_, record: &RecordView<'_>| pack_record(&mut answer, record);
    let mut parts = reader.read_many(&requests, bytes_max, waiting, &mut pack);
    for (number, (part, request)) in parts.iter_mut().zip(&requests).enumerate() {
        match &part.stop {
            ReadStop::WouldWait => return Ok(None),
            ReadStop::Failed(error) if number == 0 => return Err(error.clone()),
            ReadStop::Failed(_) if part.count == 0 => {
                part.gap = None;
                if let Some(head) = reader.head_if(request.chat_id, waiting)? {
                    (part.first_seq, part.head_seq) = (head.first_seq, head.head_seq);
                }
            }
            ReadStop::Failed(_) | ReadStop::Complete | ReadStop::BytesMax => {}
        }
    }
    pack_parts(&mut answer, &parts);
    Ok(Some(answer))
}

/// Copies what the call before has ready to the start of `into`, which must have the space for it,
/// and forgets it.
#[napi]
pub fn take_ready(side: f64, mut into: Uint8ArraySlice<'_>) -> Result<()> {
    guarded(|| {
        let into = raw::bytes(&mut into);
        side::with(side, |side| {
            let ready = std::mem::take(&mut side.ready);
            let space = into.get_mut(..ready.len());
            space
                .ok_or_else(|| invalid(String::from("no room for the answer")))?
                .copy_from_slice(&ready);
            Ok(())
        })
    })
}

/// The pinned record of a chat; the request, answered as a read of none or one.
#[napi]
pub fn pinned(side: f64, handle: f64, chat_id: String) -> Result<u32> {
    guarded(|| {
        look(side, handle, move |reader| {
            reader.pinned(&chat_id).map(|record| pack_pinned(record.as_ref()))
        })
    })
}

/// The cursors of a chat; the request.
#[napi]
pub fn cursors(side: f64, handle: f64, chat_id: String) -> Result<u32> {
    guarded(|| {
        look(side, handle, move |reader| {
            reader.cursors(&chat_id).map(|cursors| pack_cursors(&cursors))
        })
    })
}

/// A page of chats: what is pending for a consumer (`which` 0), what it is joined in (1), this and
/// what it is leaving (2), all (3). It begins behind the page whose `next` is `after`, or, where
/// that is empty, with the first. The request.
#[napi]
pub fn page(
    side: f64,
    handle: f64,
    which: f64,
    consumer_id: String,
    after: String,
    limit: f64,
) -> Result<u32> {
    guarded(|| {
        let limit = size(limit, "limit")?;
        if !(1..=ROWS_MAX).contains(&limit) {
            return Err(invalid(format!("limit must be 1 to {ROWS_MAX}")));
        }
        let which = count_of(which).filter(|which| *which <= 3);
        let which = which.ok_or_else(|| invalid(String::from("which must be 0 to 3")))?;
        look(side, handle, move |reader| {
            let after = Some(after.as_str()).filter(|after| !after.is_empty());
            Ok(pack_page(&match which {
                0 => reader.pending_page(&consumer_id, after, limit)?,
                3 => reader.chats_page(after, limit)?,
                which => reader.chats_of_page(&consumer_id, after, limit, which == 2)?,
            }))
        })
    })
}

/// Starts a request that a reader's thread answers with bytes.
fn look(
    side: f64,
    handle: f64,
    see: impl FnOnce(&Reader) -> foq_log::Result<Vec<u8>> + Send + 'static,
) -> foq_log::Result<u32> {
    side::with(side, |side| {
        let store = Arc::clone(&side.lease(handle)?.store);
        let bell = Arc::clone(&side.bell);
        side.request(|request| {
            store.look(Box::new(move |reader| {
                let result = contain(|| see(reader)).map(Answer::Bytes);
                let _ = bell.tell(News::Answer { request, result });
            }))
        })
    })
}

fn limited<T>(asked: Vec<T>) -> foq_log::Result<Vec<T>> {
    if asked.len() > CHATS_MAX {
        return Err(Error::TooLarge { what: "chats of one call", limit: CHATS_MAX as u64 });
    }
    Ok(asked)
}

pub fn size(value: f64, what: &str) -> foq_log::Result<usize> {
    let size = count_of(value).and_then(|value| usize::try_from(value).ok());
    size.ok_or_else(|| invalid(format!("{what} must be a whole number")))
}
