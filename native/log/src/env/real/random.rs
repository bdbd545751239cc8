//! Randomness of the operating system: store identities and hash keys.

use rustix::io::retry_on_intr;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::env::Random;

/// Blocks until the system has gathered enough, once after boot.
pub(super) struct RealRandom;

impl Random for RealRandom {
    /// # Panics
    /// When the system has no source of randomness: an identity must never be guessed.
    fn fill(&self, buffer: &mut [u8]) {
        let mut rest = buffer;
        while !rest.is_empty() {
            let got = retry_on_intr(|| getrandom(&mut *rest, GetRandomFlags::empty()))
                .expect("the system gives random bytes");
            rest = rest.get_mut(got..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fills_of_32_bytes_differ() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        RealRandom.fill(&mut one);
        RealRandom.fill(&mut two);
        assert_ne!(one, two);
    }
}
