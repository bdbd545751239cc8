//! A disk over another disk: only how files are opened is its own. For those who count, hold up
//! or look at what is done with files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Disk, DiskFile, LockError, OpenMode, Space};

/// Opens a file of the disk below, and gives what takes its place.
type Open = dyn Fn(&dyn Disk, &str, OpenMode) -> io::Result<Arc<dyn DiskFile>> + Send + Sync;

/// See the module.
pub struct Layered {
    below: Arc<dyn Disk>,
    open: Box<Open>,
}

impl Layered {
    /// A layer over `below` that opens files by `open`.
    pub fn new(
        below: Arc<dyn Disk>,
        open: impl Fn(&dyn Disk, &str, OpenMode) -> io::Result<Arc<dyn DiskFile>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self { below, open: Box::new(open) }
    }
}

impl Disk for Layered {
    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        (self.open)(&*self.below, path, mode)
    }

    fn create_root(&self) -> io::Result<()> {
        self.below.create_root()
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.below.create_dir(path)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.below.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.below.remove(path)
    }

    fn link(&self, path: &str, to: &Path) -> io::Result<()> {
        self.below.link(path, to)
    }

    fn path_of(&self, path: &str) -> PathBuf {
        self.below.path_of(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        self.below.list(path)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.below.sync_dir(path)
    }

    fn space(&self) -> io::Result<Space> {
        self.below.space()
    }

    fn lock(&self, exclusive: bool) -> Result<Box<dyn Send + Sync>, LockError> {
        self.below.lock(exclusive)
    }

    fn boot_id(&self) -> [u8; 16] {
        self.below.boot_id()
    }

    fn name(&self) -> String {
        self.below.name()
    }
}
