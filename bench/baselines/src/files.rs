//! Pre-written files: the kind of file every baseline but R0 writes to.
//!
//! A file whose blocks were all written and synced once needs no metadata in later syncs, and the
//! log's journal files are of this kind too. Space is a ring: what is full starts over.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::OFlags;

use crate::numbers::MIB;

/// Bytes of one pre-written file of a ring, as in the log.
pub const FILE_BYTES: u64 = 64 * MIB;

/// How a write is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncBy {
    /// `fdatasync` after the write.
    Fdatasync,
    /// The file is open with `O_DSYNC`.
    Dsync,
}

impl SyncBy {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fdatasync => "fdatasync",
            Self::Dsync => "O_DSYNC",
        }
    }
}

/// A file whose every byte was written and synced before use.
#[derive(Debug)]
pub struct PreWritten {
    plain: File,
    dsync: File,
    bytes: u64,
    path: PathBuf,
}

impl PreWritten {
    /// Writes `bytes` zeros to a new file, in writes of 1 MiB, and syncs it and its folder.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(path: &Path, bytes: u64) -> io::Result<Self> {
        let plain = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        let zeros = vec![0_u8; 1 << 20];
        let mut byte_offset = 0;
        while byte_offset < bytes {
            plain.write_all_at(&zeros, byte_offset)?;
            byte_offset += MIB;
        }
        plain.sync_all()?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        let flags = i32::try_from(OFlags::DSYNC.bits()).unwrap_or(0);
        let dsync = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
        Ok(Self { plain, dsync, bytes, path: path.to_path_buf() })
    }

    /// Leaves the file where it is, and says where.
    #[must_use]
    pub fn keep(mut self) -> PathBuf {
        std::mem::take(&mut self.path)
    }

    /// Length of the file in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes and makes durable; returns when the disk says that it is.
    ///
    /// # Errors
    /// When the write or the sync fails.
    pub fn write_durably(&self, data: &[u8], byte_offset: u64, by: SyncBy) -> io::Result<()> {
        match by {
            SyncBy::Fdatasync => {
                self.plain.write_all_at(data, byte_offset)?;
                self.plain.sync_data()
            }
            SyncBy::Dsync => self.dsync.write_all_at(data, byte_offset),
        }
    }
}

/// A folder of this process's own, removed with all that is in it when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes a folder with a free name inside `parent`, which is made too where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(parent: &Path) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = parent.join(format!("foq-bench-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} was left behind: {error}", self.0.display());
        }
    }
}

impl Drop for PreWritten {
    fn drop(&mut self) {
        if self.path.as_os_str().is_empty() {
            return;
        }
        // A left-over file is only bytes in the bench's own folder, which is removed at the end.
        let _left_to_the_end = std::fs::remove_file(&self.path);
    }
}
