//! What the world may hand to a store: a directory that cannot be used, and files that are not
//! what they were. Each gets an error that names what is wrong; nothing is changed then, and
//! nothing acked is lost.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#![expect(clippy::cast_possible_truncation, reason = "tests of small files")]

mod damage;
mod directory;
mod disk_full;
mod place;
