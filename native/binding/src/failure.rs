//! How failures reach JavaScript: a code, a sentence, and the fields that a caller may act on.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use foq_log::Error;
use napi::Either;
use napi_derive::napi;

use crate::packing::number_of;

/// A failure, taken after a group of words announced it.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// `FOQ_…`; what programs match on.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// What the code carries, as (name, value) pairs.
    pub fields: Vec<(String, Either<f64, String>)>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let number = |name: &str, value: u64| (name.to_owned(), Either::A(number_of(value)));
        let text = |name: &str, value: &str| (name.to_owned(), Either::B(value.to_owned()));
        let fields = match &error {
            Error::NotJoined { consumer_id } => vec![text("consumerId", consumer_id)],
            Error::SeqOutOfRange { head_seq } | Error::HeadConflict { head_seq } => {
                vec![number("headSeq", *head_seq)]
            }
            Error::DedupConflict { seq, at } => vec![number("seq", *seq), number("at", *at)],
            Error::GuardConflict { current, head_seq } => {
                vec![number("current", *current), number("headSeq", *head_seq)]
            }
            Error::RosterStale { roster } => vec![number("roster", *roster)],
            Error::TooLarge { what, limit } => vec![text("what", what), number("limit", *limit)],
            Error::DiskFull { free_bytes, needed_bytes } => {
                vec![number("freeBytes", *free_bytes), number("neededBytes", *needed_bytes)]
            }
            Error::Poisoned { cause } => vec![text("cause", cause)],
            Error::Corrupt { file, from, to, .. } => {
                vec![text("file", file), number("from", *from), number("to", *to)]
            }
            Error::Locked { pid } => vec![number("pid", u64::from(*pid))],
            Error::Version { found, supported } => {
                vec![number("found", (*found).into()), number("supported", (*supported).into())]
            }
            Error::Unavailable { path, .. } => vec![text("path", path)],
            _ => Vec::new(),
        };
        Self { code: error.code().to_owned(), message: error.to_string(), fields }
    }
}

/// What an entry point throws: its `code` in JavaScript is the status.
pub type Thrown = napi::Error<&'static str>;

/// Of an entry point. (The derive macro wants this very name.)
pub type Result<T> = std::result::Result<T, Thrown>;

thread_local! {
    /// What the last exception of this thread was made of: an exception has no room for fields.
    static THROWN: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Runs an entry point; failures and panics become exceptions with a code.
pub fn guarded<T>(body: impl FnOnce() -> foq_log::Result<T>) -> Result<T> {
    contain(body).map_err(|error| {
        let thrown = Thrown::new(error.code(), error.to_string());
        THROWN.set(Some(error));
        thrown
    })
}

/// The failure behind the last exception, if nobody took it.
pub fn take_thrown() -> Option<Failure> {
    THROWN.take().map(Failure::from)
}

/// Runs `body`; a panic becomes `FOQ_POISONED`, because nothing is known of what it left behind.
pub fn contain<T>(body: impl FnOnce() -> foq_log::Result<T>) -> foq_log::Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let cause = format!("a panic: {}", said(&*panic));
        // A panic payload may panic when it is dropped; this one is not.
        std::mem::forget(panic);
        Err(Error::Poisoned { cause })
    })
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing")
}
