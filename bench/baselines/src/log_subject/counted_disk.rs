//! Counts what the committer writes and syncs; everything else passes through.
//!
//! The threads that prepare files are not counted: their work is that of recycling, outside of the
//! path of an append.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foq_log::env::{Disk, DiskFile, Layered};

use crate::subject::Written;

/// Name of the thread whose writes count; that of its writer begins with it.
const COMMITTER: &str = "foq-committer";

/// Bytes written and syncs done by the committer.
#[derive(Debug, Default)]
pub(super) struct Counters {
    bytes: AtomicU64,
    syncs: AtomicU64,
}

impl Counters {
    pub(super) fn written(&self) -> Written {
        Written {
            bytes: self.bytes.load(Ordering::Relaxed),
            rounds: self.syncs.load(Ordering::Relaxed),
        }
    }
}

/// A disk whose files count.
pub(super) fn counted(disk: Arc<dyn Disk>, counters: Arc<Counters>) -> impl Disk {
    Layered::new(disk, move |disk, path, mode| {
        let file = disk.open(path, mode)?;
        Ok(Arc::new(CountedFile { file, counters: Arc::clone(&counters) }))
    })
}

struct CountedFile {
    file: Arc<dyn DiskFile>,
    counters: Arc<Counters>,
}

impl DiskFile for CountedFile {
    fn read_at(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(byte_offset, buffer)
    }

    fn write_at(&self, byte_offset: u64, data: &[u8]) -> io::Result<usize> {
        let written = self.file.write_at(byte_offset, data)?;
        if is_committer() {
            self.counters.bytes.fetch_add(written as u64, Ordering::Relaxed);
        }
        Ok(written)
    }

    fn sync(&self) -> io::Result<()> {
        if is_committer() {
            self.counters.syncs.fetch_add(1, Ordering::Relaxed);
        }
        self.file.sync()
    }

    fn drop_cache(&self) -> io::Result<()> {
        self.file.drop_cache()
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

fn is_committer() -> bool {
    std::thread::current().name().is_some_and(|name| name.starts_with(COMMITTER))
}
