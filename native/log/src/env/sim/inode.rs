//! One file of the simulated disk: what reads see (the page cache), what a power cut is sure to
//! leave (the device), and what was written since the last sync, sector by sector.
//!
//! Invariant: but after a failed sync, or a lost or misdirected write (`phantom`), the cache is
//! the device with all of `unsynced` applied in order.

use super::content::{Content, SECTOR_BYTES, is_zero};

/// Sectors looked at when asking whether one has been written since the last sync.
const SCAN_MAX: usize = 64;

/// A change that a power cut may keep or lose, by itself.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// The file was emptied.
    Emptied,
    /// It grew to this length; new bytes are zeros unless their sectors survive too.
    Grew(usize),
    /// A sector (or the file's part of it) was written; `from` is where its bytes lie in
    /// `Inode::bytes`.
    Sector { at: usize, from: usize, length: usize },
}

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Inode {
    cache: Content,
    device: Content,
    unsynced: Vec<Change>,
    bytes: Vec<u8>,
    phantom: bool,
}

/// Where a write really goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Landing {
    /// Where it was asked to.
    Right,
    /// Nowhere; the cache shows it all the same.
    Lost,
    /// At another byte offset of the file; the cache shows it where it was asked to.
    At(usize),
}

impl Inode {
    pub(super) fn length(&self) -> usize {
        self.cache.length()
    }

    pub(super) fn changes(&self) -> &[Change] {
        &self.unsynced
    }

    pub(super) fn read(&self, at: usize, buffer: &mut [u8]) -> usize {
        self.cache.read(at, buffer)
    }

    /// Every byte as a reader sees it.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        let mut all = vec![0; self.cache.length()];
        self.cache.read(0, &mut all);
        all
    }

    pub(super) fn empty(&mut self) {
        if self.cache.length() > 0 {
            self.cache.set_length(0);
            self.unsynced.push(Change::Emptied);
        }
    }

    pub(super) fn write(&mut self, at: usize, data: &[u8], landing: Landing) {
        let grows = at + data.len() > self.cache.length();
        self.cache.write(at, data);
        match landing {
            Landing::Right => {
                if grows {
                    self.unsynced.push(Change::Grew(self.cache.length()));
                }
                self.note_sectors(at, at + data.len());
            }
            Landing::Lost => self.phantom = true,
            Landing::At(elsewhere) => {
                self.phantom = true;
                self.push_sector(elsewhere, data);
            }
        }
    }

    /// Remembers each sector of the byte range as it now is.
    fn note_sectors(&mut self, from: usize, to: usize) {
        let mut buffer = [0; SECTOR_BYTES];
        let mut on_device = [0; SECTOR_BYTES];
        for at in (from - from % SECTOR_BYTES..to).step_by(SECTOR_BYTES) {
            let length = self.cache.read(at, &mut buffer);
            let data = buffer.get(..length).unwrap_or_default();
            // Zeros beyond the device's end come with the length.
            let there = self.device.read(at, &mut on_device);
            let same = on_device.get(..there) == data.get(..there);
            let rest_zero = is_zero(data.get(there..).unwrap_or_default());
            if there <= length && same && rest_zero && !self.phantom && !self.is_noted(at) {
                continue;
            }
            self.push_sector(at, data);
        }
    }

    /// Whether a change of this sector (or an emptying) waits for a sync; true when unsure.
    fn is_noted(&self, sector_at: usize) -> bool {
        self.unsynced.len() > SCAN_MAX
            || self.unsynced.iter().any(|change| match change {
                Change::Emptied => true,
                Change::Grew(_) => false,
                Change::Sector { at, .. } => *at == sector_at,
            })
    }

    fn push_sector(&mut self, at: usize, data: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(data);
        self.unsynced.push(Change::Sector { at, from, length: data.len() });
    }

    /// All that was written reaches the device.
    pub(super) fn sync(&mut self) {
        self.settle(|_| true);
    }

    /// The changes for which `keep` answers true reach the device, the others never will, and
    /// all count as clean: reads go on showing them until the cache is dropped.
    pub(super) fn fail_sync(&mut self, keep: impl FnMut(&Change) -> bool) {
        self.phantom |= !self.unsynced.is_empty();
        self.settle(keep);
    }

    fn settle(&mut self, mut keep: impl FnMut(&Change) -> bool) {
        for change in &self.unsynced {
            if keep(change) {
                apply(&mut self.device, change, &self.bytes);
            }
        }
        self.unsynced.clear();
        self.bytes.clear();
    }

    /// Shows what the device holds, with what still waits for a sync.
    pub(super) fn drop_cache(&mut self) {
        if !self.phantom {
            return;
        }
        self.cache = self.device.clone();
        for change in &self.unsynced {
            apply(&mut self.cache, change, &self.bytes);
        }
        self.phantom = false;
    }

    /// This file after a power cut, with the changes for which `keep` answers true.
    pub(super) fn after_power_cut(&self, keep: impl FnMut(&Change) -> bool) -> Self {
        let mut device = self.device.clone();
        let mut keep = keep;
        for change in &self.unsynced {
            if keep(change) {
                apply(&mut device, change, &self.bytes);
            }
        }
        Self { cache: device.clone(), device, ..Self::default() }
    }

    /// Changes bytes behind everyone's back, on the device and in the cache.
    pub(super) fn damage(&mut self, at: usize, data: &[u8]) {
        self.device.write(at, data);
        self.cache.write(at, data);
    }

    /// Cuts or grows the file behind everyone's back.
    pub(super) fn damage_length(&mut self, length: usize) {
        self.device.set_length(length);
        self.cache.set_length(length);
    }
}

fn apply(content: &mut Content, change: &Change, bytes: &[u8]) {
    match *change {
        Change::Emptied => content.set_length(0),
        Change::Grew(length) => content.set_length(length.max(content.length())),
        Change::Sector { at, from, length } => {
            content.write(at, bytes.get(from..from + length).unwrap_or_default());
        }
    }
}
