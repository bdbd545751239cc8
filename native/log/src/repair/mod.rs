//! Repairs what opening does not: a store without a manifest that can be read, and damaged tables.
//!
//! Invariants: a dry run says what would be done and changes nothing; nothing is deleted, what is
//! taken out of a store lies in `quarantine/` afterwards; no seq is ever given twice in one epoch.
//! What could only be repaired by forgetting what was acked is refused by name.
//!
//! What is lost with a damaged table:
//! - A segment: its records. Reads say so by a gap whose reason is `damaged`.
//! - An inbox table: nothing. All are written anew from the states.
//! - A state table: heads, members and guards of its chats. That is refused: chats would begin
//!   anew, and give seqs that others have had.
//! - A journal file: acked records and acks of any chat. That is refused too.

mod inboxes;
mod rebuild;

use std::io;

use crate::env::{Disk, Env, LockError};
use crate::error::{Error, Result};
use crate::format::manifest::Manifest;
use crate::manifests::{self, Found};
use crate::recovery::{Progress, Recovery};
use crate::shelf::sync_dir;
use crate::table::{TableInfo, TableKind};
use crate::verify::refuse_broker;
use crate::verify::tables::check_table;

/// Whether to change anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repairing {
    /// Only say what is wrong, and what would be done.
    DryRun,
    /// Do it.
    Write,
}

/// What is wrong, and what was done, or would be.
#[derive(Clone, Debug, Default)]
pub struct Repairs {
    /// What is damaged.
    pub damage: Vec<String>,
    /// Steps, in order; none where nothing is damaged, or something is refused.
    pub steps: Vec<String>,
    /// Why the store is not repaired.
    pub refused: Option<String>,
    /// Whether the steps were done.
    pub written: bool,
}

/// Repairs the store in `env`.
///
/// # Errors
/// `FOQ_LOCKED`, `FOQ_VERSION` for a newer format, `FOQ_UNAVAILABLE` where there is no store or the
/// disk fails, `FOQ_CORRUPT` where not even the files say what the store was.
pub fn repair(env: &Env, repairing: Repairing) -> Result<Repairs> {
    let disk = &*env.disk;
    refuse_broker(disk)?;
    manifests::refuse_backup(disk)?;
    let _lock = disk.lock(repairing == Repairing::Write).map_err(|error| match error {
        LockError::Held { pid } => Error::Locked { pid },
        LockError::Io(source) => Error::io("the store cannot be locked", disk.name(), source),
    })?;
    let mut repairs = Repairs::default();
    let (mut manifest, rebuilt) = manifest_of(env, &mut repairs)?;
    let damaged = damaged_tables(env, &manifest, &mut repairs)?;
    let lost_state = damaged.iter().find(|info| info.kind == TableKind::State);
    if let Some(info) = lost_state {
        repairs
            .refuse(format!("{} holds heads and members of chats: restore a backup", info.path()));
    }
    check_journal(disk, &manifest, &mut repairs)?;
    if repairs.refused.is_some() || (!rebuilt && damaged.is_empty()) {
        repairs.steps.clear();
        return Ok(repairs);
    }
    // A lost inbox table leaves no trace but in a manifest.
    let no_inbox = rebuilt || damaged.iter().any(|info| info.kind == TableKind::Inbox);
    for info in &damaged {
        repairs.steps.push(format!("move {} to quarantine/", info.path()));
        manifest.tables.retain(|table| (table.kind, table.id) != (info.kind, info.id));
        manifest.erase.remove(&info.id);
    }
    if no_inbox {
        repairs.steps.push("write the inbox tables anew from the states".to_owned());
    }
    if repairing == Repairing::DryRun {
        return Ok(repairs);
    }
    if no_inbox {
        inboxes::write_anew(env, &mut manifest)?;
    }
    // From here on nobody looks for the tables; what is left of them is moved by opening at last.
    manifests::store(disk, &mut manifest)?;
    put_aside(disk, &damaged)?;
    repairs.written = true;
    Ok(repairs)
}

impl Repairs {
    fn refuse(&mut self, why: String) {
        self.refused.get_or_insert(why);
    }
}

/// The manifest, and whether it was made anew.
fn manifest_of(env: &Env, repairs: &mut Repairs) -> Result<(Manifest, bool)> {
    let why = match manifests::load(&*env.disk, true) {
        Ok(Found::Manifest { manifest, .. }) if manifest.ready => return Ok((*manifest, false)),
        Ok(Found::Manifest { .. }) => {
            let what = "the store was never made whole; opening makes it again".to_owned();
            return Err(Error::Unavailable { what, path: env.disk.name(), source: None });
        }
        Ok(Found::Nothing) => "both manifests are missing".to_owned(),
        Err(damage @ Error::Corrupt { .. }) => damage.to_string(),
        Err(other) => return Err(other),
    };
    repairs.damage.push(why);
    let manifest = rebuild::manifest(env, repairs)?;
    repairs.steps.push(format!(
        "write manifests that list {} tables, with a new epoch",
        manifest.tables.len()
    ));
    Ok((manifest, true))
}

fn damaged_tables(env: &Env, manifest: &Manifest, repairs: &mut Repairs) -> Result<Vec<TableInfo>> {
    let mut damaged = Vec::new();
    for info in &manifest.tables {
        match check_table(&env.disk, manifest, info) {
            Ok(()) => {}
            Err(damage @ Error::Corrupt { .. }) => {
                repairs.damage.push(damage.to_string());
                damaged.push(info.clone());
            }
            Err(other) => return Err(other),
        }
    }
    Ok(damaged)
}

/// The journal must be sound from the sealed position on.
fn check_journal(disk: &dyn Disk, manifest: &Manifest, repairs: &mut Repairs) -> Result<()> {
    let recovery = Recovery {
        disk,
        store_id: manifest.store_id,
        first_file_id: manifest.first_file_id,
        read_only: true,
    };
    let sealed = manifest.sealed;
    let start = Progress {
        round: sealed.round,
        position: sealed.position,
        at: sealed.at,
        retention_at: sealed.retention_at,
        marked: sealed.round > 0,
    };
    if let Some(damage) = recovery.run(start, &mut |_| {})?.damage {
        repairs.damage.push(damage.to_string());
        let why = "the journal holds what was acked and is nowhere else: restore a backup, or open \
                   the store read-only";
        repairs.refuse(why.to_owned());
    }
    Ok(())
}

/// Moves files to `quarantine/`; one that is missing is there already, or nowhere.
fn put_aside(disk: &dyn Disk, tables: &[TableInfo]) -> Result<()> {
    let moved = || -> io::Result<()> {
        disk.create_dir("quarantine")?;
        sync_dir(disk, "")?;
        for info in tables {
            let path = info.path();
            let name = path.rsplit('/').next().unwrap_or(&path);
            match disk.rename(&path, &format!("quarantine/{name}")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => sync_dir(disk, info.kind.folder())?,
            }
        }
        sync_dir(disk, "quarantine")
    };
    moved().map_err(|source| Error::io("a table cannot be put aside", "quarantine", source))
}
