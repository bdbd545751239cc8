//! What a simulated disk holds: files, and names in two versions, as a running process sees them
//! (`live`) and as a power cut is sure to leave them (`durable`), with the changes between the
//! two that no directory sync has covered. Cheap to clone: a clone is a moment of the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use super::fault::no_space;
use super::inode::{Inode, Landing};

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    Folder,
    /// Index in `State::inodes`.
    File(usize),
}

pub(super) type Names = BTreeMap<Arc<str>, Node>;

/// A change of names that a power cut keeps or loses whole. A rename from one folder to another
/// is two of them. Changes of one file's names are ordered, as every file system orders them: one
/// that survives brings the earlier ones of its file along.
#[derive(Clone)]
pub(super) enum NameChange {
    Made(Arc<str>, Node),
    Removed(Arc<str>, Node),
    Renamed(Arc<str>, Arc<str>, Node),
}

/// See the module.
#[derive(Clone)]
pub(super) struct State {
    pub(super) root_made: bool,
    pub(super) live: Arc<Names>,
    pub(super) durable: Arc<Names>,
    pub(super) unsynced_names: Vec<NameChange>,
    pub(super) inodes: Vec<Inode>,
    pub(super) free_bytes: u64,
    pub(super) total_bytes: u64,
    pub(super) boot: u64,
    /// Grows with every call that changed something.
    pub(super) changes: u64,
}

