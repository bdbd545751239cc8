//! A reader whose records expire, and are removed, before it reads them.

use std::sync::{Arc, Mutex, PoisonError};

use foq_log::env::{Env, Layered};
use foq_log::{BackgroundStep, GapReason, Keep, Log, ReadFrom};

use super::held::{Meanwhile, append, seal};
use super::{SEED, SMALL_FILE_BYTES, a_world};

const HOUR_MS: u64 = 60 * 60 * 1000;
/// Far more jobs than there are tables.
const JOBS_MAX: u32 = 100;

/// Somebody reads a sealed record. Before its table is opened, the record grows too old and the table
/// is removed. What he gets is a gap that says so.
pub(super) fn what_expires_meanwhile_is_not_damaged() -> Result<(), String> {
    let mut world = a_world(SMALL_FILE_BYTES);
    world.options.retention.keep = Keep::Window;
    world.options.retention.max_age_ms = HOUR_MS;
    world.options.retention.max_bytes = 0;
    let mut log = Log::open(&world.env(), &world.options).map_err(|error| error.to_string())?;
    append(&mut log, "chat", b"sealed")?;
    seal(&mut log)?;
    log.close().map_err(|error| error.to_string())?;

    let meanwhile = Meanwhile::default();
    let happens = Arc::clone(&meanwhile);
    let disk = Layered::new(world.env().disk, move |disk, path, mode| {
        if path.starts_with("segments/") {
            let work = happens.lock().unwrap_or_else(PoisonError::into_inner).take();
            work.into_iter().for_each(|work| work());
        }
        disk.open(path, mode)
    });
    let env = Env { disk: Arc::new(disk), ..world.env() };
    let mut log = Log::open(&env, &world.options).map_err(|error| error.to_string())?;
    let reader = log.reader();
    let (clock, worked) = (Arc::clone(&world.clock), Arc::new(Mutex::new(None)));
    let told = Arc::clone(&worked);
    let others = move || {
        clock.advance(10 * HOUR_MS);
        let done = append(&mut log, "other", b"carries the time").and_then(|()| remove(&log));
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    };
    *meanwhile.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(others));
    let read = reader.read("chat", ReadFrom::Seq(1), 10, 1 << 20);
    let worked = worked.lock().unwrap_or_else(PoisonError::into_inner).take();
    worked.ok_or("the read opened no segment")??;
    let read = read.map_err(|error| format!("seed {SEED}: {error}"))?;
    match read.gap {
        Some(gap) if gap.reason == GapReason::Expired && read.first_seq == 2 => Ok(()),
        gap => Err(format!("I14: from seq {} on, with {gap:?}", read.first_seq)),
    }
}

/// Does what is due in the background.
fn remove(log: &Log) -> Result<(), String> {
    let mut background = log.background();
    for _ in 0..JOBS_MAX {
        let now_ms = log.times().0;
        let Some(mut job) = background.next(now_ms) else { return Ok(()) };
        loop {
            match job.step().map_err(|error| error.to_string())? {
                BackgroundStep::More(more) => job = more,
                BackgroundStep::Done(finished) => {
                    background.finish(finished, now_ms);
                    break;
                }
            }
        }
    }
    Err("background work does not come to an end".to_owned())
}
