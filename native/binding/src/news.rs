//! What JavaScript calls to hear of chats. `engine/native.ts` has the types and is the only caller.
//!
//! Invariants: as of `calls`. An attachment is a number of the log, and belongs to a handle: those
//! of other handles are found nowhere.

use napi_derive::napi;

use crate::failure::{Result, guarded};
use crate::packing::{number_of, pack_news};
use crate::reads::size;
use crate::side;

/// News of a consumer's chats from now on; the attachment, which a word of `drain` names when it
/// has some.
#[napi]
pub fn attach_consumer(side: f64, handle: f64, consumer_id: String) -> Result<u32> {
    guarded(|| side::with(side, |side| Ok(side.lease(handle)?.caller.attach(&consumer_id))))
}

/// News of one chat from now on; the attachment.
#[napi]
pub fn watch_chat(side: f64, handle: f64, chat_id: String) -> Result<u32> {
    guarded(|| side::with(side, |side| Ok(side.lease(handle)?.caller.watch(&chat_id))))
}

/// Ends an attachment; one that has ended is no error.
#[napi]
pub fn detach_attachment(side: f64, handle: f64, attachment: f64) -> Result<()> {
    guarded(|| {
        side::with(side, |side| {
            side.lease(handle)?.caller.detach(side::key(attachment, "attachment")?);
            Ok(())
        })
    })
}

/// At most `limit` chats of an attachment: the bytes for `take_ready`, 0 when there is no news.
#[napi]
pub fn take_news(side: f64, handle: f64, attachment: f64, limit: f64) -> Result<f64> {
    guarded(|| {
        let limit = size(limit, "limit")?;
        side::with(side, |side| {
            let attachment = side::key(attachment, "attachment")?;
            let news = side.lease(handle)?.caller.take_news(attachment, limit);
            side.ready = pack_news(&news);
            Ok(number_of(side.ready.len() as u64))
        })
    })
}

/// A ticket that is answered when everything submitted before is settled, and acks are durable.
#[napi]
pub fn barrier(side: f64, handle: f64) -> Result<f64> {
    guarded(|| side::with(side, |side| side.lease(handle)?.caller.barrier().map(number_of)))
}
