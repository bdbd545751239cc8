//! The simulated disk as the log sees it: `Disk`, `DiskFile` and the store's lock.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::SimDisk;
use super::fault::{CallKind, Fault, io_error, no_space};
use super::inode::Landing;
use super::state::Node;
use super::world::{Call, World, to_usize};
use crate::env::{Disk, DiskFile, LockError, OpenMode, Space};

impl SimDisk {
    /// A call on a path that fails whole, or is done; `body` gets the path in the world.
    fn on_path<T>(
        &self,
        kind: CallKind,
        path: &str,
        body: impl FnOnce(&mut World, &str) -> io::Result<T>,
    ) -> io::Result<T> {
        let path = &*self.within(path);
        let call = Call { kind, path, byte_offset: 0, length: 0 };
        self.world.lock().call(&call, |world, fault, _| {
            fail_whole(fault)?;
            body(world, path)
        })
    }

    /// A path of this directory, as the world knows it.
    fn within<'a>(&'a self, path: &'a str) -> Cow<'a, str> {
        match (self.root.is_empty(), path.is_empty()) {
            (true, _) => Cow::Borrowed(path),
            (false, true) => Cow::Borrowed(&self.root),
            (false, false) => Cow::Owned(format!("{}/{path}", self.root)),
        }
    }

    /// Where paths of this world begin: no two worlds have the same files.
    fn device(&self) -> PathBuf {
        PathBuf::from(format!("/{:p}", Arc::as_ptr(&self.world)))
    }
}

impl Disk for SimDisk {
    fn create_root(&self) -> io::Result<()> {
        self.on_path(CallKind::CreateRoot, "", |world, root| {
            world.state.make_root(root);
            Ok(())
        })
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.on_path(CallKind::CreateDir, path, |world, path| {
            if !world.state.has_folder(super::state::folder_of(path)) {
                return Err(io::ErrorKind::NotFound.into());
            }
            if !world.state.has_folder(path) {
                world.state.make(path, Node::Folder);
            }
            Ok(())
        })
    }

