//! The classes of tests that the simulator runs; see docs/guarantees.md for their bars.

pub mod a;
pub mod b;
pub mod c;
pub mod f;
#[cfg(feature = "planted")]
pub mod h;
