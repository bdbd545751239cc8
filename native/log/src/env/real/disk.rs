//! The store's directory on a real file system.
//!
//! Folders are made 0700 and files 0600: what users write is no one else's to read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::statvfs;
use rustix::io::retry_on_intr;

use super::file::RealFile;
use super::lock::{self, boot_id};
use crate::env::{Disk, DiskFile, LockError, OpenMode, Space};

/// See the module.
pub(super) struct RealDisk {
    root: PathBuf,
    boot_id: [u8; 16],
}

impl RealDisk {
    /// `root` is absolute.
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, boot_id: boot_id() }
    }

    fn path(&self, path: &str) -> PathBuf {
        debug_assert!(
            Path::new(path)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_))),
            "{path} stays inside the store"
        );
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }
}

impl Disk for RealDisk {
    fn create_root(&self) -> io::Result<()> {
        let made = make_folder(&self.root)?;
        let Some(parent) = self.root.parent() else { return Ok(()) };
        match sync_folder(parent) {
            // Whoever made the directory may have a parent that this user cannot open.
            Err(error) if !made && error.kind() == ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        }
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        make_folder(&self.path(path)).map(|_made| ())
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let mut how = OpenOptions::new();
        how.read(true).mode(0o600);
        match mode {
            OpenMode::Read => {}
            OpenMode::Update => {
                how.write(true);
            }
            OpenMode::Create => {
                how.write(true).create(true).truncate(true);
            }
        }
        Ok(Arc::new(RealFile::new(how.open(self.path(path))?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        fs::remove_file(self.path(path))
    }

    fn link(&self, path: &str, to: &Path) -> io::Result<()> {
        fs::hard_link(self.path(path), to)
    }

    fn path_of(&self, path: &str) -> PathBuf {
        self.path(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for found in fs::read_dir(self.path(path))? {
            // A name that is not text was not given by the log; its lossy form matches none.
            names.push(found?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        sync_folder(&self.path(path))
    }

    fn space(&self) -> io::Result<Space> {
        let found = retry_on_intr(|| statvfs(&self.root))?;
        Ok(Space {
            free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
            total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
        })
    }

    fn lock(&self, exclusive: bool) -> Result<Box<dyn Send + Sync>, LockError> {
        let path = self.root.join("LOCK");
        if exclusive {
            Ok(Box::new(lock::hold(&path, &self.boot_id)?))
        } else {
            Ok(Box::new(lock::check(&path, &self.boot_id)?))
        }
    }

    fn boot_id(&self) -> [u8; 16] {
        self.boot_id
    }

    fn name(&self) -> String {
        self.root.display().to_string()
    }
}

/// Makes a folder, and says whether it was not there before.
fn make_folder(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // A link to a folder will do; a file with this name will not.
            if fs::metadata(path)?.is_dir() {
                Ok(false)
            } else {
                Err(ErrorKind::NotADirectory.into())
            }
        }
        Err(error) => Err(error),
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::env::real::temporary::Temporary;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn a_disk(folder: &Temporary) -> RealDisk {
        let disk = RealDisk::new(folder.path().join("store"));
        disk.create_root().unwrap();
        disk
    }

    #[test]
    fn a_new_store_is_0700_and_its_files_0600() {
        let folder = Temporary::new("disk-modes");
        let disk = a_disk(&folder);
        disk.create_root().unwrap();
        disk.create_dir("journal").unwrap();
        disk.open("journal/1.jnl", OpenMode::Create).unwrap();
        assert_eq!(mode(&folder.path().join("store")), 0o700);
        assert_eq!(mode(&folder.path().join("store/journal/1.jnl")), 0o600);
    }

    #[test]
    fn a_missing_parent_is_not_made() {
        let folder = Temporary::new("disk-parent");
        let disk = RealDisk::new(folder.path().join("no/store"));
        assert_eq!(disk.create_root().unwrap_err().kind(), ErrorKind::NotFound);
        assert!(!folder.path().join("no").exists());
    }

    #[test]
    fn a_file_in_the_place_of_the_store_is_refused() {
        let folder = Temporary::new("disk-file");
        fs::write(folder.path().join("store"), "mine").unwrap();
        let disk = RealDisk::new(folder.path().join("store"));
        assert_eq!(disk.create_root().unwrap_err().kind(), ErrorKind::NotADirectory);
    }

    #[test]
    fn what_is_written_is_read_again_after_a_sync_and_a_dropped_cache() {
        let folder = Temporary::new("disk-bytes");
        let disk = a_disk(&folder);
        let file = disk.open("some", OpenMode::Create).unwrap();
        assert_eq!(file.write_at(4096, b"words").unwrap(), 5);
        file.sync().unwrap();
        file.drop_cache().unwrap();
        let mut buffer = [9; 8];
        assert_eq!(file.read_at(4094, &mut buffer).unwrap(), 7);
        assert_eq!(&buffer, b"\0\0words\x09");
        assert_eq!(file.size().unwrap(), 4101);
    }

    #[test]
    fn a_read_that_may_not_wait_gives_the_same_bytes_or_none() {
        let folder = Temporary::new("disk-cached");
        let file = a_disk(&folder).open("some", OpenMode::Create).unwrap();
        file.write_at(0, &[7; 10_000]).unwrap();
        file.sync().unwrap();
        let mut buffer = [0; 10_000];
        for _ in 0..2 {
            match file.read_at_cached(0, &mut buffer).unwrap() {
                Some(read) => assert!(buffer.iter().take(read).all(|byte| *byte == 7)),
                None => assert_eq!(buffer, [0; 10_000]),
            }
            buffer = [0; 10_000];
            file.drop_cache().unwrap();
        }
    }

    #[test]
    fn create_empties_a_file_and_update_needs_one() {
        let folder = Temporary::new("disk-open");
        let disk = a_disk(&folder);
        let missing = disk.open("some", OpenMode::Update).map(|_| ()).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        disk.open("some", OpenMode::Create).unwrap().write_at(0, b"words").unwrap();
        assert_eq!(disk.open("some", OpenMode::Update).unwrap().size().unwrap(), 5);
        assert_eq!(disk.open("some", OpenMode::Create).unwrap().size().unwrap(), 0);
    }

    #[test]
    fn names_are_sorted_and_a_missing_folder_is_not_found() {
        let folder = Temporary::new("disk-list");
        let disk = a_disk(&folder);
        for name in ["b", "a", "c"] {
            disk.open(name, OpenMode::Create).unwrap();
        }
        disk.rename("c", "0").unwrap();
        disk.remove("b").unwrap();
        disk.sync_dir("").unwrap();
        assert_eq!(disk.list("").unwrap(), ["0", "a"]);
        assert_eq!(disk.list("journal").unwrap_err().kind(), ErrorKind::NotFound);
        assert!(disk.space().unwrap().free_bytes <= disk.space().unwrap().total_bytes);
    }
}