    fn open(&self, path: &str, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let inode = self.on_path(CallKind::Open, path, |world, path| match mode {
            OpenMode::Create => world.state.create(path),
            OpenMode::Read | OpenMode::Update => {
                world.state.file(path).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        })?;
        let (world, path) = (Arc::clone(&self.world), Arc::from(self.within(path)));
        Ok(Arc::new(SimFile { world, inode, path, writes: mode != OpenMode::Read }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let to = self.within(to);
        self.on_path(CallKind::Rename, from, |world, from| world.state.rename(from, &to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.on_path(CallKind::Remove, path, |world, path| world.state.remove(path))
    }

    fn link(&self, path: &str, to: &Path) -> io::Result<()> {
        let device = self.device();
        self.on_path(CallKind::Link, path, |world, from| {
            let to = to.strip_prefix(&device).ok().and_then(Path::to_str);
            world.state.link(from, to.ok_or(io::ErrorKind::CrossesDevices)?)
        })
    }

    fn path_of(&self, path: &str) -> PathBuf {
        self.device().join(&*self.within(path))
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        self.on_path(CallKind::List, path, |world, path| world.state.list(path))
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.on_path(CallKind::SyncDir, path, |world, path| world.state.sync_dir(path))
    }

    fn space(&self) -> io::Result<Space> {
        self.on_path(CallKind::Space, "", |world, _| {
            let state = &world.state;
            Ok(Space { free_bytes: state.free_bytes, total_bytes: state.total_bytes })
        })
    }

    fn lock(&self, exclusive: bool) -> Result<Box<dyn Send + Sync>, LockError> {
        let held = self.on_path(CallKind::Lock, "", |world, root| {
            if !world.state.has_folder(root) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let held = world.locked.contains(root);
            if exclusive {
                world.locked.insert(root.into());
            }
            Ok(held)
        });
        match held {
            Err(error) => Err(LockError::Io(error)),
            Ok(true) => Err(LockError::Held { pid: 1 }),
            Ok(false) if exclusive => Ok(Box::new(SimLock {
                world: Arc::clone(&self.world),
                root: Arc::clone(&self.root),
            })),
            Ok(false) => Ok(Box::new(())),
        }
    }

    fn boot_id(&self) -> [u8; 16] {
        u128::from(self.world.lock().state.boot).to_le_bytes()
    }

    fn name(&self) -> String {
        "simulated disk".to_owned()
    }
}

/// Held until dropped.
struct SimLock {
    world: Arc<Mutex<World>>,
    root: Arc<str>,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.world.lock().locked.remove(&self.root);
    }
}

/// An open file; it outlives its name.
struct SimFile {
    world: Arc<Mutex<World>>,
    inode: usize,
    path: Arc<str>,
    writes: bool,
}

impl SimFile {
    fn call(&self, kind: CallKind, byte_offset: u64, length: usize) -> Call<'_> {
        Call { kind, path: &self.path, byte_offset, length }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let call = self.call(CallKind::Read, byte_offset, buffer.len());
        self.world.lock().call(&call, |world, fault, meter| {
            let wanted = match fault {
                Some(Fault::Short) => half(buffer.len()),
                fault => {
                    fail_whole(fault)?;
                    buffer.len()
                }
            };
            let buffer = buffer.get_mut(..wanted).unwrap_or_default();
            let inode = world.state.inodes.get(self.inode).ok_or(io::ErrorKind::NotFound)?;
            let count = inode.read(to_usize(byte_offset), buffer);
            meter.moved(buffer.get(..count).unwrap_or_default());
            Ok(count)
        })
    }

    fn write_at(&self, byte_offset: u64, data: &[u8]) -> io::Result<usize> {
        let call = self.call(CallKind::Write, byte_offset, data.len());
        self.world.lock().call(&call, |world, fault, meter| {
            if !self.writes {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            let (count, landing) = match fault {
                None | Some(Fault::Crash) => (data.len(), Landing::Right),
                Some(Fault::NoSpace) => return Err(no_space()),
                Some(Fault::Short) => (half(data.len()), Landing::Right),
                Some(Fault::LostWrite) => (data.len(), Landing::Lost),
                Some(Fault::Misdirected(to)) => (data.len(), Landing::At(to_usize(to))),
                Some(Fault::Io) => {
                    let count = to_usize(world.dice.below(data.len() as u64));
                    (count, Landing::Right)
                }
            };
            let data = data.get(..count).unwrap_or_default();
            world.state.write(self.inode, to_usize(byte_offset), data, landing)?;
            if fault == Some(Fault::Io) {
                return Err(io_error());
            }
            meter.moved(data);
            Ok(count)
        })
    }

    fn sync(&self) -> io::Result<()> {
        let call = self.call(CallKind::Sync, 0, 0);
        self.world.lock().call(&call, |world, fault, meter| {
            let state = &mut world.state;
            let inode = state.inodes.get_mut(self.inode).ok_or(io::ErrorKind::NotFound)?;
            let changes = inode.changes().len();
            state.changes += u64::from(changes > 0);
            if let Err(error) = fail_whole(fault) {
                let dice = &mut world.dice;
                inode.fail_sync(|_| dice.one_in(2));
                return Err(error);
            }
            inode.sync();
            meter.counted(changes as u64);
            Ok(())
        })
    }

    fn drop_cache(&self) -> io::Result<()> {
        let call = self.call(CallKind::DropCache, 0, 0);
        self.world.lock().call(&call, |world, fault, _| {
            fail_whole(fault)?;
            if let Some(inode) = world.state.inodes.get_mut(self.inode) {
                inode.drop_cache();
            }
            Ok(())
        })
    }

    fn size(&self) -> io::Result<u64> {
        let call = self.call(CallKind::Size, 0, 0);
        self.world.lock().call(&call, |world, fault, meter| {
            fail_whole(fault)?;
            let length = world.state.length(self.inode);
            meter.counted(length);
            Ok(length)
        })
    }
}

/// Faults that mean something only to reads and writes are none here.
fn fail_whole(fault: Option<Fault>) -> io::Result<()> {
    match fault {
        Some(Fault::Io) => Err(io_error()),
        Some(Fault::NoSpace) => Err(no_space()),
        _ => Ok(()),
    }
}

/// Half of the bytes, but at least one where there is one.
fn half(length: usize) -> usize {
    length.div_ceil(2)
}
