//! Backups of a store that is open, and stores made of backups.
//!
//! A backup holds one moment of a store, its *lease*: the tables that the manifest lists, and the
//! journal from the sealed position up to the last round that is durable and applied. FORMAT.md,
//! "Backups", has its form. Read `lease` (what is held, and how), `job` (the steps of a backup),
//! `journal` and `tables` (what is copied), `made` (what is there before the end), `restore`.
//!
//! Invariants:
//! - What was answered before the lease was taken is in the backup; what is in the backup is
//!   durable, and a prefix of the commit order.
//! - While the lease lasts no file of its tables loses its name, and no file of its journal is
//!   written anew. Nothing else of the store waits: no lock is held over a call to the disk.
//! - Tables may be linked; journal files are copied, round by round, each verified on the way.
//! - The directory says that it is no backup until all of it is durable. A backup that fails takes
//!   away what it made, or leaves it so marked, and the store goes on.
//! - A restored store is another store, with another history: nothing of the one verifies in the
//!   other. Until it is whole and durable it does not open.
//!
//! Races and crashes that these rules are for:
//! - A merge replaces a table and removes its file before it is linked: the lease defers that.
//!   A crash meanwhile: the manifest says that the table was replaced, and opening removes it.
//! - A seal is done after the lease was taken: the journal file is retired, and would be made a
//!   spare. The lease has its handle, as readers have theirs.
//! - A seal ends between the looks at manifest and files: the first file is missing; look again.
//! - Rounds are written behind the lease's last one while its file is copied: their bytes may be
//!   anything, and are not looked at.
//! - A linked journal file would go on with the store: hence the copy.
//! - The power fails before `BACKUP` is durable: the directory is no backup. Within a restore:
//!   `RESTORE.tmp` is there. What was linked is the store's as before.

mod job;
mod journal;
mod lease;
mod made;
mod restore;
mod tables;
#[cfg(test)]
mod tests;

pub use job::{BackedUp, BackupJob, BackupStep};
pub(crate) use lease::Leases;
pub use restore::restore;
