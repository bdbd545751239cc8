//! What was asked of a simulated disk, call by call; one seed gives one trace, byte for byte.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::fault::CallKind;

/// One call. Its text form is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedCall {
    /// 1, 2, 3 … over the disk's life.
    pub number: u64,
    /// What was asked.
    pub kind: CallKind,
    /// Of which path.
    pub path: Arc<str>,
    /// Where in the file (reads and writes).
    pub byte_offset: u64,
    /// Bytes asked for.
    pub length: u64,
    /// Bytes moved, names found and the like; or why not.
    pub result: Result<u64, io::ErrorKind>,
    /// CRC-32C of the bytes moved.
    pub crc32c: u32,
}

impl fmt::Display for TracedCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, kind, path, byte_offset, length, result, crc32c } = self;
        write!(out, "{number} {kind:?} {path:?} {byte_offset}+{length} ")?;
        match result {
            Ok(count) => write!(out, "ok {count} {crc32c:08x}"),
            Err(kind) => write!(out, "error {kind:?}"),
        }
    }
}

/// The first `limit` calls.
pub(super) struct Trace {
    pub(super) calls: Vec<TracedCall>,
    pub(super) limit: usize,
}

impl Trace {
    pub(super) fn push(&mut self, call: TracedCall) {
        if self.calls.len() < self.limit {
            self.calls.push(call);
        }
    }
}
