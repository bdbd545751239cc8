//! The manifest: what a store is. Two files, MANIFEST-A and MANIFEST-B, of equal form; the valid
//! one with the greater counter counts. Replacing writes both, one after the other, so that a
//! crash leaves a valid one, and later damage of one leaves the other with the same content.

use super::checksum::{StoreId, crc32c};
use super::{FORMAT_VERSION, LittleEndian, put};
use crate::error::{Error, Result};

/// Bytes of a manifest; see FORMAT.md, "Manifest".
pub(crate) mod layout {
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = MAGIC + 8;
    pub const CRC32C: usize = VERSION + 4; // of all other bytes
    pub const COUNTER: usize = CRC32C + 4;
    pub const STORE_ID: usize = COUNTER + 8;
    pub const HASH_KEY: usize = STORE_ID + 16;
    pub const EPOCH: usize = HASH_KEY + 16;
    pub const BOOT_ID: usize = EPOCH + 8;
    pub const FIRST_FILE_ID: usize = BOOT_ID + 16;
    pub const SEALED_POSITION: usize = FIRST_FILE_ID + 8;
    pub const SEALED_ROUND: usize = SEALED_POSITION + 8;
    pub const JOURNAL_FILE_BYTES: usize = SEALED_ROUND + 8;
    pub const STATE: usize = JOURNAL_FILE_BYTES + 8; // 1 being made, 2 ready
    pub const DURABILITY: usize = STATE + 1; // 1 fsync, 2 page-cache-unsafe
    pub const CLEAN: usize = DURABILITY + 1; // 1 closed cleanly (kept for the unsafe class)
    pub const RESERVED: usize = CLEAN + 1;
    pub const SIZE: usize = 4096;
    const _: () = assert!(RESERVED == 115, "FORMAT.md says 115");
}

/// First bytes of both manifests.
pub(crate) const MANIFEST_MAGIC: [u8; 8] = *b"FOQMANI\n";

/// The two files.
pub(crate) const MANIFEST_PATHS: [&str; 2] = ["MANIFEST-A", "MANIFEST-B"];

/// A decoded manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Grows with every write of either file.
    pub counter: u64,
    pub store_id: StoreId,
    /// Key of chat keys and other hashes.
    pub hash_key: [u8; 16],
    /// Identity of this history.
    pub epoch: u64,
    /// Boot in which the store was last opened.
    pub boot_id: [u8; 16],
    /// First journal file that recovery reads.
    pub first_file_id: u64,
    /// Last position that tables hold; 0 until sealing exists.
    pub sealed_position: u64,
    /// Last round that tables hold; 0 until sealing exists.
    pub sealed_round: u64,
    pub journal_file_bytes: u64,
    /// False while the store is being made; nothing was acked in it yet.
    pub ready: bool,
    /// True for the class that loses its tail on power loss.
    pub unsafe_class: bool,
    /// True when the last close was clean.
    pub clean: bool,
}

impl Manifest {
    /// The file's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![0_u8; layout::SIZE];
        put(&mut bytes, layout::MAGIC, &MANIFEST_MAGIC);
        put(&mut bytes, layout::VERSION, &FORMAT_VERSION.to_le_bytes());
        put(&mut bytes, layout::COUNTER, &self.counter.to_le_bytes());
        put(&mut bytes, layout::STORE_ID, &self.store_id);
        put(&mut bytes, layout::HASH_KEY, &self.hash_key);
        put(&mut bytes, layout::EPOCH, &self.epoch.to_le_bytes());
        put(&mut bytes, layout::BOOT_ID, &self.boot_id);
        put(&mut bytes, layout::FIRST_FILE_ID, &self.first_file_id.to_le_bytes());
        put(&mut bytes, layout::SEALED_POSITION, &self.sealed_position.to_le_bytes());
        put(&mut bytes, layout::SEALED_ROUND, &self.sealed_round.to_le_bytes());
        put(&mut bytes, layout::JOURNAL_FILE_BYTES, &self.journal_file_bytes.to_le_bytes());
        put(&mut bytes, layout::STATE, &[if self.ready { 2 } else { 1 }]);
        put(&mut bytes, layout::DURABILITY, &[if self.unsafe_class { 2 } else { 1 }]);
        put(&mut bytes, layout::CLEAN, &[u8::from(self.clean)]);
        let crc = checksum(&bytes);
        put(&mut bytes, layout::CRC32C, &crc.to_le_bytes());
        bytes
    }

    /// Reads one manifest file.
    ///
    /// # Errors
    /// `FOQ_VERSION` for a newer format, `FOQ_CORRUPT` naming `file` for anything else.
    pub fn decode(bytes: &[u8], file: &str) -> Result<Self> {
        let whole = 0..layout::SIZE as u64;
        if bytes.len() != layout::SIZE || !bytes.starts_with(&MANIFEST_MAGIC) {
            return Err(Error::corrupt(file, whole, "not a manifest"));
        }
        if bytes.u32_at(layout::CRC32C) != checksum(bytes) {
            return Err(Error::corrupt(file, whole, "the manifest's checksum does not verify"));
        }
        let found = bytes.u32_at(layout::VERSION);
        if found > FORMAT_VERSION {
            return Err(Error::Version { found, supported: FORMAT_VERSION });
        }
        Ok(Self {
            counter: bytes.u64_at(layout::COUNTER),
            store_id: array_at(bytes, layout::STORE_ID),
            hash_key: array_at(bytes, layout::HASH_KEY),
            epoch: bytes.u64_at(layout::EPOCH),
            boot_id: array_at(bytes, layout::BOOT_ID),
            first_file_id: bytes.u64_at(layout::FIRST_FILE_ID),
            sealed_position: bytes.u64_at(layout::SEALED_POSITION),
            sealed_round: bytes.u64_at(layout::SEALED_ROUND),
            journal_file_bytes: bytes.u64_at(layout::JOURNAL_FILE_BYTES),
            ready: bytes.get(layout::STATE) == Some(&2),
            unsafe_class: bytes.get(layout::DURABILITY) == Some(&2),
            clean: bytes.get(layout::CLEAN) == Some(&1),
        })
    }
}

fn array_at(bytes: &[u8], at: usize) -> [u8; 16] {
    bytes.get(at..at + 16).and_then(|b| b.try_into().ok()).unwrap_or_default()
}

fn checksum(bytes: &[u8]) -> u32 {
    let before = bytes.get(..layout::CRC32C).unwrap_or_default();
    let after = bytes.get(layout::COUNTER..).unwrap_or_default();
    crc32c(crc32c(0, before), after)
}
