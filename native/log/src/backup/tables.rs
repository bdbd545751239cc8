//! Brings the tables of a lease into a backup: by a second name where that can be, else by a copy.
//! Tables never change, and their files outlive their names.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use super::journal::Copied;
use super::made::Made;
use crate::env::{Disk, DiskFile, OpenMode, read_exact, write_all};
use crate::error::{Error, Result};

/// Bytes that one step copies.
const CHUNK_BYTES: u64 = 1 << 20;

/// See the module.
pub(super) struct TableCopy {
    source: Arc<dyn Disk>,
    /// Paths and sizes.
    tables: VecDeque<(String, u64)>,
    current: Option<FileCopy>,
    pub linked: u64,
    pub copied: u64,
}

struct FileCopy {
    path: String,
    from: Arc<dyn DiskFile>,
    to: Arc<dyn DiskFile>,
    file_bytes: u64,
    done: u64,
}

impl TableCopy {
    pub fn new(source: &Arc<dyn Disk>, tables: VecDeque<(String, u64)>) -> Self {
        Self { source: Arc::clone(source), tables, current: None, linked: 0, copied: 0 }
    }

    /// Goes on.
    ///
    /// # Errors
    /// `FOQ_DISK_FULL`, `FOQ_UNAVAILABLE`.
    pub fn step(&mut self, made: &mut Made) -> Result<Copied> {
        if let Some(copy) = self.current.take() {
            return self.go_on(copy, made).map(Copied::Some);
        }
        let Some((path, file_bytes)) = self.tables.pop_front() else { return Ok(Copied::All) };
        match self.source.link(&path, &made.disk.path_of(&path)) {
            Ok(()) => {
                made.add(&path);
                self.linked += 1;
            }
            Err(failure) if is_for_want_of_links(&failure) => {
                let from = self.source.open(&path, OpenMode::Read);
                let from = from.map_err(|failure| unreadable(&path, failure))?;
                let to = made.create(&path)?;
                self.current = Some(FileCopy { path, from, to, file_bytes, done: 0 });
            }
            Err(failure) => return Err(made.failed("a table cannot be linked", &path, failure)),
        }
        Ok(Copied::Some(0))
    }

    fn go_on(&mut self, mut copy: FileCopy, made: &Made) -> Result<u64> {
        let length = copy.file_bytes.saturating_sub(copy.done).min(CHUNK_BYTES);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = read_exact(&*copy.from, copy.done, &mut bytes);
        read.map_err(|failure| unreadable(&copy.path, failure))?;
        let write = || -> io::Result<()> {
            write_all(&*copy.to, copy.done, &bytes)?;
            if copy.done + length < copy.file_bytes {
                return Ok(());
            }
            copy.to.sync()?;
            copy.to.drop_cache()
        };
        write().map_err(|failure| made.failed("a table cannot be copied", &copy.path, failure))?;
        copy.done += length;
        if copy.done < copy.file_bytes {
            self.current = Some(copy);
        } else {
            self.copied += 1;
        }
        Ok(2 * length)
    }
}

/// Another file system, one without links, or a file that has as many as it may.
fn is_for_want_of_links(failure: &io::Error) -> bool {
    use io::ErrorKind::{CrossesDevices, PermissionDenied, TooManyLinks, Unsupported};
    [CrossesDevices, PermissionDenied, TooManyLinks, Unsupported].contains(&failure.kind())
}

fn unreadable(path: &str, failure: io::Error) -> Error {
    Error::io("a table cannot be read", path, failure)
}
