//! Checks every byte that a store would serve, and changes none.
//!
//! The journal is walked by recovery itself, so that what verifies here is what opens; then each
//! table by itself (`tables`), and where all is well so far, how they agree (`chats`).

mod chats;
pub(crate) mod tables;

use std::fmt;

use crate::env::{Disk, Env, LockError, OpenMode, read_exact};
use crate::error::{Error, Result};
use crate::format::batch::FLAG_ROUND_CONTINUES;
use crate::format::effect::Effect;
use crate::format::file::journal_file_id;
use crate::format::manifest::{MANIFEST_PATHS, Manifest, Sealed};
use crate::manifests::{self, Found};
use crate::recovery::{Progress, Recovered, Recovery, Replayed, TAIL_BYTES};
use crate::shelf::JournalFile;
use crate::table::{TableInfo, TableKind};

/// What follows the last round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    #[default]
    Clean,
    /// Bytes of a round that was never durable; the next opening cuts them away.
    Torn,
}

/// What `verify` found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Journal files that hold rounds, and spares.
    pub files: u64,
    /// Rounds that verify.
    pub rounds: u64,
    /// Batches that verify.
    pub batches: u64,
    /// Effects in them.
    pub effects: u64,
    /// Records among the effects.
    pub records: u64,
    /// Number of the last round; 0 when there is none.
    pub last_round: u64,
    /// Tables, and the records in segments, rows of states and rows of inboxes in them.
    pub tables: u64,
    /// See `tables`.
    pub sealed_records: u64,
    /// See `tables`.
    pub state_rows: u64,
    /// See `tables`.
    pub inbox_rows: u64,
    /// Chats there are; 0 where damage kept them from being looked at.
    pub chats: u64,
    /// Newest mark: every round up to it was durable when it was written.
    pub mark: u64,
    /// See [`Tail`].
    pub tail: Tail,
    /// What is damaged; the store does not open while there is any.
    pub errors: Vec<Error>,
    /// What the next opening repairs by itself.
    pub repairs: Vec<String>,
}

/// Verifies the store in `env`. Others may read it meanwhile; writers are kept out.
///
/// # Errors
/// `FOQ_LOCKED` while a writer has it, `FOQ_VERSION` for a newer format, and `FOQ_UNAVAILABLE`
/// when there is no store or the disk does not read. Damage is no error but a finding.
pub fn verify(env: &Env) -> Result<Report> {
    let disk = &*env.disk;
    refuse_broker(disk)?;
    let lock = lock_for_reading(disk)?;
    let mut report = Report::default();
    let Some(manifest) = a_manifest(disk, &mut report)? else { return Ok(report) };
    let recovery = Recovery {
        disk,
        store_id: manifest.store_id,
        first_file_id: manifest.first_file_id,
        read_only: true,
    };
    let Sealed { round, position, at, retention_at } = manifest.sealed;
    let start = Progress { round, position, at, retention_at, marked: round > 0 };
    let recovered = recovery.run(start, &mut |replayed| report.count(replayed))?;
    report.conclude(recovered, manifest.first_file_id)?;
    if manifests::is_backup(disk)? {
        report.check_backup_end(manifest.backup_round);
    }
    tables::check(&env.disk, &manifest, &mut report)?;
    if report.errors.is_empty() {
        drop(lock);
        chats::check(env, &mut report)?;
    }
    Ok(report)
}

/// The folder of a broker is no store, but has one: whoever names the wrong one is told.
pub(crate) fn refuse_broker(disk: &dyn Disk) -> Result<()> {
    let names = disk.list("").unwrap_or_default();
    if names.iter().any(|name| name.starts_with("MANIFEST")) || disk.list("journal").is_ok() {
        return Ok(());
    }
    let inside = disk.list("queue").unwrap_or_default();
    if inside.iter().any(|name| name.starts_with("MANIFEST")) {
        let what = "this is the data directory of a broker; its store is the folder queue in it";
        return Err(Error::Unavailable { what: what.into(), path: disk.name(), source: None });
    }
    Ok(())
}

/// Keeps writers out while a store is looked at.
pub(crate) fn lock_for_reading(disk: &dyn Disk) -> Result<Box<dyn Send + Sync>> {
    disk.lock(false).map_err(|error| match error {
        LockError::Held { pid } => Error::Locked { pid },
        LockError::Io(source) => Error::io("the store cannot be locked", disk.name(), source),
    })
}

