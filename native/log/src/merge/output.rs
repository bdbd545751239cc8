//! What a merge writes: rows in key order, in as many tables as their size asks for.
//!
//! Invariant: until the manifest names them, all files that were made are listed as such, so that
//! whoever opens the store after a crash removes them.

use crate::catalog::Catalog;
use crate::error::Result;
use crate::table::{Covered, NewTable, TableInfo, TableKind, TableWriter};

/// What all tables of an output have in common.
#[derive(Clone, Debug)]
pub(super) struct OutputShape {
    pub kind: TableKind,
    pub class: u8,
    pub positions: (u64, u64),
    /// The tables that it takes the place of.
    pub replaced: Vec<u64>,
    /// A table ends before it has more bytes.
    pub bytes_max: u64,
}

/// See the module.
pub(super) struct Output {
    shape: OutputShape,
    writer: Option<Writing>,
    finished: Vec<TableInfo>,
}

struct Writing {
    writer: TableWriter,
    id: u64,
    at: (u64, u64),
}

impl Output {
    pub fn new(shape: OutputShape) -> Self {
        Self { shape, writer: None, finished: Vec::new() }
    }

    /// Appends a row; `at` is the time stamp of a record, 0 where there is none.
    pub fn add(&mut self, catalog: &Catalog, (key, value): (&[u8], &[u8]), at: u64) -> Result<()> {
        let row_bytes = (key.len() + value.len()) as u64;
        let is_full = |writing: &Writing| {
            writing.writer.bytes_written() + row_bytes > self.shape.bytes_max
                && writing.writer.row_count() > 0
        };
        if self.writer.as_ref().is_some_and(is_full) {
            self.end_table()?;
        }
        let OutputShape { kind, class, .. } = self.shape;
        let writing = self.writer.get_or_insert_with(|| {
            let id = catalog.new_unlisted_table(kind);
            let table = NewTable { kind, class, id, shard: 0 };
            let writer = TableWriter::new(catalog.disk(), &catalog.owner(), table);
            Writing { writer, id, at: (at, at) }
        });
        writing.at = (writing.at.0.min(at), writing.at.1.max(at));
        writing.writer.add(key, value)
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        let finished: u64 = self.finished.iter().map(|info| info.file_bytes).sum();
        finished + self.writer.as_ref().map_or(0, |writing| writing.writer.bytes_written())
    }

    fn end_table(&mut self) -> Result<()> {
        let Some(Writing { writer, at, .. }) = self.writer.take() else { return Ok(()) };
        let OutputShape { positions, replaced, .. } = &self.shape;
        let covered = Covered { positions: *positions, at, replaced: replaced.clone() };
        self.finished.extend(writer.finish(covered)?);
        Ok(())
    }

    /// Ends the last table.
    pub fn finish(&mut self) -> Result<Vec<TableInfo>> {
        self.end_table()?;
        Ok(self.finished.clone())
    }

    /// Gives up: what was written goes, as far as possible.
    pub fn abandon(self, catalog: &Catalog) {
        if let Some(Writing { writer, id, .. }) = self.writer {
            writer.abandon();
            catalog.forget_unlisted(self.shape.kind, id);
        }
        for info in self.finished {
            if catalog.disk().remove(&info.path()).is_ok() {
                catalog.forget_unlisted(info.kind, info.id);
            }
        }
    }
}
