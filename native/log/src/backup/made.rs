//! A directory that becomes a backup or a store, before it is one: it is marked so from the first
//! file on, and emptied again where that fails.
//!
//! Invariant: the mark is durable before any other file is made, and goes last.

use std::io;
use std::sync::Arc;

use crate::env::{Disk, DiskFile, OpenMode};
use crate::error::{Error, Result};
use crate::table::TableKind;

/// The one file that may be in an empty directory: a lock has no meaning when nobody holds it.
const LOCK: &str = "LOCK";

/// See the module.
pub(super) struct Made {
    pub disk: Arc<dyn Disk>,
    mark: &'static str,
    /// Paths of files, oldest first.
    files: Vec<String>,
    done: bool,
}

impl Made {
    /// Marks an empty directory, which is made where it is missing, and makes the folders of a
    /// store in it.
    ///
    /// # Errors
    /// `FOQ_UNAVAILABLE`, also where it is not empty; `FOQ_DISK_FULL`.
    pub fn begin(disk: &Arc<dyn Disk>, mark: &'static str) -> Result<Self> {
        let made = Self { disk: Arc::clone(disk), mark, files: Vec::new(), done: false };
        let root = disk.create_root();
        root.map_err(|failure| made.failed("the directory cannot be made", "", failure))?;
        refuse_unless_empty(&**disk)?;
        let begin = || -> io::Result<()> {
            disk.open(mark, OpenMode::Create)?.sync()?;
            disk.sync_dir("")?;
            folders().try_for_each(|folder| disk.create_dir(folder))
        };
        begin().map_err(|failure| made.failed("the directory cannot be used", mark, failure))?;
        Ok(made)
    }

    /// Makes a file that will be taken away if all fails.
    pub fn create(&mut self, path: &str) -> Result<Arc<dyn DiskFile>> {
        let file = self.disk.open(path, OpenMode::Create);
        let file = file.map_err(|failure| self.failed("a file cannot be made", path, failure))?;
        self.add(path);
        Ok(file)
    }

    /// A file with that path was made.
    pub fn add(&mut self, path: &str) {
        self.files.push(path.to_owned());
    }

    /// Makes all names but those of the directory itself durable.
    pub fn sync_folders(&self) -> Result<()> {
        folders().try_for_each(|folder| {
            let synced = self.disk.sync_dir(folder);
            synced.map_err(|failure| self.failed("a folder cannot be synced", folder, failure))
        })
    }

    /// All is whole and durable; the mark is dealt with by who calls this.
    pub fn finish(&mut self) {
        self.done = true;
    }

    /// An error of a call on `path`.
    pub fn failed(&self, what: &str, path: &str, failure: io::Error) -> Error {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        if full.contains(&failure.kind()) {
            let free_bytes = self.disk.space().map_or(0, |space| space.free_bytes);
            return Error::DiskFull { free_bytes, needed_bytes: free_bytes.saturating_add(1) };
        }
        Error::io(what, format!("{}/{path}", self.disk.name()), failure)
    }

    fn take_away(&self) -> io::Result<()> {
        for path in &self.files {
            match self.disk.remove(path) {
                Err(failure) if failure.kind() != io::ErrorKind::NotFound => return Err(failure),
                _ => {}
            }
        }
        folders().try_for_each(|folder| self.disk.sync_dir(folder))?;
        self.disk.remove(self.mark)?;
        self.disk.sync_dir("")
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if !self.done {
            // What cannot be taken away is marked.
            let _ = self.take_away();
        }
    }
}

fn folders() -> impl Iterator<Item = &'static str> {
    ["journal"].into_iter().chain(TableKind::ALL.into_iter().map(TableKind::folder))
}

/// Refuses a directory with anything in it but folders of a store that are empty themselves.
pub(super) fn refuse_unless_empty(disk: &dyn Disk) -> Result<()> {
    let list = |path: &str| {
        let names = disk.list(path);
        names.map_err(|failure| Error::io("a folder cannot be listed", path, failure))
    };
    for name in list("")? {
        let is_empty = folders().any(|folder| folder == name) && list(&name)?.is_empty();
        if !is_empty && name != LOCK {
            let what = format!("the directory is not empty: it has {name}");
            return Err(Error::Unavailable { what, path: disk.name(), source: None });
        }
    }
    Ok(())
}
