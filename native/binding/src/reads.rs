//! What JavaScript calls to look into a store. `engine/native.ts` has the types and is the only
//! caller.
//!
//! Invariants: as of `calls`. What may touch the disk, or walks many chats, is done by a reader's
//! thread, and is a request that the doorbell answers.

use std::sync::Arc;

use foq_log::{ChatOptions, Error, Head, Keep, ReadFrom, ReadResult, Reader};
use napi::bindgen_prelude::Uint8ArraySlice;
use napi_derive::napi;

use crate::bell::{Answer, News};
use crate::calls::beginning;
use crate::failure::{Result, contain, guarded};
use crate::options::count_of;
use crate::packing::{invalid, number_of, pack_cursors, pack_page, pack_reads, records_bytes};
use crate::raw;
use crate::side;
use crate::unpacking::{ReadRequest, unpack_ids, unpack_reads};

/// Chats that one call of `heads` looks at, and reads that one call of `read` has.
const CHATS_MAX: usize = 10_000;

/// Most rows of a page.
const ROWS_MAX: usize = 10_000;

/// Numbers of one head; see `head_numbers`.
const HEAD_NUMBERS: usize = 9;

/// Identity of this history: 16 hex digits.
#[napi]
pub fn epoch(side: f64, handle: f64) -> Result<String> {
    guarded(|| {
        side::with(side, |side| Ok(format!("{:016x}", side.lease(handle)?.store.reader.epoch())))
    })
}

/// Where chats stand. `buffer` begins with `bytes` of packed chat ids, and is overwritten from its
/// start with the numbers of `head_numbers` for each, for which it must have room.
#[napi]
pub fn heads(side: f64, handle: f64, mut buffer: Uint8ArraySlice<'_>, bytes: f64) -> Result<()> {
    guarded(|| {
        let asked = beginning(&buffer, bytes)?.to_vec();
        let ids = limited(unpack_ids(&asked)?)?;
        let answer = raw::bytes(&mut buffer);
        let room = answer.get_mut(..ids.len() * HEAD_NUMBERS * size_of::<f64>());
        let room = room.ok_or_else(|| invalid(String::from("no room for the heads")))?;
        side::with(side, |side| {
            let reader = &side.lease(handle)?.store.reader;
            let numbers = ids.iter().flat_map(|id| head_numbers(&reader.head(id)));
            for (place, number) in room.chunks_exact_mut(size_of::<f64>()).zip(numbers) {
                place.copy_from_slice(&number.to_le_bytes());
            }
            Ok(())
        })
    })
}

/// firstSeq, headSeq, lastAt, guard, roster, marksVersion, keep (0 none, 1 until-received, 2 window,
/// 3 forever), maxAgeMs, keepAtLeastMs (-1 for none).
fn head_numbers(head: &Head) -> [f64; HEAD_NUMBERS] {
    let ChatOptions { keep, max_age_ms, keep_at_least_ms } = head.options;
    let keep = match keep {
        None => 0.0,
        Some(Keep::UntilReceived) => 1.0,
        Some(Keep::Window) => 2.0,
        Some(Keep::Forever) => 3.0,
    };
    let age = |age: Option<u64>| age.map_or(-1.0, number_of);
    let [first_seq, head_seq, last_at, guard, roster] =
        [head.first_seq, head.head_seq, head.last_at, head.guard, head.roster].map(number_of);
    let marks_version = f64::from(head.marks_version);
    let (max_age, least) = (age(max_age_ms), age(keep_at_least_ms));
    [first_seq, head_seq, last_at, guard, roster, marks_version, keep, max_age, least]
}

/// Reads records in the order asked (`unpacking` says how), `bytes_max` of them together; the
/// request, whose answer is packed as `packing` says. The first has at least one record where there
/// is one. A read that fails has no records, unless it is the first: then the request fails.
#[napi]
pub fn read(side: f64, handle: f64, packed: &[u8], bytes: f64, bytes_max: f64) -> Result<u32> {
    guarded(|| {
        let requests = limited(unpack_reads(beginning(packed, bytes)?)?)?;
        let bytes_max = size(bytes_max, "maxBytes")?;
        look(side, handle, move |reader| read_all(reader, &requests, bytes_max))
    })
}

fn read_all(
    reader: &Reader,
    requests: &[ReadRequest],
    bytes_max: usize,
) -> foq_log::Result<Vec<u8>> {
    let mut left = bytes_max;
    let mut results = Vec::with_capacity(requests.len());
    for ReadRequest { chat_id, from, limit } in requests {
        let limit = if left == 0 { 0 } else { *limit };
        let result = match reader.read(chat_id, *from, limit, left) {
            Err(error) if results.is_empty() => return Err(error),
            Err(_) => not_reached(reader, chat_id),
            Ok(result) => result,
        };
        left = left.saturating_sub(records_bytes(&result.records));
        let last = result.records.last().map_or(0, |record| record.seq);
        if result.records.len() < limit && last < end(*from, &result) {
            left = 0;
        }
        results.push(result);
    }
    Ok(pack_reads(&results))
}

/// The last seq that such a read may give.
fn end(from: ReadFrom, result: &ReadResult) -> u64 {
    match from {
        ReadFrom::Before(seq) => result.head_seq.min(seq.saturating_sub(1)),
        ReadFrom::Seq(_) | ReadFrom::Last => result.head_seq,
    }
}

fn not_reached(reader: &Reader, chat_id: &str) -> ReadResult {
    let Head { first_seq, head_seq, .. } = reader.head(chat_id);
    ReadResult { first_seq, head_seq, ..ReadResult::default() }
}

/// The pinned record of a chat; the request, answered as a read of none or one.
#[napi]
pub fn pinned(side: f64, handle: f64, chat_id: String) -> Result<u32> {
    guarded(|| {
        look(side, handle, move |reader| {
            let records = reader.pinned(&chat_id)?.into_iter().collect();
            let Head { first_seq, head_seq, .. } = reader.head(&chat_id);
            Ok(pack_reads(&[ReadResult { records, first_seq, head_seq, gap: None }]))
        })
    })
}

/// The cursors of a chat; the request.
#[napi]
pub fn cursors(side: f64, handle: f64, chat_id: String) -> Result<u32> {
    guarded(|| look(side, handle, move |reader| Ok(pack_cursors(&reader.cursors(&chat_id)))))
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

/// Counters, as (name, value) pairs.
#[napi]
pub fn stats(side: f64, handle: f64) -> Result<Vec<(String, f64)>> {
    guarded(|| {
        side::with(side, |side| {
            let store = &side.lease(handle)?.store;
            let is_poisoned = f64::from(u8::from(store.poisoned().is_some()));
            Ok(vec![(String::from("poisoned"), is_poisoned)])
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

fn size(value: f64, what: &str) -> foq_log::Result<usize> {
    let size = count_of(value).and_then(|value| usize::try_from(value).ok());
    size.ok_or_else(|| invalid(format!("{what} must be a whole number")))
}