/// The folder part of a path; `""` is the root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            root_made: false,
            live: Arc::default(),
            durable: Arc::default(),
            unsynced_names: Vec::new(),
            inodes: Vec::new(),
            free_bytes: 1 << 40,
            total_bytes: 1 << 41,
            boot: 1,
            changes: 0,
        }
    }

    pub(super) fn has_folder(&self, path: &str) -> bool {
        self.root_made && (path.is_empty() || self.live.get(path) == Some(&Node::Folder))
    }

    pub(super) fn file(&self, path: &str) -> Option<usize> {
        match self.live.get(path) {
            Some(Node::File(inode)) => Some(*inode),
            Some(Node::Folder) | None => None,
        }
    }

    pub(super) fn make(&mut self, path: &str, node: Node) {
        let path: Arc<str> = path.into();
        Arc::make_mut(&mut self.live).insert(Arc::clone(&path), node);
        self.unsynced_names.push(NameChange::Made(path, node));
        self.changes += 1;
    }

    /// Opens for `Create`: the file is there and empty afterwards.
    pub(super) fn create(&mut self, path: &str) -> io::Result<usize> {
        if !self.has_folder(folder_of(path)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if let Some(number) = self.file(path) {
            if let Some(inode) = self.inodes.get_mut(number) {
                self.free_bytes += inode.length() as u64;
                inode.empty();
                self.changes += 1;
            }
            return Ok(number);
        }
        self.inodes.push(Inode::default());
        let number = self.inodes.len() - 1;
        self.make(path, Node::File(number));
        Ok(number)
    }

    /// Makes the directory of another disk of this world, durable at once.
    pub(super) fn make_root(&mut self, path: &str) {
        self.root_made = true;
        if path.is_empty() || self.has_folder(path) {
            return;
        }
        for names in [&mut self.live, &mut self.durable] {
            Arc::make_mut(names).insert(path.into(), Node::Folder);
        }
        self.changes += 1;
    }

    /// A second name for a file.
    pub(super) fn link(&mut self, from: &str, to: &str) -> io::Result<()> {
        let number = self.file(from).ok_or(io::ErrorKind::NotFound)?;
        if !self.has_folder(folder_of(to)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if self.live.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.make(to, Node::File(number));
        Ok(())
    }

    /// The bytes that go with a name: those of its file, if it is the last.
    fn freed_with(&self, number: usize) -> u64 {
        let names = self.live.values().filter(|node| **node == Node::File(number));
        if names.count() > 1 { 0 } else { self.length(number) }
    }

    pub(super) fn remove(&mut self, path: &str) -> io::Result<()> {
        let number = self.file(path).ok_or(io::ErrorKind::NotFound)?;
        self.free_bytes += self.freed_with(number);
        Arc::make_mut(&mut self.live).remove(path);
        self.unsynced_names.push(NameChange::Removed(path.into(), Node::File(number)));
        self.changes += 1;
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let number = self.file(from).ok_or(io::ErrorKind::NotFound)?;
        if !self.has_folder(folder_of(to)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if let Some(replaced) = self.file(to) {
            self.free_bytes += self.freed_with(replaced);
        }
        let (from, to): (Arc<str>, Arc<str>) = (from.into(), to.into());
        let node = Node::File(number);
        let live = Arc::make_mut(&mut self.live);
        live.remove(&from);
        live.insert(Arc::clone(&to), node);
        if folder_of(&from) == folder_of(&to) {
            self.unsynced_names.push(NameChange::Renamed(from, to, node));
        } else {
            self.unsynced_names.push(NameChange::Removed(from, node));
            self.unsynced_names.push(NameChange::Made(to, node));
        }
        self.changes += 1;
        Ok(())
    }

    /// The names in a folder, sorted.
    pub(super) fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        if !self.has_folder(folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = self.live.keys().filter(|path| folder_of(path) == folder);
        Ok(inside.map(|path| path.rsplit('/').next().unwrap_or_default().to_owned()).collect())
    }

    pub(super) fn sync_dir(&mut self, folder: &str) -> io::Result<()> {
        if !self.has_folder(folder) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let durable = Arc::make_mut(&mut self.durable);
        let before = self.unsynced_names.len();
        self.unsynced_names.retain(|change| {
            let of_folder = folder_of(change.path()) == folder;
            if of_folder {
                change.apply(durable);
            }
            !of_folder
        });
        self.changes += u64::from(self.unsynced_names.len() < before);
        Ok(())
    }

    /// Writes all of `data`, if there is space.
    pub(super) fn write(
        &mut self,
        number: usize,
        at: usize,
        data: &[u8],
        landing: Landing,
    ) -> io::Result<()> {
        let inode = self.inodes.get_mut(number).ok_or(io::ErrorKind::NotFound)?;
        let growth = (at + data.len()).saturating_sub(inode.length()) as u64;
        self.free_bytes = self.free_bytes.checked_sub(growth).ok_or_else(no_space)?;
        inode.write(at, data, landing);
        self.changes += 1;
        Ok(())
    }

    pub(super) fn length(&self, number: usize) -> u64 {
        self.inodes.get(number).map_or(0, |inode| inode.length() as u64)
    }

    /// Bytes of all files with a name.
    pub(super) fn used_bytes(&self) -> u64 {
        let files = self.live.values().filter_map(|node| match node {
            Node::File(number) => Some(*number),
            Node::Folder => None,
        });
        let files: BTreeSet<usize> = files.collect();
        files.into_iter().map(|number| self.length(number)).sum()
    }
}

impl NameChange {
    /// The path whose folder must be synced.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Made(path, _) | Self::Removed(path, _) | Self::Renamed(path, _, _) => path,
        }
    }

    /// What the name stands for.
    pub(super) fn node(&self) -> Node {
        match self {
            Self::Made(_, node) | Self::Removed(_, node) | Self::Renamed(_, _, node) => *node,
        }
    }

    /// Makes the change, also where an earlier one was lost.
    pub(super) fn apply(&self, names: &mut Names) {
        match self {
            Self::Made(path, node) => {
                names.insert(Arc::clone(path), *node);
            }
            Self::Removed(path, _) => {
                names.remove(path);
            }
            Self::Renamed(from, to, node) => {
                if names.get(from) == Some(node) {
                    names.remove(from);
                }
                names.insert(Arc::clone(to), *node);
            }
        }
    }
}
