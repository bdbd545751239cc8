//! The real world: files, time, threads. The only place in this crate that knows them.
//!
//! `disk` and `file` are the store's directory, `lock` keeps other writers out, `clock` and
//! `random` are the machine's; `driver` is the threads that drive a log.

mod clock;
mod disk;
mod driver;
mod file;
mod lock;
mod memory;
mod random;
#[cfg(test)]
pub(crate) mod temporary;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub use driver::{Caller, CompletionSink, Condition, RunningStore};

use super::Env;

/// The world in which the store lives in the directory `dir`; touches nothing yet.
/// A relative `dir` is resolved now, so that a later change of the working directory is no harm.
///
/// # Errors
/// When `dir` is empty, or the working directory it is relative to cannot be found out.
pub fn env(dir: &Path) -> io::Result<Env> {
    let root = std::path::absolute(dir)?;
    Ok(Env {
        disk: Arc::new(disk::RealDisk::new(root)),
        clock: Arc::new(clock::RealClock),
        random: Arc::new(random::RealRandom),
    })
}
