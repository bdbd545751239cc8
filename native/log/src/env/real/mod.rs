//! The real world: files, time, threads. The only place in this crate that knows them.
