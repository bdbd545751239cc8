//! Reading and replacing the two manifests.

use std::io;
use std::sync::Arc;

use crate::env::{Disk, DiskFile, OpenMode, is_full, read_exact, write_all};
use crate::error::{Error, Result};
use crate::format::manifest::{MANIFEST_PATHS, Manifest, layout};
use crate::format::{FORMAT_VERSION, LittleEndian};
use crate::planted::{Bug, planted};
use crate::shelf::sync_dir;

/// In the place of the manifests where the directory is a backup; and while it becomes one.
pub(crate) const BACKUP_PATH: &str = "BACKUP";
pub(crate) const UNFINISHED_BACKUP_PATH: &str = "BACKUP.tmp";
/// There while a backup is restored into the directory.
pub(crate) const UNFINISHED_RESTORE_PATH: &str = "RESTORE.tmp";

/// What the directory holds.
pub(crate) enum Found {
    /// No manifest of either name.
    Nothing,
    /// The newer valid one, and whether they are to be written again: the other is missing or
    /// damaged, or one is of an older version.
    Manifest { manifest: Box<Manifest>, heal: bool },
}

/// Reads both manifests, made certain first unless `read_only`: what a killed process left in the
/// page cache is durable before anything rests on it. A backup is found where it is only read.
///
/// # Errors
/// `FOQ_CORRUPT` when there are some and none is valid, `FOQ_VERSION` when one is of a newer
/// format (then nothing else is believed), `FOQ_UNAVAILABLE` for a backup that is to be written, and
/// for a backup or restore that did not end.
pub(crate) fn load(disk: &dyn Disk, read_only: bool) -> Result<Found> {
    if is_there(disk, UNFINISHED_RESTORE_PATH)? {
        let what = "a restore into this directory did not end: remove it, and restore again";
        return Err(unusable(disk, what));
    }
    match load_manifests(disk, read_only)? {
        Found::Nothing if is_there(disk, BACKUP_PATH)? => match read_only {
            true => {
                let manifest = load_backup(disk)?;
                Ok(Found::Manifest { manifest: Box::new(manifest), heal: false })
            }
            false => {
                let what = "this is a backup: restore it into another directory, or open it \
                            read-only";
                Err(unusable(disk, what))
            }
        },
        Found::Nothing if is_there(disk, UNFINISHED_BACKUP_PATH)? => {
            Err(unusable(disk, "a backup into this directory did not end: remove it"))
        }
        found => Ok(found),
    }
}

/// The manifest of a backup.
///
/// # Errors
/// `FOQ_UNAVAILABLE` where there is none, or one that did not end, `FOQ_CORRUPT`, `FOQ_VERSION`.
pub(crate) fn load_backup(disk: &dyn Disk) -> Result<Manifest> {
    match read_file(disk, BACKUP_PATH, true)? {
        Some(bytes) => Manifest::decode(&bytes, BACKUP_PATH),
        None if is_there(disk, UNFINISHED_BACKUP_PATH)? => {
            Err(unusable(disk, "a backup into this directory did not end: remove it"))
        }
        None => Err(unusable(disk, "there is no backup here")),
    }
}

/// Whether the directory is a backup.
///
/// # Errors
/// `FOQ_UNAVAILABLE` where the disk does not tell.
pub(crate) fn is_backup(disk: &dyn Disk) -> Result<bool> {
    is_there(disk, BACKUP_PATH)
}

/// Refuses a backup, which nobody changes.
///
/// # Errors
/// `FOQ_UNAVAILABLE`.
pub(crate) fn refuse_backup(disk: &dyn Disk) -> Result<()> {
    match is_there(disk, BACKUP_PATH)? {
        true => Err(unusable(disk, "this is a backup, and is not to be changed: make a new one")),
        false => Ok(()),
    }
}

fn is_there(disk: &dyn Disk, path: &str) -> Result<bool> {
    match disk.open(path, OpenMode::Read) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("a file cannot be opened", path, error)),
    }
}

fn unusable(disk: &dyn Disk, what: &str) -> Error {
    Error::Unavailable { what: what.to_owned(), path: disk.name(), source: None }
}

fn load_manifests(disk: &dyn Disk, read_only: bool) -> Result<Found> {
    let mut valid: Vec<Manifest> = Vec::new();
    let mut damage: Option<Error> = None;
    let mut present = 0;
    let mut old = false;
    for path in MANIFEST_PATHS {
        match read_file(disk, path, read_only)? {
            None => {}
            Some(bytes) => {
                present += 1;
                match Manifest::decode(&bytes, path) {
                    Ok(manifest) => {
                        old |= bytes.u32_at(layout::VERSION) < FORMAT_VERSION;
                        valid.push(manifest);
                    }
                    Err(newer @ Error::Version { .. }) => return Err(newer),
                    Err(error) => damage = Some(error),
                }
            }
        }
    }
    let heal = old || valid.len() < MANIFEST_PATHS.len();
    match valid.into_iter().max_by_key(|manifest| manifest.counter) {
        Some(manifest) => Ok(Found::Manifest { manifest: Box::new(manifest), heal }),
        None if present == 0 => Ok(Found::Nothing),
        None => Err(damage.unwrap_or_else(|| Error::corrupt("MANIFEST-A", 0..0, "no manifest"))),
    }
}

