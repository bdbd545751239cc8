//! What the device does with nothing in between: R0, R1 and the raw single sync.
//!
//! Each window returns what it finished divided by the time that took, the last write included, and
//! finishes one write at least.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::now_ns;
use crate::files::{PreWritten, SyncBy};
use crate::latency::Latency;
use crate::numbers::{MIB, SECOND_NS, index, real};

/// Bytes of the raw single sync: one page.
pub const PAGE_BYTES: u64 = 4_096;

/// One way of writing at full speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// How each write is made durable.
    pub by: SyncBy,
    /// Bytes of each write.
    pub write_bytes: u64,
    /// Writers, each with one write in flight.
    pub in_flight: u32,
}

impl Stream {
    /// Every way R1 tries: two kinds of sync, three sizes, three depths.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut streams = Vec::new();
        for by in [SyncBy::Fdatasync, SyncBy::Dsync] {
            for write_bytes in [MIB / 16, MIB / 4, MIB] {
                for in_flight in [1, 2, 4] {
                    streams.push(Self { by, write_bytes, in_flight });
                }
            }
        }
        streams
    }

    /// 1 MiB and `fdatasync`, the pair that stands for R1 inside a round.
    #[must_use]
    pub const fn mebibyte(in_flight: u32) -> Self {
        Self { by: SyncBy::Fdatasync, write_bytes: MIB, in_flight }
    }

    /// The name in reports.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {} KiB x {}", self.by.name(), self.write_bytes / 1_024, self.in_flight)
    }
}

/// R0: one record per `fdatasync` at the end of a new, growing file. Returns records per second.
///
/// # Errors
/// When the disk refuses.
pub fn growing(folder: &Path, record_bytes: u64, window: Duration) -> io::Result<f64> {
    let path = folder.join("r0");
    let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let record = vec![0xA5_u8; index(record_bytes)];
    let end = Deadline::after(window);
    let mut records = 0;
    while records == 0 || !end.passed() {
        file.write_all_at(&record, records * record_bytes)?;
        file.sync_data()?;
        records += 1;
    }
    let rate = end.rate(records);
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(rate)
}

/// The device, seen through one pre-written file.
#[derive(Debug)]
pub struct Device {
    file: PreWritten,
}

impl Device {
    /// Prepares the file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn create(folder: &Path, bytes: u64) -> io::Result<Self> {
        Ok(Self { file: PreWritten::create(&folder.join("r1"), bytes)? })
    }

    /// R1: durable bytes per second of this way of writing.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn stream(&self, stream: Stream, window: Duration) -> io::Result<f64> {
        let (next, written) = (AtomicU64::new(0), AtomicU64::new(0));
        let failed = AtomicBool::new(false);
        let end = Deadline::after(window);
        std::thread::scope(|scope| {
            let writer = || -> io::Result<()> {
                let data = vec![0x5A_u8; index(stream.write_bytes)];
                loop {
                    let place = next.fetch_add(stream.write_bytes, Ordering::Relaxed);
                    let byte_offset = place % self.file.bytes();
                    if let Err(error) = self.file.write_durably(&data, byte_offset, stream.by) {
                        failed.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                    written.fetch_add(stream.write_bytes, Ordering::Relaxed);
                    if end.passed() || failed.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                }
            };
            let writers: Vec<_> = (0..stream.in_flight).map(|_| scope.spawn(writer)).collect();
            writers.into_iter().try_for_each(|one| {
                one.join().unwrap_or_else(|_| Err(io::Error::other("a writer panicked")))
            })
        })?;
        Ok(end.rate(written.into_inner()))
    }

    /// One page at a time, each followed by `fdatasync`. Returns writes per second.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn single_pages(&self, window: Duration) -> io::Result<f64> {
        let page = vec![0x3C_u8; index(PAGE_BYTES)];
        let end = Deadline::after(window);
        let mut pages = 0;
        while pages == 0 || !end.passed() {
            let byte_offset = pages * PAGE_BYTES % self.file.bytes();
            self.file.write_durably(&page, byte_offset, SyncBy::Fdatasync)?;
            pages += 1;
        }
        Ok(end.rate(pages))
    }

    /// How long one page and its `fdatasync` take, one at a time.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn page_latency(&self, window: Duration) -> io::Result<Latency> {
        let page = vec![0x3C_u8; index(PAGE_BYTES)];
        let end = Deadline::after(window);
        let mut latency = Latency::new();
        let mut pages = 0;
        while pages == 0 || !end.passed() {
            let begun_ns = now_ns();
            let byte_offset = pages * PAGE_BYTES % self.file.bytes();
            self.file.write_durably(&page, byte_offset, SyncBy::Fdatasync)?;
            latency.record(now_ns() - begun_ns);
            pages += 1;
        }
        Ok(latency)
    }
}

struct Deadline {
    start_ns: u64,
    end_ns: u64,
}

impl Deadline {
    fn after(window: Duration) -> Self {
        let start_ns = now_ns();
        let window_ns = u64::try_from(window.as_nanos()).unwrap_or(SECOND_NS);
        Self { start_ns, end_ns: start_ns + window_ns }
    }

    fn passed(&self) -> bool {
        now_ns() >= self.end_ns
    }

    fn rate(&self, count: u64) -> f64 {
        real(count) * real(SECOND_NS) / real((now_ns() - self.start_ns).max(1))
    }
}
