//! Looks into the files of a store that nobody writes: `dump` and `verify`, in the background.
//!
//! Invariant: a dump is in memory by one part at a time; JavaScript asks for the next.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use foq_log::env::Env;
use foq_log::env::real::env;
use foq_log::{Error, Repairing, Repairs, Report, Tail};
use napi_derive::napi;

use crate::background::in_background;
use crate::bell::{Answer, Bell, News, unavailable};
use crate::failure::{Failure, Result, contain, guarded};
use crate::packing::{invalid, number_of};
use crate::side;

/// A part of a dump is sent when it has this size.
const PART_BYTES: usize = 256 * 1024;

/// What `verify` found; see `foq_log::Report`.
#[napi(object, object_from_js = false)]
pub struct Findings {
    /// Journal files that hold rounds, and spares.
    pub files: f64,
    /// Rounds that verify.
    pub rounds: f64,
    /// Batches that verify.
    pub batches: f64,
    /// Effects in them.
    pub effects: f64,
    /// Records among the effects.
    pub records: f64,
    /// Number of the last round.
    pub last_round: f64,
    /// Newest mark.
    pub mark: f64,
    /// Tables of what is sealed.
    pub tables: f64,
    /// Records in them.
    pub sealed_records: f64,
    /// Rows of chat states in them.
    pub state_rows: f64,
    /// Rows of inboxes in them.
    pub inbox_rows: f64,
    /// Chats; 0 where damage kept them from being looked at.
    pub chats: f64,
    /// Whether a round that was never durable follows the last.
    pub is_torn: bool,
    /// What is damaged.
    pub errors: Vec<Failure>,
    /// What the next opening repairs by itself.
    pub repairs: Vec<String>,
}

impl From<Report> for Findings {
    fn from(report: Report) -> Self {
        Self {
            files: number_of(report.files),
            rounds: number_of(report.rounds),
            batches: number_of(report.batches),
            effects: number_of(report.effects),
            records: number_of(report.records),
            last_round: number_of(report.last_round),
            mark: number_of(report.mark),
            tables: number_of(report.tables),
            sealed_records: number_of(report.sealed_records),
            state_rows: number_of(report.state_rows),
            inbox_rows: number_of(report.inbox_rows),
            chats: number_of(report.chats),
            is_torn: report.tail == Tail::Torn,
            errors: report.errors.into_iter().map(Failure::from).collect(),
            repairs: report.repairs,
        }
    }
}

/// Verifies a store; the request, whose answer `take_report` takes.
#[napi]
pub fn verify(side: f64, directory: String) -> Result<u32> {
    guarded(|| {
        side::with(side, |side| {
            let bell = Arc::clone(&side.bell);
            side.request(|request| {
                in_background("foq-verify", move || {
                    let found = contain(|| foq_log::verify(&world(&directory)?));
                    let result = found.map(|report| Answer::Report(Box::new(report)));
                    let _ = bell.tell(News::Answer { request, result });
                })
            })
        })
    })
}

/// Takes the answer of a `verify` or a `restore`.
#[napi]
pub fn take_report(side: f64, request: f64) -> Result<Findings> {
    guarded(|| {
        side::with(side, |side| match side.take(request)? {
            Answer::Report(report) => Ok(Findings::from(*report)),
            _ => Err(invalid(String::from("that request has no report"))),
        })
    })
}

/// What `repair` found and did; see `foq_log::Repairs`.
#[napi(object, object_from_js = false)]
pub struct RepairsFound {
    /// What is damaged.
    pub damage: Vec<String>,
    /// What was done, or would be.
    pub steps: Vec<String>,
    /// Why nothing is done.
    pub refused: Option<String>,
    /// Whether it was done.
    pub written: bool,
}

