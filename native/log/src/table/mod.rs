//! Tables: the one file format of everything that is sealed. A table is written once, sorted by
//! key, and never changed; see FORMAT.md, "Tables".
//!
//! Read in this order: `kind` and `info` (what a table is), `footer`, `directory`, `block` and
//! `filter` (its bytes), `writer`, `reader`, `scan` and `merge` (its uses), `cache`.
//!
//! Invariants: a file with a table's name is whole; every byte of it lies under a checksum that
//! is seeded with its place, so that no bytes of another table or another place verify; nobody
//! holds a lock while he waits for the disk.

mod block;
mod cache;
pub(crate) mod directory;
pub(crate) mod dump;
mod filter;
pub(crate) mod footer;
mod info;
mod kind;
mod merge;
mod reader;
mod reseed;
mod scan;
mod scrub;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use cache::BlockCache;
pub(crate) use info::{Covered, NewTable, Owner, TableInfo};
pub(crate) use kind::TableKind;
pub(crate) use merge::Merge;
pub(crate) use reader::{Found, Probe, Table, read_footer};
pub(crate) use scan::{Moved, Scan, ScanMode};
pub(crate) use writer::TableWriter;
#[cfg(test)]
pub(crate) use {merge::MergedRow, reader::Value, scan::Step, writer::ROW_BYTES_MAX};

/// Tables that one table may be merged from.
pub(crate) const REPLACED_MAX: usize = 64;
