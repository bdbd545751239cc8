//! What the log needs from the world: a disk, a clock, randomness.
//!
//! The log owns no file, thread or clock. Everything enters through these traits, so that the
//! same code runs on a real disk (`real`) and, from one seed, on a simulated one (`sim`).
//! Paths are relative to the store's directory and use `/`. Calls block.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

mod layered;
pub mod real;
pub mod sim;

pub use layered::Layered;

/// The directory of one store.
///
/// A created or renamed file survives power loss only after [`Disk::sync_dir`] of its folder.
pub trait Disk: Send + Sync {
    /// Makes the store's own directory (not its parents) and makes that durable.
    /// An existing directory is no error; a missing parent is `NotFound`.
    fn create_root(&self) -> io::Result<()>;

    /// Makes a folder inside the store; an existing one is no error.
    fn create_dir(&self, path: &str) -> io::Result<()>;

    /// Opens a file as `mode` says.
    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames atomically, replacing the target; durable after `sync_dir`.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a name; durable after `sync_dir`. Who has the file open, or another name of it,
    /// keeps it.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Gives a file a second name, in another directory: the `path_of` a disk of the same world.
    /// The name is durable after `sync_dir` of its folder there. Fails where the two lie on
    /// different file systems, where the file system has no links, and where the name is taken.
    fn link(&self, path: &str, to: &Path) -> io::Result<()>;

    /// The place of a file for `link`; says nothing about whether there is one.
    fn path_of(&self, path: &str) -> PathBuf;

    /// Names (not paths) in a folder, sorted; `""` is the root. A missing folder is `NotFound`.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;

    /// Makes the names in a folder durable; `""` is the root.
    fn sync_dir(&self, path: &str) -> io::Result<()>;

    /// Bytes of the file system: free for this process, and in all.
    fn space(&self) -> io::Result<Space>;

    /// Takes the store's lock, held until the returned value is dropped. `exclusive: false`
    /// only checks that no one holds it, where the directory cannot be written.
    fn lock(&self, exclusive: bool) -> Result<Box<dyn Send + Sync>, LockError>;

    /// Identity of the machine's current boot; another value means that unsynced data may be gone.
    fn boot_id(&self) -> [u8; 16];

    /// The directory as a person would name it, for errors.
    fn name(&self) -> String;
}

/// One open file. Calls may come from several threads; ranges written never overlap.
pub trait DiskFile: Send + Sync {
    /// Reads up to `buffer.len()` bytes; fewer only at the end of the file.
    fn read_at(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// As `read_at`, but never waits for the device: gives the bytes up to the first that would
    /// have to be waited for, or `None` where it cannot tell. Here: no byte has to be.
    fn read_at_cached(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.read_at(byte_offset, buffer).map(Some)
    }

    /// Writes some bytes of `data` and says how many; not durable before `sync`.
    fn write_at(&self, byte_offset: u64, data: &[u8]) -> io::Result<usize>;

    /// Makes the new file so long, of bytes that the disk has kept for it; what they are nobody asks.
    fn allocate(&self, bytes: u64) -> io::Result<()> {
        write_zeros(self, bytes)
    }

    /// Makes all that was written durable (fdatasync). After an error nothing is known about
    /// what was written since the last success; never call it again to "retry".
    fn sync(&self) -> io::Result<()>;

    /// Forgets cached clean pages, so that the next read shows what the device holds.
    fn drop_cache(&self) -> io::Result<()>;

    /// The file's length in bytes.
    fn size(&self) -> io::Result<u64>;
}

/// How [`Disk::open`] treats the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Must exist; reads only.
    Read,
    /// Must exist; reads and writes in place.
    Update,
    /// Made when missing, emptied when there; reads and writes.
    Create,
}

/// See [`Disk::space`].
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// Bytes this process may still use.
    pub free_bytes: u64,
    /// Size of the file system.
    pub total_bytes: u64,
}

/// Why the lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another handle holds it; `pid` 0 when the holder could not be read.
    Held {
        /// Process that holds the store.
        pid: u32,
    },
    /// The lock file could not be used at all.
    Io(io::Error),
}

/// Time, injected.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch; may jump.
    fn wall_ms(&self) -> u64;
    /// Milliseconds that only grow; their zero means nothing.
    fn monotonic_ms(&self) -> u64;
}

/// Randomness, injected.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// One world to open a store in.
#[derive(Clone)]
pub struct Env {
    /// The store's directory.
    pub disk: Arc<dyn Disk>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Identities and keys.
    pub random: Arc<dyn Random>,
}

/// Writes all of `data`; a short write goes on with the rest, one of zero bytes is an error.
pub(crate) fn write_all<F: DiskFile + ?Sized>(
    file: &F,
    mut byte_offset: u64,
    data: &[u8],
) -> io::Result<()> {
    let mut rest = data;
    while !rest.is_empty() {
        let written = file.write_at(byte_offset, rest)?;
        if written == 0 || written > rest.len() {
            return Err(io::Error::new(io::ErrorKind::WriteZero, "the disk took no bytes"));
        }
        byte_offset += written as u64;
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Whether a call failed because no byte was left.
pub(crate) fn is_full(failure: &io::Error) -> bool {
    [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&failure.kind())
}

/// Writes so many zeros from the start on.
pub(crate) fn write_zeros<F: DiskFile + ?Sized>(file: &F, bytes: u64) -> io::Result<()> {
    const CHUNK_BYTES: u64 = 1 << 20;
    let chunk = bytes.min(CHUNK_BYTES);
    let zeros = vec![0_u8; usize::try_from(chunk).unwrap_or_default()];
    let mut byte_offset = 0;
    while byte_offset < bytes {
        let length = usize::try_from((bytes - byte_offset).min(chunk)).unwrap_or_default();
        write_all(file, byte_offset, zeros.get(..length).unwrap_or_default())?;
        byte_offset += length as u64;
    }
    Ok(())
}

/// Reads exactly the file's bytes `[byte_offset, byte_offset + buffer.len())`, or fails with
/// `UnexpectedEof`.
pub(crate) fn read_exact(
    file: &dyn DiskFile,
    mut byte_offset: u64,
    buffer: &mut [u8],
) -> io::Result<()> {
    let mut rest = buffer;
    while !rest.is_empty() {
        let read = file.read_at(byte_offset, rest)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        byte_offset += read as u64;
        rest = rest.get_mut(read..).unwrap_or_default();
    }
    Ok(())
}
