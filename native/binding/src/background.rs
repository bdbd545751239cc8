//! Threads for what is rare and slow: opening, closing, looking into a store's files. Each call
//! has a thread of its own, so that a store that recovers for long delays no other.

use std::sync::atomic::{AtomicUsize, Ordering};

use foq_log::{Error, Result};

use crate::bell::unavailable;

/// Such threads at a time; beyond it `FOQ_BUSY`.
const THREADS_MAX: usize = 256;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Runs `body`, which contains its own panics, on a thread of its own.
pub fn in_background(name: &str, body: impl FnOnce() + Send + 'static) -> Result<()> {
    let turn = Turn::take()?;
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _turn = turn;
        body();
    });
    thread.map(drop).map_err(|error| unavailable("cannot start a thread", error))
}

struct Turn;

impl Turn {
    fn take() -> Result<Self> {
        let running = RUNNING.fetch_add(1, Ordering::Relaxed);
        let turn = Self;
        if running < THREADS_MAX { Ok(turn) } else { Err(Error::Busy { what: "opens and closes" }) }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}
