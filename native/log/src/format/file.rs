//! Header of a journal file: which store it belongs to and where it stands in the chain.

use super::checksum::{StoreId, crc32c};
use super::{FORMAT_VERSION, LittleEndian, put};
use crate::error::{Error, Result};

/// Bytes of the header; see FORMAT.md, "File header".
pub(crate) mod file_header {
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = MAGIC + 8;
    pub const CRC32C: usize = VERSION + 4; // of all other bytes of the header
    pub const STORE_ID: usize = CRC32C + 4;
    pub const FILE_ID: usize = STORE_ID + 16;
    pub const PREVIOUS_FILE_ID: usize = FILE_ID + 8;
    pub const FILE_BYTES: usize = PREVIOUS_FILE_ID + 8;
    pub const RESERVED: usize = FILE_BYTES + 8;
    pub const SIZE: usize = 512;
    const _: () = assert!(RESERVED == 56, "FORMAT.md says 56");
}

/// First bytes of every journal file.
pub(crate) const FILE_MAGIC: [u8; 8] = *b"FOQJRNL\n";

/// A decoded file header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileHeader {
    pub store_id: StoreId,
    pub file_id: u64,
    /// The file before it in the chain; 0 for the first.
    pub previous_file_id: u64,
    pub file_bytes: u64,
}

impl FileHeader {
    /// The header's 512 bytes.
    pub fn encode(&self) -> [u8; file_header::SIZE] {
        let mut bytes = [0_u8; file_header::SIZE];
        put(&mut bytes, file_header::MAGIC, &FILE_MAGIC);
        put(&mut bytes, file_header::VERSION, &FORMAT_VERSION.to_le_bytes());
        put(&mut bytes, file_header::STORE_ID, &self.store_id);
        put(&mut bytes, file_header::FILE_ID, &self.file_id.to_le_bytes());
        put(&mut bytes, file_header::PREVIOUS_FILE_ID, &self.previous_file_id.to_le_bytes());
        put(&mut bytes, file_header::FILE_BYTES, &self.file_bytes.to_le_bytes());
        let crc = checksum(&bytes);
        put(&mut bytes, file_header::CRC32C, &crc.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// `FOQ_VERSION` for a newer format, `FOQ_CORRUPT` naming `file` for anything else.
    pub fn decode(bytes: &[u8], file: &str) -> Result<Self> {
        let whole = 0..file_header::SIZE as u64;
        if bytes.len() < file_header::SIZE || !bytes.starts_with(&FILE_MAGIC) {
            return Err(Error::corrupt(file, whole, "not the header of a journal file"));
        }
        if bytes.u32_at(file_header::CRC32C) != checksum(bytes) {
            return Err(Error::corrupt(file, whole, "the file header's checksum does not verify"));
        }
        let found = bytes.u32_at(file_header::VERSION);
        if found > FORMAT_VERSION {
            return Err(Error::Version { found, supported: FORMAT_VERSION });
        }
        let mut store_id = StoreId::default();
        if let Some(id) = bytes.get(file_header::STORE_ID..file_header::FILE_ID) {
            store_id.copy_from_slice(id);
        }
        Ok(Self {
            store_id,
            file_id: bytes.u64_at(file_header::FILE_ID),
            previous_file_id: bytes.u64_at(file_header::PREVIOUS_FILE_ID),
            file_bytes: bytes.u64_at(file_header::FILE_BYTES),
        })
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let before = bytes.get(..file_header::CRC32C).unwrap_or_default();
    let after = bytes.get(file_header::STORE_ID..file_header::SIZE).unwrap_or_default();
    crc32c(crc32c(0, before), after)
}

/// The path of journal file `file_id`.
pub(crate) fn journal_path(file_id: u64) -> String {
    format!("journal/{file_id:016x}.jnl")
}

/// The id in a journal file's name, if it is one.
pub(crate) fn journal_file_id(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".jnl")?;
    if digits.len() != 16 || digits.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}