/// Replaces both manifests by `manifest`, one after the other, each durable before the next is
/// touched. The older file is written first, so that a crash leaves a valid one.
///
/// # Errors
/// `FOQ_DISK_FULL` where the manifests grow and the disk has no room for that: nothing has changed
/// then. Anything else is a failed write.
pub(crate) fn store(disk: &dyn Disk, manifest: &mut Manifest) -> Result<()> {
    let order = match newest_path(disk)? {
        Some(path) if path == MANIFEST_PATHS[0] => [MANIFEST_PATHS[1], MANIFEST_PATHS[0]],
        _ => MANIFEST_PATHS,
    };
    let mut replacements = Vec::with_capacity(order.len());
    for path in order {
        manifest.counter += 1;
        replacements.push(Replacement::new(disk, path, manifest.encode())?);
    }
    // What takes space is written first, under names without meaning.
    for replacement in &replacements {
        match replacement.prepare(disk) {
            Err(failure) if is_full(&failure) => {
                replacements.iter().for_each(|replacement| replacement.give_up(disk));
                let free_bytes = disk.space().map_or(0, |space| space.free_bytes);
                let needed_bytes = replacement.bytes.len() as u64;
                return Err(Error::DiskFull { free_bytes, needed_bytes });
            }
            prepared => prepared.map_err(|failure| replacement.failed(failure))?,
        }
        if planted(Bug::ManifestHalfReplaced) {
            replacement.finish(disk).map_err(|failure| replacement.failed(failure))?;
        }
    }
    if planted(Bug::ManifestHalfReplaced) {
        return Ok(());
    }
    replacements.iter().try_for_each(|replacement| {
        replacement.finish(disk).map_err(|failure| replacement.failed(failure))
    })
}

/// How one of the two files gets its new bytes: in place where it has their size; else it is a new
/// file, which gets its name when its bytes are durable.
struct Replacement {
    path: &'static str,
    bytes: Vec<u8>,
    in_place: Option<Arc<dyn DiskFile>>,
}

impl Replacement {
    fn new(disk: &dyn Disk, path: &'static str, bytes: Vec<u8>) -> Result<Self> {
        let found = || match disk.open(path, OpenMode::Update) {
            Ok(file) if file.size()? == bytes.len() as u64 => Ok(Some(file)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        match found() {
            Ok(in_place) => Ok(Self { path, bytes, in_place }),
            Err(failure) => Err(Error::io("the manifest cannot be written", path, failure)),
        }
    }

    fn prepare(&self, disk: &dyn Disk) -> io::Result<()> {
        if self.in_place.is_some() {
            return Ok(());
        }
        let file = disk.open(&self.temporary_path(), OpenMode::Create)?;
        write_all(&*file, 0, &self.bytes)?;
        file.sync()
    }

    fn finish(&self, disk: &dyn Disk) -> io::Result<()> {
        if let Some(file) = &self.in_place {
            write_all(&**file, 0, &self.bytes)?;
            return file.sync();
        }
        disk.rename(&self.temporary_path(), self.path)?;
        sync_dir(disk, "")
    }

    /// What was prepared goes, as far as possible: it has no meaning.
    fn give_up(&self, disk: &dyn Disk) {
        if self.in_place.is_none() {
            let _ = disk.remove(&self.temporary_path());
        }
    }

    fn temporary_path(&self) -> String {
        format!("{}.tmp", self.path)
    }

    fn failed(&self, failure: io::Error) -> Error {
        Error::io("the manifest cannot be written", self.path, failure)
    }
}

fn newest_path(disk: &dyn Disk) -> Result<Option<&'static str>> {
    let mut newest: Option<(u64, &'static str)> = None;
    for path in MANIFEST_PATHS {
        let bytes = read_file(disk, path, true)?.unwrap_or_default();
        if let Ok(manifest) = Manifest::decode(&bytes, path)
            && newest.is_none_or(|(counter, _)| manifest.counter > counter)
        {
            newest = Some((manifest.counter, path));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

/// A manifest's bytes; unless `as_cached`, as the device holds them. `None` without such a file.
fn read_file(disk: &dyn Disk, path: &str, as_cached: bool) -> Result<Option<Vec<u8>>> {
    let read = || -> io::Result<Vec<u8>> {
        let mode = if as_cached { OpenMode::Read } else { OpenMode::Update };
        let file = disk.open(path, mode)?;
        if !as_cached {
            file.sync()?;
            file.drop_cache()?;
        }
        let size = usize::try_from(file.size()?).unwrap_or(usize::MAX).min(layout::SIZE_MAX + 1);
        let mut bytes = vec![0_u8; size];
        read_exact(&*file, 0, &mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("the manifest cannot be read", path, error)),
    }
}
