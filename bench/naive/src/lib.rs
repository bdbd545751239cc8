//! The addon that one would write first: every record is a call with a buffer, and is answered by
//! a call of its own from another thread, upon which JavaScript settles a promise. It stores
//! nothing: its thread answers at once, so what it costs JavaScript is the crossing alone.

use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Error, Result};
use napi_derive::napi;

struct Record {
    ticket: u32,
    /// Taken along as a store would, and dropped.
    _chat: String,
    _payload: Vec<u8>,
}

static RECORDS: OnceLock<Sender<Record>> = OnceLock::new();

/// Starts the thread, which answers each record by calling `answer` with its ticket.
#[napi]
pub fn start(answer: Function<u32, ()>) -> Result<()> {
    let answer = answer.build_threadsafe_function().build()?;
    let (sender, records) = channel::<Record>();
    thread::spawn(move || {
        for record in records {
            answer.call(record.ticket, ThreadsafeFunctionCallMode::NonBlocking);
        }
    });
    RECORDS.set(sender).map_err(|_| Error::from_reason("started twice"))
}

/// Takes one record.
#[napi]
pub fn append(ticket: u32, chat: String, payload: &[u8]) -> Result<()> {
    let records = RECORDS.get().ok_or_else(|| Error::from_reason("not started"))?;
    let record = Record { ticket, _chat: chat, _payload: payload.to_vec() };
    records.send(record).map_err(|_| Error::from_reason("the thread is gone"))
}
