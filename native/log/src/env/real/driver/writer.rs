//! A writer's thread: puts a round on the disk while the committer judges the next one.
//!
//! Writers are used only where more waits than one round could take; else the committer writes
//! itself, because waking a thread costs more than it saves. Invariant: a writer has at most one
//! round, and a file handle of its own.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::committer::panic_text;
use super::counting::Counting;
use crate::round::Round;
use crate::round_writer::RoundWriter;

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

/// What writes, and what counts it.
pub(super) type Rounds = (RoundWriter, Arc<Counting>);

/// The handle of the thread.
pub(super) struct Writer {
    exchange: Arc<Exchange>,
    handle: Option<JoinHandle<()>>,
    busy: bool,
}

impl Writer {
    /// Starts the thread, unless the store is only read.
    pub(super) fn start(rounds: Rounds, name: &str, works: bool) -> io::Result<Self> {
        let exchange = Arc::new(Exchange::default());
        if !works {
            return Ok(Self { exchange, handle: None, busy: false });
        }
        let heard = Arc::clone(&exchange);
        let handle =
            thread::Builder::new().name(name.to_owned()).spawn(move || run(&rounds, &heard))?;
        Ok(Self { exchange, handle: Some(handle), busy: false })
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

/// The writers, taking turns.
pub(super) struct Writers {
    writers: [Writer; 2],
    /// Rounds on their way, by writer, oldest first.
    on_the_way: VecDeque<usize>,
    next: usize,
    work: bool,
}

impl Writers {
    pub(super) fn new(writers: [Writer; 2], work: bool) -> Self {
        Self { writers, on_the_way: VecDeque::new(), next: 0, work }
    }

    /// Whether they may be given rounds at all.
    pub(super) fn work(&self) -> bool {
        self.work
    }

    pub(super) fn are_idle(&self) -> bool {
        self.on_the_way.is_empty()
    }

    /// Whether each has a round.
    pub(super) fn are_full(&self) -> bool {
        self.on_the_way.len() == self.writers.len()
    }

    /// Gives a sealed round to the writer whose turn it is.
    pub(super) fn give(&mut self, round: Round) {
        let turn = self.next;
        self.next = (turn + 1) % self.writers.len();
        self.on_the_way.push_back(turn);
        if let Some(writer) = self.writers.get_mut(turn) {
            writer.give(round);
        }
    }

    /// Waits for the oldest round on its way, and for what the disk said.
    pub(super) fn take_back(&mut self) -> Option<(Round, io::Result<()>)> {
        let turn = self.on_the_way.pop_front()?;
        self.writers.get_mut(turn)?.take_back()
    }

    /// Ends the threads.
    pub(super) fn stop(&mut self) {
        self.writers.iter_mut().for_each(Writer::stop);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run((rounds, counting): &Rounds, exchange: &Exchange) {
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
        let put = || {
            rounds.write(&round)?;
            let began = Instant::now();
            rounds.sync(&round)?;
            counting.synced(began.elapsed());
            Ok(())
        };
        let said = catch_unwind(AssertUnwindSafe(put))
            .unwrap_or_else(|panic| Err(io::Error::other(panic_text(&*panic))));
        exchange.slot.lock().back = Some((round, said));
        exchange.changed.notify_all();
    }
}