/// Repairs a store, or says what that would be; the request, whose answer `take_repairs` takes.
#[napi]
pub fn repair(side: f64, directory: String, write: bool) -> Result<u32> {
    guarded(|| {
        side::with(side, |side| {
            let bell = Arc::clone(&side.bell);
            side.request(|request| {
                in_background("foq-repair", move || {
                    let repairing = if write { Repairing::Write } else { Repairing::DryRun };
                    let found = contain(|| foq_log::repair(&world(&directory)?, repairing));
                    let result = found.map(|repairs| Answer::Repairs(Box::new(repairs)));
                    let _ = bell.tell(News::Answer { request, result });
                })
            })
        })
    })
}

/// Takes the answer of a `repair`.
#[napi]
pub fn take_repairs(side: f64, request: f64) -> Result<RepairsFound> {
    guarded(|| {
        side::with(side, |side| match side.take(request)? {
            Answer::Repairs(repairs) => {
                let Repairs { damage, steps, refused, written } = *repairs;
                Ok(RepairsFound { damage, steps, refused, written })
            }
            _ => Err(invalid(String::from("that request has no repairs"))),
        })
    })
}

/// Dumps a store; the request, whose answer is text: whole lines. `dump_on` asks for the next part,
/// after each that is not empty; the empty one is the last.
#[napi]
pub fn dump(side: f64, directory: String) -> Result<u32> {
    guarded(|| {
        side::with(side, |side| {
            let bell = Arc::clone(&side.bell);
            let (go_on, wait) = sync_channel(1);
            let request = side.request(|request| {
                in_background("foq-dump", move || {
                    let mut parts = Parts { bell, request, wait, text: Vec::new() };
                    let _ = contain(|| {
                        let result = parts.dump(&directory);
                        parts.tell(result.map(|()| Vec::new()));
                        Ok(())
                    });
                })
            })?;
            side.dumps.insert(request, go_on);
            Ok(request)
        })
    })
}

/// Asks for the next part of a dump.
#[napi]
pub fn dump_on(side: f64, request: f64) -> Result<()> {
    guarded(|| {
        side::with(side, |side| {
            let request = side::key(request, "request")?;
            let go_on = side.dumps.get(&request).cloned();
            let go_on = go_on.ok_or_else(|| invalid(String::from("no such dump")))?;
            let part = side.request(|_| go_on.try_send(()).map_err(|_| Error::Closed));
            part.map(drop)
        })
    })
}

/// Ends a dump of which nothing is asked, wherever it is.
#[napi]
pub fn dump_end(side: f64, request: f64) -> Result<()> {
    guarded(|| {
        side::with(side, |side| {
            side.dumps.remove(&side::key(request, "request")?);
            Ok(())
        })
    })
}

/// The dumping thread's end of a dump.
struct Parts {
    bell: Arc<Bell>,
    request: u32,
    /// A word for each part after the first; disconnected when nobody wants more.
    wait: Receiver<()>,
    text: Vec<u8>,
}

impl Parts {
    fn dump(&mut self, directory: &str) -> foq_log::Result<()> {
        let world = world(directory)?;
        foq_log::dump(&world, &mut |line| {
            self.text.extend_from_slice(line.as_bytes());
            self.text.push(b'\n');
            if self.text.len() >= PART_BYTES {
                self.send();
            }
        })?;
        if !self.text.is_empty() {
            self.send();
        }
        Ok(())
    }

    /// Sends what there is and waits until more is wanted.
    fn send(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.tell(Ok(text));
        if self.wait.recv().is_err() {
            stop();
        }
    }

    fn tell(&self, result: foq_log::Result<Vec<u8>>) {
        let (request, result) = (self.request, result.map(Answer::Bytes));
        if self.bell.tell(News::Answer { request, result }).is_err() {
            stop();
        }
    }
}

/// Leaves a dump that nobody reads any more. The log gives its reader no other way out, and what it
/// holds meanwhile is given back on the way.
fn stop() -> ! {
    std::panic::resume_unwind(Box::new("nobody reads the dump"))
}

/// The world in which a store lies in that directory.
pub fn world(directory: &str) -> foq_log::Result<Env> {
    env(Path::new(directory)).map_err(|error| unavailable("cannot use the directory", error))
}
