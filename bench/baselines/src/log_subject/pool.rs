//! Pre-written journal files that are lent to one store after the other.
//!
//! A store takes a file named `*.free` in its journal folder as the next spare instead of writing a
//! new one. Files of a closed store come back with their old bytes in them, which a log must not
//! mistake for its own anyway.

use std::fs::{read_dir, rename};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::files::{PreWritten, Scratch};

/// Spares that a store holds ready beyond what a window needs.
const SPARES: u64 = 2;

/// A folder of files of one size.
#[derive(Debug)]
pub(super) struct Pool {
    folder: Scratch,
    file_bytes: u64,
    next_name: AtomicU64,
}

impl Pool {
    pub(super) fn create(parent: &Path, file_bytes: u64) -> io::Result<Self> {
        Ok(Self { folder: Scratch::create(parent)?, file_bytes, next_name: AtomicU64::new(0) })
    }

    pub(super) const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Puts as many files into the journal folder as this many bytes need, those there included.
    pub(super) fn lend(&self, journal: &Path, bytes: u64) -> io::Result<()> {
        let needed = bytes.div_ceil(self.file_bytes) + SPARES;
        let there = paths_in(journal)?.iter().filter(|path| is_free(path)).count() as u64;
        let mut stock = paths_in(self.folder.path())?;
        for _ in there..needed {
            let file = match stock.pop() {
                Some(file) => file,
                None => self.write_one()?,
            };
            rename(file, journal.join(format!("{}.free", self.name())))?;
        }
        Ok(())
    }

    /// Takes every full-size file of a closed store's journal.
    pub(super) fn take_back(&self, journal: &Path) -> io::Result<()> {
        for path in paths_in(journal)? {
            if path.metadata()?.len() == self.file_bytes {
                rename(path, self.folder.path().join(self.name()))?;
            }
        }
        Ok(())
    }

    fn write_one(&self) -> io::Result<PathBuf> {
        let path = self.folder.path().join(self.name());
        Ok(PreWritten::create(&path, self.file_bytes)?.keep())
    }

    fn name(&self) -> String {
        format!("bench-{}", self.next_name.fetch_add(1, Ordering::Relaxed))
    }
}

fn is_free(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "free")
}

fn paths_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    read_dir(folder)?.map(|found| found.map(|it| it.path())).collect()
}
