//! The bytes on disk, as FORMAT.md says. Nothing here touches a disk; lengths are checked
//! against the bytes at hand before they are used, and no input panics.

pub(crate) mod batch;
pub(crate) mod checksum;
pub(crate) mod effect;
pub(crate) mod effect_writer;
pub(crate) mod file;
pub(crate) mod manifest;
#[cfg(test)]
mod spec;
pub(crate) mod tombstone;

/// Format version this code writes; those before it are read. Version 0 had no tables.
pub const FORMAT_VERSION: u32 = 1;

/// A round starts on a boundary of this many bytes, so that no acked sector is rewritten.
pub(crate) const SECTOR_BYTES: u64 = 512;

/// The smallest multiple of `unit` that is at least `value`.
pub(crate) const fn round_up(value: u64, unit: u64) -> u64 {
    value.div_ceil(unit) * unit
}

/// Reads a little-endian integer; zero where the bytes are missing (callers check lengths first).
pub(crate) trait LittleEndian {
    fn u16_at(&self, at: usize) -> u16;
    fn u32_at(&self, at: usize) -> u32;
    fn u64_at(&self, at: usize) -> u64;
}

impl LittleEndian for [u8] {
    #[inline]
    fn u16_at(&self, at: usize) -> u16 {
        self.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
    }
    #[inline]
    fn u32_at(&self, at: usize) -> u32 {
        self.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    }
    #[inline]
    fn u64_at(&self, at: usize) -> u64 {
        self.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    }
}

/// Overwrites `bytes` at `at`; panics when it does not fit, which is a mistake of ours.
#[inline]
pub(crate) fn put(into: &mut [u8], at: usize, bytes: &[u8]) {
    match into.get_mut(at..at + bytes.len()) {
        Some(target) => target.copy_from_slice(bytes),
        None => unreachable!("a field lies outside its header"),
    }
}
