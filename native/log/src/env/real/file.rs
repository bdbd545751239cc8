//! One open file: reads and writes in place, no shared cursor.
//!
//! A call that a signal interrupted did nothing and is made again; no other failure is retried.

use std::fs::File;
use std::io;

use rustix::io::{pread, pwrite, retry_on_intr};

use crate::env::DiskFile;

/// See the module.
pub(super) struct RealFile(File);

impl RealFile {
    pub(super) fn new(file: File) -> Self {
        Self(file)
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        // The system may give fewer bytes than there are; the contract says only at the end.
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let read = retry_on_intr(|| pread(&self.0, &mut *rest, byte_offset + done as u64))?;
            if read == 0 {
                break;
            }
            done += read;
        }
        Ok(done)
    }

    #[cfg(target_os = "linux")]
    fn read_at_cached(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};
        let read = retry_on_intr(|| {
            let buffers = &mut [io::IoSliceMut::new(&mut *buffer)];
            preadv2(&self.0, buffers, byte_offset, ReadWriteFlags::NOWAIT)
        });
        match read {
            Ok(read) => Ok(Some(read)),
            // Not in the page cache; or a system, or a file system, that cannot say.
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn read_at_cached(&self, _byte_offset: u64, _buffer: &mut [u8]) -> io::Result<Option<usize>> {
        Ok(None)
    }

    fn write_at(&self, byte_offset: u64, data: &[u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| pwrite(&self.0, data, byte_offset))?)
    }

    #[cfg(target_os = "linux")]
    fn allocate(&self, bytes: u64) -> io::Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        use rustix::io::Errno;
        match retry_on_intr(|| fallocate(&self.0, FallocateFlags::empty(), 0, bytes)) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => crate::env::write_zeros(self, bytes),
            made => Ok(made?),
        }
    }

    fn sync(&self) -> io::Result<()> {
        // fdatasync, and its equal where that does not reach the device; retries EINTR only.
        self.0.sync_data()
    }

    #[cfg(target_os = "linux")]
    fn drop_cache(&self) -> io::Result<()> {
        Ok(retry_on_intr(|| rustix::fs::fadvise(&self.0, 0, None, rustix::fs::Advice::DontNeed))?)
    }

    #[cfg(not(target_os = "linux"))]
    fn drop_cache(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
