//! What JavaScript calls. `engine/native.ts` has the types and is the only caller.
//!
//! Invariants: whatever is passed, a call returns or throws; nothing here waits for the disk.
//! Numbers are f64 and checked, because JavaScript's conversions to integers hide mistakes.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use foq_log::env::real::CompletionSink;
use foq_log::{AttachmentId, Completion, Error};
use napi::Env;
use napi::bindgen_prelude::{Float64ArraySlice, Uint8ArraySlice};
use napi_derive::napi;

use crate::background::in_background;
use crate::bell::{Answer, Bell, News};
use crate::failure::{Failure, Result, contain, guarded};
use crate::options::{GivenOptions, count_of};
use crate::packing::{invalid, number_of};
use crate::raw;
use crate::registry::{self, Lease};
use crate::side;
use crate::unpacking::unpack;
use crate::words::{WORDS_MIN, fill};

/// A side, and the descriptor of the pipe that rings it.
#[napi(object, object_from_js = false)]
pub struct Attached {
    /// The first argument of every other call.
    pub side: u32,
    /// The caller reads and closes it.
    pub descriptor: i32,
}

/// Once per JavaScript environment, before any other call. When the environment ends, so does the
/// side.
#[napi]
pub fn attach(env: Env) -> Result<Attached> {
    guarded(|| {
        let (bell, descriptor) = Bell::new()?;
        let side = side::add(Arc::new(bell));
        let hook = move |side| {
            let _ = contain(|| {
                side::remove(side);
                Ok(())
            });
        };
        env.add_env_cleanup_hook(side, hook)
            .map_err(|error| invalid(format!("no clean-up hook: {error}")))?;
        Ok(Attached { side, descriptor })
    })
}

/// Opens a store in the background; the handle, usable once `OPENED` names it.
#[napi]
pub fn open(side: f64, directory: String, options: GivenOptions) -> Result<u32> {
    guarded(|| {
        let options = options.resolve()?;
        side::with(side, |side| {
            let handle = side.number()?;
            let bell = Arc::clone(&side.bell);
            in_background("foq-open", move || {
                let sink = Sink::new(&bell, handle);
                let opened = contain(|| registry::open(&PathBuf::from(directory), options, sink));
                // News that nobody hears is dropped, and with it the reference to the store.
                let _ = bell.tell(match opened {
                    Ok(lease) => News::Opened { handle, lease },
                    Err(error) => News::OpenFailed { handle, error },
                });
            })?;
            Ok(handle)
        })
    })
}

/// Submits packed operations (see `unpacking`); the ticket of the first, the others follow. What is
/// wrong with one is its answer; a failure of all leaves nothing submitted.
#[napi]
pub fn submit(side: f64, handle: f64, packed: &[u8], bytes: f64) -> Result<f64> {
    guarded(|| {
        let used = beginning(packed, bytes)?;
        side::with(side, |side| {
            let Lease { store, caller, packed, .. } = side.lease_mut(handle)?;
            packed.clear();
            unpack(used, |operation| {
                match operation.and_then(|operation| store.packer.pack(packed, &operation)) {
                    Err(busy @ Error::Busy { .. }) => return Err(busy),
                    Err(error) => store.packer.refuse(packed, error),
                    Ok(()) => {}
                }
                Ok(())
            })?;
            caller.submit_from(packed).map(number_of)
        })
    })
}

/// Moves news into `words` (see `words`); the number of words used. Called when the pipe rang,
/// and again as long as word 0 says so.
#[napi]
pub fn drain(side: f64, mut words: Float64ArraySlice<'_>) -> Result<u32> {
    guarded(|| {
        let words = raw::numbers(&mut words);
        if words.len() < WORDS_MIN {
            return Err(invalid(format!("words must be at least {WORDS_MIN}")));
        }
        side::with(side, |side| {
            let mut used = 0;
            let (told, handles) = (&mut side.told, &mut side.handles);
            let left = side.bell.drain(|news| used = fill(news, words, told));
            handles.extend(told.opened.drain(..));
            let refused = std::mem::take(&mut told.refused);
            side.end_requests(refused);
            if let Some(first) = words.first_mut() {
                *first = f64::from(u8::from(left));
            }
            u32::try_from(used).map_err(|_| invalid(String::from("words is too long")))
        })
    })
}

/// The error of the next group of words that announced one.
#[napi]
pub fn take_error(side: f64) -> Result<Option<Failure>> {
    guarded(|| side::with(side, |side| Ok(side.told.errors.pop_front().map(Failure::from))))
}

/// The whole of what the last call that threw on this thread would say; once.
#[napi]
pub fn take_thrown() -> Option<Failure> {
    crate::failure::take_thrown()
}

/// Copies the answer of a request to the start of `into`, which must have room, and forgets it.
#[napi]
pub fn take_answer(side: f64, request: f64, mut into: Uint8ArraySlice<'_>) -> Result<()> {
    guarded(|| {
        let into = raw::bytes(&mut into);
        side::with(side, |side| {
            let key = side::key(request, "request")?;
            let Some(Answer::Bytes(answer)) = side.told.answers.get(&key) else {
                return Err(invalid(String::from("no such answer")));
            };
            let room = into.get_mut(..answer.len());
            room.ok_or_else(|| invalid(String::from("no room for the answer")))?
                .copy_from_slice(answer);
            side.take(request).map(drop)
        })
    })
}

/// Closes a handle in the background; `CLOSED` names it when all is durable. Answers to what was
/// submitted come before.
#[napi]
pub fn close(side: f64, handle: f64) -> Result<()> {
    guarded(|| {
        side::with(side, |side| {
            let handle = side::key(handle, "handle")?;
            let lease = side.handles.remove(&handle).ok_or(Error::Closed)?;
            let bell = Arc::clone(&side.bell);
            in_background("foq-close", move || {
                let result = contain(|| lease.give_back());
                let _ = bell.tell(News::Closed { handle, result });
            })
        })
    })
}

/// The first `bytes` of a buffer.
pub fn beginning(buffer: &[u8], bytes: f64) -> foq_log::Result<&[u8]> {
    let bytes = count_of(bytes).and_then(|bytes| usize::try_from(bytes).ok());
    let used = bytes.and_then(|bytes| buffer.get(..bytes));
    used.ok_or_else(|| invalid(String::from("bytes is beyond the buffer")))
}

/// Passes a handle's answers on to the thread that has the handle.
pub struct Sink {
    bell: Arc<Bell>,
    handle: u32,
}

impl Sink {
    /// Of this handle, whose thread has this bell.
    pub fn new(bell: &Arc<Bell>, handle: u32) -> Arc<Self> {
        Arc::new(Self { bell: Arc::clone(bell), handle })
    }
}

impl CompletionSink for Sink {
    fn complete(&self, completions: &mut Vec<Completion>) {
        let completions = VecDeque::from(std::mem::take(completions));
        // Nobody waits behind a bell that is detached.
        let _ = self.bell.tell(News::Completions { handle: self.handle, completions });
    }

    fn news(&self, attachments: &mut Vec<AttachmentId>) {
        let attachments = std::mem::take(attachments);
        let _ = self.bell.tell(News::Rung { handle: self.handle, attachments });
    }
}
