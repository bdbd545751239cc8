//! What the processor does and plain Rust does not say: loading a cache line ahead of need, and
//! the CRC-32C of a few bytes without the set-up that long ones are worth.
//!
//! The one module of the crate with `unsafe` in it. Invariant: nothing here changes what a
//! program computes, only when it has it.

/// Begins to load the cache line in which `place` begins; unlike a read it waits for nothing.
#[inline]
pub(crate) fn prefetch<T: ?Sized>(place: &T) {
    prefetch_line(std::ptr::from_ref(place).cast());
}

/// Begins to load two lines: a chat state, or the beginning of a record.
#[inline]
pub(crate) fn prefetch_pair<T: ?Sized>(place: &T) {
    let first: *const i8 = std::ptr::from_ref(place).cast();
    prefetch_line(first);
    prefetch_line(first.wrapping_add(64));
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch_line(line: *const i8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch reads nothing into the program and faults on no address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
}

/// Other processors find their own way.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn prefetch_line(_line: *const i8) {}

/// CRC-32C of `bytes`, continued from `crc`, where the processor has it and they are few.
#[inline]
pub(crate) fn crc32c_of_few(crc: u32, bytes: &[u8]) -> Option<u32> {
    /// Longer ones gain by three streams at once.
    const FEW: usize = 256;
    #[cfg(target_arch = "x86_64")]
    if bytes.len() <= FEW && std::arch::is_x86_feature_detected!("sse4.2") {
        // SAFETY: the processor has SSE 4.2.
        return Some(unsafe { crc32c_by_words(crc, bytes) });
    }
    None
}

#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "sse4.2")]
fn crc32c_by_words(crc: u32, bytes: &[u8]) -> u32 {
    use std::arch::x86_64::{_mm_crc32_u8, _mm_crc32_u64};
    let (words, rest) = bytes.as_chunks::<8>();
    let mut wide = u64::from(!crc);
    for word in words {
        wide = _mm_crc32_u64(wide, u64::from_le_bytes(*word));
    }
    let mut crc = u32::try_from(wide).unwrap_or_else(|_| unreachable!("a CRC has 32 bits"));
    for byte in rest {
        crc = _mm_crc32_u8(crc, *byte);
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_bytes_have_the_checksum_that_many_have() {
        let bytes: Vec<u8> = (0..300_u32).map(|n| (n * 7 % 251) as u8).collect();
        for length in 0..=256 {
            for crc in [0, 1, 0xDEAD_BEEF] {
                let few = crc32c_of_few(crc, &bytes[..length]);
                let many = crc32c::crc32c_append(crc, &bytes[..length]);
                assert!(few.is_none_or(|few| few == many), "{length} bytes after {crc:x}");
            }
        }
        assert_eq!(crc32c_of_few(0, &bytes), None);
    }
}
