//! Bytes of one file, in pages that copies share: an image of a disk costs a few counters, and
//! only pages written afterwards are copied. A page of zeros takes no memory.

use std::sync::Arc;

/// What a device writes whole or not at all.
pub(super) const SECTOR_BYTES: usize = 512;
const PAGE_BYTES: usize = 4096;

type Page = [u8; PAGE_BYTES];

static ZEROS: Page = [0; PAGE_BYTES];

/// See the module. Bytes beyond `length` are zeros in the last page.
#[derive(Clone, Default)]
pub(super) struct Content {
    pages: Vec<Option<Arc<Page>>>,
    length: usize,
}

impl Content {
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// Grows with zeros, or cuts.
    pub(super) fn set_length(&mut self, length: usize) {
        if length < self.length && !length.is_multiple_of(PAGE_BYTES) {
            let within = length % PAGE_BYTES;
            if let Some(page) = self.pages.get_mut(length / PAGE_BYTES) {
                write_page(page, within, ZEROS.get(within..).unwrap_or_default());
            }
        }
        self.pages.resize(length.div_ceil(PAGE_BYTES), None);
        self.length = length;
    }

    /// Copies what there is at `at` into `buffer`; says how many bytes.
    pub(super) fn read(&self, at: usize, buffer: &mut [u8]) -> usize {
        let count = buffer.len().min(self.length.saturating_sub(at));
        let (mut rest, mut at) = (buffer.get_mut(..count).unwrap_or_default(), at);
        while !rest.is_empty() {
            let within = at % PAGE_BYTES;
            let part_bytes = rest.len().min(PAGE_BYTES - within);
            let (part, tail) = rest.split_at_mut(part_bytes);
            let page = self.pages.get(at / PAGE_BYTES).and_then(Option::as_deref);
            if let Some(from) = page.unwrap_or(&ZEROS).get(within..within + part_bytes) {
                part.copy_from_slice(from);
            }
            (rest, at) = (tail, at + part_bytes);
        }
        count
    }

    /// Writes, growing as needed.
    pub(super) fn write(&mut self, at: usize, data: &[u8]) {
        if at + data.len() > self.length {
            self.set_length(at + data.len());
        }
        let (mut rest, mut at) = (data, at);
        while !rest.is_empty() {
            let within = at % PAGE_BYTES;
            let (part, tail) = rest.split_at(rest.len().min(PAGE_BYTES - within));
            if let Some(page) = self.pages.get_mut(at / PAGE_BYTES) {
                write_page(page, within, part);
            }
            (rest, at) = (tail, at + part.len());
        }
    }
}

/// Whether all of `data` (at most a page) is zero.
pub(super) fn is_zero(data: &[u8]) -> bool {
    ZEROS.get(..data.len()) == Some(data)
}

fn write_page(slot: &mut Option<Arc<Page>>, within: usize, data: &[u8]) {
    if is_zero(data) && (slot.is_none() || data.len() == PAGE_BYTES) {
        *slot = None;
    } else if let (PAGE_BYTES, Ok(page)) = (data.len(), Page::try_from(data)) {
        *slot = Some(Arc::new(page));
    } else {
        let page = Arc::make_mut(slot.get_or_insert_with(|| Arc::new(ZEROS)));
        if let Some(to) = page.get_mut(within..within + data.len()) {
            to.copy_from_slice(data);
        }
    }
}
