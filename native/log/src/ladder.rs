//! What goes on while a disk fills up, by its free bytes: below twice the reserve nothing is
//! appended, below the reserve nobody joins and nothing is merged. Acks, leaves, trims, deletes
//! and seals always go on.

use crate::env::{Disk, Space};
use crate::options::Options;

/// The reserve is so many journal files, where that is more than its share of the disk.
const RESERVE_FILES: u64 = 4;
/// The share of the disk is one in so many bytes, and no more than `SHARE_BYTES_MAX`.
const SHARE: u64 = 100;
const SHARE_BYTES_MAX: u64 = 256 << 20;

/// Which operations the disk has room for; acks, leaves, trims and deletes always go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Room {
    /// Everything.
    Enough,
    /// No appends.
    NoAppends,
    /// No joins either.
    NoJoins,
}

impl Room {
    /// The step of the ladder on which a disk stands.
    pub fn of(options: &Options, space: Space) -> Self {
        let reserve = reserve_bytes(options, space);
        if space.free_bytes < reserve {
            Self::NoJoins
        } else if space.free_bytes < reserve.saturating_mul(2) {
            Self::NoAppends
        } else {
            Self::Enough
        }
    }
}

/// Free bytes that are kept for what always goes on.
pub(crate) fn reserve_bytes(options: &Options, space: Space) -> u64 {
    let files = RESERVE_FILES * u64::from(options.journal_file_bytes);
    files.max(SHARE_BYTES_MAX.min(space.total_bytes / SHARE))
}

/// Free bytes that merges may use; a disk that does not tell has enough.
pub(crate) fn merge_room_bytes(disk: &dyn Disk, options: &Options) -> u64 {
    let left = |space: Space| space.free_bytes.saturating_sub(reserve_bytes(options, space));
    disk.space().map_or(u64::MAX, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(free_bytes: u64, total_bytes: u64, journal_file_bytes: u32) -> Room {
        let options = Options { journal_file_bytes, ..Options::default() };
        Room::of(&options, Space { free_bytes, total_bytes })
    }

    #[test]
    fn the_reserve_is_four_files_or_a_share_of_the_disk() {
        let small_files = Options { journal_file_bytes: 64 << 10, ..Options::default() };
        let reserve = |options: &Options, total_bytes| {
            reserve_bytes(options, Space { free_bytes: 0, total_bytes })
        };
        assert_eq!(reserve(&small_files, 1 << 20), 256 << 10);
        assert_eq!(reserve(&small_files, 100 << 20), 1 << 20);
        assert_eq!(reserve(&small_files, 1 << 40), 256 << 20);
        assert_eq!(reserve(&Options::default(), 1 << 20), 256 << 20);
    }

    #[test]
    fn appends_stop_at_twice_the_reserve_and_joins_at_the_reserve() {
        let (file, total) = (8 << 10, 1 << 20);
        let reserve = 32 << 10;
        assert_eq!(room(2 * reserve, total, file), Room::Enough);
        assert_eq!(room(2 * reserve - 1, total, file), Room::NoAppends);
        assert_eq!(room(reserve, total, file), Room::NoAppends);
        assert_eq!(room(reserve - 1, total, file), Room::NoJoins);
    }
}