/// The manifest that counts; none when both are damaged, or the store was never made whole.
fn a_manifest(disk: &dyn Disk, report: &mut Report) -> Result<Option<Manifest>> {
    match manifests::load(disk, true) {
        Ok(Found::Nothing) => {
            let what = "there is no store here".to_owned();
            Err(Error::Unavailable { what, path: disk.name(), source: None })
        }
        Ok(Found::Manifest { manifest, heal }) => {
            if heal {
                let [one, other] = MANIFEST_PATHS;
                report.repairs.push(format!("{one} or {other} is missing or damaged"));
            }
            if !manifest.ready {
                report.repairs.push("the store was never made whole; it holds nothing".to_owned());
            }
            Ok(manifest.ready.then_some(*manifest))
        }
        Err(damage @ Error::Corrupt { .. }) => {
            report.errors.push(damage);
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

impl Report {
    fn count_table(&mut self, info: &TableInfo) {
        self.tables += 1;
        match info.kind {
            TableKind::Segment => self.sealed_records += info.row_count,
            TableKind::State => self.state_rows += info.row_count,
            TableKind::Inbox => self.inbox_rows += info.row_count,
        }
    }

    fn count(&mut self, replayed: &Replayed<'_>) {
        let header = replayed.batch.header;
        self.batches += 1;
        self.rounds += u64::from(header.flags & FLAG_ROUND_CONTINUES == 0);
        self.effects += u64::from(header.effect_count);
        let effects = replayed.batch.iterate();
        let records = effects.filter(|(effect, _)| matches!(effect, Effect::Record(_))).count();
        self.records += records as u64;
        self.mark = self.mark.max(header.mark());
    }

    /// All of a backup was durable: where it ends is no matter of judgement.
    fn check_backup_end(&mut self, backup_round: u64) {
        if self.errors.is_empty() && (self.last_round != backup_round || self.tail == Tail::Torn) {
            let last = self.last_round;
            let what = format!("the journal ends with round {last}, and not with {backup_round}");
            self.errors.push(Error::corrupt("journal", 0..0, what));
        }
    }

    fn conclude(&mut self, recovered: Recovered, first_file_id: u64) -> Result<()> {
        self.files = (recovered.files.len() + recovered.spares.len()) as u64;
        self.last_round = recovered.progress.round;
        for path in recovered.remove {
            let id = path.strip_prefix("journal/").and_then(journal_file_id);
            if id.is_some_and(|id| id < first_file_id) {
                // It is sealed, and waits to be used again.
                continue;
            }
            self.repairs.push(format!("{path} is an unfinished or damaged spare"));
        }
        match (recovered.damage, recovered.files.last()) {
            (Some(damage), _) => self.errors.push(damage),
            (None, Some(last)) => self.tail = tail(&last.file, recovered.end)?,
            (None, None) => {}
        }
        Ok(())
    }
}

/// Whether anything but zeros follows where an unfinished round would lie.
fn tail(file: &JournalFile, end: u64) -> Result<Tail> {
    let last = file.file_bytes.min(end.saturating_add(TAIL_BYTES));
    let length = last.saturating_sub(end);
    let mut bytes = vec![0_u8; usize::try_from(length).unwrap_or_default()];
    read_exact(file.handle(0), end, &mut bytes)
        .map_err(|source| Error::io("the tail cannot be read", file_name(file), source))?;
    Ok(if bytes.iter().all(|&byte| byte == 0) { Tail::Clean } else { Tail::Torn })
}

fn file_name(file: &JournalFile) -> String {
    crate::format::file::journal_path(file.file_id)
}

/// Reads a file whole, up to `bytes_max`.
pub(crate) fn read_file(disk: &dyn Disk, path: &str, bytes_max: u64) -> Result<Vec<u8>> {
    let read = || {
        let file = disk.open(path, OpenMode::Read)?;
        let length = file.size()?.min(bytes_max);
        let mut bytes = vec![0_u8; usize::try_from(length).unwrap_or_default()];
        read_exact(&*file, 0, &mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|source| Error::io("a file cannot be read", path, source))
}

impl fmt::Display for Report {
    /// One line for people.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, rounds, batches, effects, records, last_round, mark, .. } = self;
        write!(out, "{files} files, {rounds} rounds, {batches} batches, {effects} effects, ")?;
        write!(out, "{records} records, {} tables, ", self.tables)?;
        write!(out, "{} sealed records, {} chats, ", self.sealed_records, self.chats)?;
        write!(out, "last round {last_round}, mark {mark}, tail ")?;
        out.write_str(if self.tail == Tail::Clean { "clean" } else { "torn" })?;
        self.repairs.iter().try_for_each(|repair| write!(out, "; to repair: {repair}"))?;
        self.errors.iter().try_for_each(|error| write!(out, "; {error}"))
    }
}
