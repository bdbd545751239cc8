//! Reading and replacing the two manifests.

use std::io;

use crate::env::{Disk, OpenMode, read_exact, write_all};
use crate::error::{Error, Result};
use crate::format::manifest::{MANIFEST_PATHS, Manifest, layout};
use crate::format::{FORMAT_VERSION, LittleEndian};
use crate::shelf::sync_dir;

/// What the directory holds.
pub(crate) enum Found {
    /// No manifest of either name.
    Nothing,
    /// The newer valid one, and whether they are to be written again: the other is missing or
    /// damaged, or one is of an older version.
    Manifest { manifest: Box<Manifest>, heal: bool },
}

/// Reads both manifests, made certain first unless `read_only`: what a killed process left in the
/// page cache is durable before anything rests on it.
///
/// # Errors
/// `FOQ_CORRUPT` when there are some and none is valid, `FOQ_VERSION` when one is of a newer
/// format (then nothing else is believed).
pub(crate) fn load(disk: &dyn Disk, read_only: bool) -> Result<Found> {
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
pub(crate) fn store(disk: &dyn Disk, manifest: &mut Manifest) -> Result<()> {
    let order = match newest_path(disk)? {
        Some(path) if path == MANIFEST_PATHS[0] => [MANIFEST_PATHS[1], MANIFEST_PATHS[0]],
        _ => MANIFEST_PATHS,
    };
    for path in order {
        manifest.counter += 1;
        write(disk, path, &manifest.encode())
            .map_err(|source| Error::io("the manifest cannot be written", path, source))?;
    }
    Ok(())
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

/// In place where the file has its size; a new file gets its name when its bytes are durable.
fn write(disk: &dyn Disk, path: &str, bytes: &[u8]) -> io::Result<()> {
    let in_place = match disk.open(path, OpenMode::Update) {
        Ok(file) if file.size()? == bytes.len() as u64 => Some(file),
        Ok(_) => None,
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(file) = in_place {
        write_all(&*file, 0, bytes)?;
        return file.sync();
    }
    let temporary = format!("{path}.tmp");
    let file = disk.open(&temporary, OpenMode::Create)?;
    write_all(&*file, 0, bytes)?;
    file.sync()?;
    disk.rename(&temporary, path)?;
    sync_dir(disk, "")
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
