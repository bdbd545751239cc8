//! The only unsafe code of the addon: memory of JavaScript's typed arrays, for one call, and the
//! descriptor that JavaScript was given.

use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use napi::bindgen_prelude::{Float64ArraySlice, Uint8ArraySlice};
use rustix::fs::fstat;

/// The numbers of a `Float64Array`, to be written.
pub fn numbers<'a>(array: &'a mut Float64ArraySlice<'_>) -> &'a mut [f64] {
    // SAFETY: the arrays belong to the calling JavaScript thread, which is inside this very call;
    // `engine/native.ts` passes arrays of its own making that are not shared with other threads,
    // and no entry point takes two.
    unsafe { array.as_mut() }
}

/// The bytes of a `Uint8Array`, to be written.
pub fn bytes<'a>(array: &'a mut Uint8ArraySlice<'_>) -> &'a mut [u8] {
    // SAFETY: as above.
    unsafe { array.as_mut() }
}

/// Closes the read end of a pipe if it is still open under the number `read_end`.
///
/// A JavaScript thread that is terminated between getting the descriptor and making a socket of
/// it leaves it open. One whose socket was closed may have seen the number given to another file;
/// a pipe is told from that by its identity, which is unique as long as `write_end` is open.
pub fn close_if_forgotten(read_end: RawFd, write_end: &impl AsFd) {
    // SAFETY: used for one fstat, which says EBADF if nothing is open under this number.
    let read = fstat(unsafe { BorrowedFd::borrow_raw(read_end) });
    let (Ok(read), Ok(write)) = (read, fstat(write_end)) else { return };
    if (read.st_dev, read.st_ino) == (write.st_dev, write.st_ino) {
        // SAFETY: it is the pipe's, its only user was a thread of JavaScript that runs no more
        // and whose sockets are closed before clean-up hooks run; so nobody else closes it.
        drop(unsafe { OwnedFd::from_raw_fd(read_end) });
    }
}
