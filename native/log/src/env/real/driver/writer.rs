//! The writer's thread: puts a round on the disk while the committer judges the next one.
//!
//! It is used only where another full round waits already; with less to do the committer writes
//! itself, because waking a thread costs more than it saves. Invariant: at most one round is
//! here, so that there is one write and one sync at a time, in order.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

use super::committer::panic_text;
use crate::log::RoundWriter;
use crate::round::Round;

#[derive(Default)]
struct Slot {
    given: Option<Round>,
    back: Option<(Round, io::Result<()>)>,
    stop: bool,
}

#[derive(Default)]
struct Exchange {
    slot: Mutex<Slot>,
    changed: Condvar,
}

/// The handle of the thread.
pub(super) struct Writer {
    exchange: Arc<Exchange>,
    handle: Option<JoinHandle<()>>,
    busy: bool,
}

impl Writer {
    /// Starts the thread, unless the store is only read.
    pub(super) fn start(rounds: RoundWriter, works: bool) -> io::Result<Self> {
        let exchange = Arc::new(Exchange::default());
        if !works {
            return Ok(Self { exchange, handle: None, busy: false });
        }
        let heard = Arc::clone(&exchange);
        let handle = thread::Builder::new()
            .name("foq-committer-w".to_owned())
            .spawn(move || run(rounds, &heard))?;
        Ok(Self { exchange, handle: Some(handle), busy: false })
    }

    /// Whether a round is here.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Gives a sealed round to the disk.
    pub(super) fn give(&mut self, round: Round) {
        assert!(!self.busy, "one round at a time");
        self.busy = true;
        self.exchange.slot.lock().given = Some(round);
        self.exchange.changed.notify_all();
    }

    /// Waits for the round that was given, and for what the disk said.
    pub(super) fn take_back(&mut self) -> Option<(Round, io::Result<()>)> {
        if !self.busy {
            return None;
        }
        self.busy = false;
        let mut slot = self.exchange.slot.lock();
        loop {
            if let Some(back) = slot.back.take() {
                return Some(back);
            }
            self.exchange.changed.wait(&mut slot);
        }
    }

    /// Ends the thread: no file of the store is touched by it afterwards.
    pub(super) fn stop(&mut self) {
        self.exchange.slot.lock().stop = true;
        self.exchange.changed.notify_all();
        if let Some(handle) = self.handle.take() {
            // It catches its own panics.
            let _ = handle.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(rounds: RoundWriter, exchange: &Exchange) {
    loop {
        let round = {
            let mut slot = exchange.slot.lock();
            loop {
                if let Some(round) = slot.given.take() {
                    break round;
                }
                if slot.stop {
                    return;
                }
                exchange.changed.wait(&mut slot);
            }
        };
        let put = || rounds.write(&round).and_then(|()| rounds.sync(&round));
        let said = catch_unwind(AssertUnwindSafe(put))
            .unwrap_or_else(|panic| Err(io::Error::other(panic_text(&*panic))));
        exchange.slot.lock().back = Some((round, said));
        exchange.changed.notify_all();
    }
}
