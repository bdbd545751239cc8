//! What happens around each call on the simulated disk, whatever it does: it is counted, the
//! moment before it may be collected, a planned fault may meet it, and it may be traced.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use super::fault::{CallKind, Fault, Faults, crash_error};
use super::image::Cut;
use super::random::Dice;
use super::state::State;
use super::trace::{Trace, TracedCall};

/// A disk and what is planned for it.
pub(super) struct World {
    pub(super) state: State,
    pub(super) calls: u64,
    pub(super) crashed: bool,
    /// The directories whose lock is held.
    pub(super) locked: BTreeSet<Arc<str>>,
    pub(super) faults: Faults,
    pub(super) trace: Option<Trace>,
    pub(super) watch: Option<Watch>,
    /// Decides what a failed sync or write leaves.
    pub(super) dice: Dice,
}

/// Which moments are collected.
pub(super) struct Watch {
    one_in: u64,
    dice: Dice,
    limit: usize,
    seen_changes: u64,
    pub(super) cuts: Vec<Cut>,
}

/// What is known of a call before it is made.
pub(super) struct Call<'a> {
    pub(super) kind: CallKind,
    pub(super) path: &'a str,
    pub(super) byte_offset: u64,
    pub(super) length: usize,
}

/// What a call reports to the trace.
pub(super) struct Meter {
    tracing: bool,
    count: u64,
    crc32c: u32,
}

impl Meter {
    pub(super) fn moved(&mut self, data: &[u8]) {
        self.count = data.len() as u64;
        if self.tracing {
            self.crc32c = crc32c::crc32c(data);
        }
    }

    pub(super) fn counted(&mut self, count: u64) {
        self.count = count;
    }
}

impl World {
    pub(super) fn new(state: State) -> Self {
        let dice = Dice::new(state.boot);
        Self {
            state,
            calls: 0,
            crashed: false,
            locked: BTreeSet::new(),
            faults: Faults::default(),
            trace: None,
            watch: None,
            dice,
        }
    }

    pub(super) fn cut(&self) -> Cut {
        Cut { state: self.state.clone(), calls: self.calls }
    }

    /// Makes one call. `body` does it, unless the process has ended; it handles the faults it is
    /// handed.
    pub(super) fn call<T>(
        &mut self,
        call: &Call<'_>,
        body: impl FnOnce(&mut Self, Option<Fault>, &mut Meter) -> io::Result<T>,
    ) -> io::Result<T> {
        self.collect();
        self.calls += 1;
        let fault = self.faults.meet(call.kind, call.path);
        self.crashed |= fault == Some(Fault::Crash);
        let mut meter = Meter { tracing: self.trace.is_some(), count: 0, crc32c: 0 };
        let result = if self.crashed { Err(crash_error()) } else { body(self, fault, &mut meter) };
        let number = self.calls;
        if let Some(trace) = &mut self.trace {
            trace.push(TracedCall {
                number,
                kind: call.kind,
                path: Arc::from(call.path),
                byte_offset: call.byte_offset,
                length: call.length as u64,
                result: result.as_ref().map(|_| meter.count).map_err(io::Error::kind),
                crc32c: meter.crc32c,
            });
        }
        result
    }

    fn collect(&mut self) {
        let Some(watch) = &mut self.watch else { return };
        if watch.seen_changes == self.state.changes || self.crashed {
            return;
        }
        watch.seen_changes = self.state.changes;
        if watch.cuts.len() < watch.limit && watch.dice.one_in(watch.one_in) {
            watch.cuts.push(Cut { state: self.state.clone(), calls: self.calls });
        }
    }
}

impl Watch {
    pub(super) fn new(one_in: u64, seed: u64, limit: usize, seen_changes: u64) -> Self {
        Self { one_in, dice: Dice::new(seed), limit, seen_changes, cuts: Vec::new() }
    }
}

/// A byte offset or length of a simulated file.
pub(super) fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).expect("a simulated file fits in memory")
}
