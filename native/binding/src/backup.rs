//! Backups of an open store, and stores made of backups, in the background.
//!
//! Invariant: a backup that nobody waits for any more is given up, or goes on to its end; it never
//! outlives its store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use napi_derive::napi;

use crate::background::in_background;
use crate::bell::{Answer, News};
use crate::failure::{Result, contain, guarded};
use crate::inspect::world;
use crate::packing::{invalid, number_of};
use crate::side;

/// What a backup has; see `foq_log::BackedUp`.
#[napi(object, object_from_js = false)]
pub struct BackupMade {
    /// The last round of its journal.
    pub last_round: f64,
    /// Journal files, all copied.
    pub journal_files: f64,
    /// Tables that are second names of the store's files.
    pub linked_tables: f64,
    /// Tables that were copied.
    pub copied_tables: f64,
    /// Bytes read and written for it.
    pub bytes: f64,
}

/// Backs a store up; the request, whose answer `take_backup` takes.
#[napi]
pub fn backup(side: f64, handle: f64, directory: String) -> Result<u32> {
    guarded(|| {
        side::with(side, |side| {
            let (bell, store) = (Arc::clone(&side.bell), Arc::clone(&side.lease(handle)?.store));
            let given_up = Arc::new(AtomicBool::new(false));
            let gives_up = Arc::clone(&given_up);
            let request = side.request(|request| {
                in_background("foq-backup", move || {
                    let made = contain(|| store.backup(&PathBuf::from(directory), &gives_up));
                    let result = made.map(Answer::BackedUp);
                    let _ = bell.tell(News::Answer { request, result });
                })
            })?;
            side.backups.insert(request, given_up);
            Ok(request)
        })
    })
}

/// Takes the answer of a `backup`.
#[napi]
pub fn take_backup(side: f64, request: f64) -> Result<BackupMade> {
    guarded(|| {
        side::with(side, |side| match side.take(request)? {
            Answer::BackedUp(made) => Ok(BackupMade {
                last_round: number_of(made.round),
                journal_files: number_of(made.journal_files),
                linked_tables: number_of(made.linked_tables),
                copied_tables: number_of(made.copied_tables),
                bytes: number_of(made.bytes),
            }),
            _ => Err(invalid(String::from("that request is no backup"))),
        })
    })
}

/// Forgets a backup: one under way is given up, and its answer is `FOQ_CLOSED`.
#[napi]
pub fn backup_end(side: f64, request: f64) -> Result<()> {
    guarded(|| {
        side::with(side, |side| {
            if let Some(given_up) = side.backups.remove(&side::key(request, "request")?) {
                given_up.store(true, Ordering::Relaxed);
            }
            Ok(())
        })
    })
}

/// Makes a store of a backup; the request, whose answer `take_report` takes.
#[napi]
pub fn restore(side: f64, from: String, to: String) -> Result<u32> {
    guarded(|| {
        side::with(side, |side| {
            let bell = Arc::clone(&side.bell);
            side.request(|request| {
                in_background("foq-restore", move || {
                    let found = contain(|| foq_log::restore(&world(&from)?, &world(&to)?));
                    let result = found.map(|report| Answer::Report(Box::new(report)));
                    let _ = bell.tell(News::Answer { request, result });
                })
            })
        })
    })
}
