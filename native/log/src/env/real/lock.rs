//! `LOCK`: one writer per store, enforced by the operating system.
//!
//! The lock is an flock on the file, so it ends with its holder, however that one ends, and the
//! file itself is never removed. Inside are the holder's pid and boot id, for the error message
//! only: they are trusted no further than that.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{Pid, getpid, test_kill_process};

use super::random::RealRandom;
use crate::env::{LockError, Random};

/// A held lock; released when dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: Option<File>,
    writes: bool,
}

impl Drop for Lock {
    fn drop(&mut self) {
        let Some(file) = &self.file else { return };
        if self.writes {
            // The pid must not be taken for that of a reader who holds the lock next.
            sign(file, 0, &[0; 16]);
        }
        // Closing the file would do, but for a child that was forked and has not yet begun its
        // own program: it holds the same open file for that long.
        let _ = retry_on_intr(|| flock(file, FlockOperation::Unlock));
    }
}

/// How often the file may be replaced under us before we say that it cannot be used.
const REPLACED_MAX: usize = 8;

/// Takes the lock for writing; a second handle of the same process is refused as any other.
pub(super) fn hold(path: &Path, boot_id: &[u8; 16]) -> Result<Lock, LockError> {
    for _attempt in 0..REPLACED_MAX {
        let mut how = OpenOptions::new();
        how.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = how.open(path).map_err(LockError::Io)?;
        take(&file, FlockOperation::NonBlockingLockExclusive, boot_id)?;
        let mut lock = Lock { file: Some(file), writes: false };
        let Some(file) = lock.file.as_ref().filter(|file| is_at(file, path)) else { continue };
        sign(file, getpid().as_raw_nonzero().get(), boot_id);
        lock.writes = true;
        return Ok(lock);
    }
    Err(LockError::Io(ErrorKind::ResourceBusy.into()))
}

/// Writes who holds the lock, always over the same bytes. On a disk so full that even this fails,
/// the lock is held all the same, and only the error message of others is less exact.
fn sign(file: &File, pid: i32, boot_id: &[u8; 16]) {
    let text = format!("{pid:10}\n{}\n", hex(boot_id));
    let _ = file.write_all_at(text.as_bytes(), 0);
}

/// Checks that no writer has the store, and keeps one out for as long as the lock is held; any
/// number of readers may hold it so. Writes nothing, so it works on a read-only mount, where a
/// store that never was opened for writing has no lock file at all.
pub(super) fn check(path: &Path, boot_id: &[u8; 16]) -> Result<Lock, LockError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(Lock { file: None, writes: false });
        }
        opened => opened.map_err(LockError::Io)?,
    };
    take(&file, FlockOperation::NonBlockingLockShared, boot_id)?;
    Ok(Lock { file: Some(file), writes: false })
}

fn take(file: &File, how: FlockOperation, boot_id: &[u8; 16]) -> Result<(), LockError> {
    match retry_on_intr(|| flock(file, how)) {
        Err(Errno::WOULDBLOCK) => Err(LockError::Held { pid: holder(file, boot_id) }),
        other => other.map_err(|error| LockError::Io(error.into())),
    }
}

/// Whether `path` still names this file: a lock on one that was removed guards nothing.
fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Pid written inside, or 0: what a holder of an earlier boot, or one that is gone, left behind
/// names someone else by now.
fn holder(file: &File, boot_id: &[u8; 16]) -> u32 {
    let mut text = String::new();
    if file.take(128).read_to_string(&mut text).is_err() {
        return 0;
    }
    let mut lines = text.lines();
    let pid = lines.next().and_then(|line| line.trim().parse::<i32>().ok()).and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|_| lines.next() == Some(hex(boot_id).as_str())) else { return 0 };
    match test_kill_process(pid) {
        Err(Errno::SRCH) => 0,
        _ => u32::try_from(pid.as_raw_nonzero().get()).unwrap_or_default(),
    }
}

/// Identity of this boot. Where the system does not tell, a random one: "another boot" is the
/// careful answer.
pub(super) fn boot_id() -> [u8; 16] {
    let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    told.as_deref().and_then(from_hex).unwrap_or_else(|| {
        let mut random = [0; 16];
        RealRandom.fill(&mut random);
        random
    })
}

fn hex(bytes: &[u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 16 bytes from 32 hexadecimal digits, dashes between them ignored.
fn from_hex(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.trim().chars().filter(|&digit| digit != '-').collect();
    let number = u128::from_str_radix(&digits, 16).ok()?;
    (digits.len() == 32).then(|| number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::real::temporary::Temporary;

    const BOOT: [u8; 16] = [7; 16];

    fn held_by(taken: Result<Lock, LockError>) -> u32 {
        match taken {
            Err(LockError::Held { pid }) => pid,
            other => panic!("held, not {other:?}"),
        }
    }

    #[test]
    fn a_second_handle_of_the_same_process_is_refused_with_its_pid() {
        let folder = Temporary::new("lock-second");
        let path = folder.path().join("LOCK");
        let first = hold(&path, &BOOT).unwrap();
        assert_eq!(held_by(hold(&path, &BOOT)), std::process::id());
        assert_eq!(held_by(check(&path, &BOOT)), std::process::id());
        drop(first);
        hold(&path, &BOOT).unwrap();
    }

    #[test]
    fn readers_share_the_lock_and_keep_a_writer_out() {
        let folder = Temporary::new("lock-readers");
        let path = folder.path().join("LOCK");
        drop(hold(&path, &BOOT).unwrap());
        let one = check(&path, &BOOT).unwrap();
        let two = check(&path, &BOOT).unwrap();
        assert_eq!(held_by(hold(&path, &BOOT)), 0);
        drop((one, two));
        hold(&path, &BOOT).unwrap();
    }

    #[test]
    fn a_lock_that_a_forked_child_still_holds_open_is_released() {
        let folder = Temporary::new("lock-fork");
        let path = folder.path().join("LOCK");
        let first = hold(&path, &BOOT).unwrap();
        // What a fork leaves in the child until it begins its own program.
        let inherited = first.file.as_ref().unwrap().try_clone().unwrap();
        drop(first);
        hold(&path, &BOOT).unwrap();
        drop(inherited);
    }

    #[test]
    fn a_check_makes_no_file() {
        let folder = Temporary::new("lock-check");
        check(&folder.path().join("LOCK"), &BOOT).unwrap();
        assert!(!folder.path().join("LOCK").exists());
    }

    #[test]
    fn a_pid_of_an_earlier_boot_is_not_reported() {
        let folder = Temporary::new("lock-boot");
        let path = folder.path().join("LOCK");
        let _first = hold(&path, &[8; 16]).unwrap();
        assert_eq!(held_by(hold(&path, &BOOT)), 0);
    }

    #[test]
    fn a_lock_on_a_file_that_was_replaced_is_taken_on_the_new_one() {
        let folder = Temporary::new("lock-replaced");
        let path = folder.path().join("LOCK");
        let file = File::create(&path).unwrap();
        assert!(is_at(&file, &path));
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&file, &path));
    }

    #[test]
    fn the_boot_id_is_the_same_twice() {
        assert_eq!(boot_id(), boot_id());
        assert_eq!(from_hex("00000000-0000-0000-0000-0000000000ff\n").unwrap()[15], 255);
        assert_eq!(from_hex("ff"), None);
    }
}
