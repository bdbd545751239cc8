//! The log as a Node addon: only what JavaScript calls, and the threads that drive the log.
//!
//! Has no logic of its own. Read `calls`, `reads`, `news`, `stats`, `inspect` and `backup` (what JavaScript
//! calls), `bell` (how it is woken), `side` (what one JavaScript thread holds), `registry` (one store per directory),
//! `store` (the log behind them), `unpacking`, `packing` and `words` (the bytes and numbers that
//! cross the boundary; `engine/packing.ts`, `unpacking.ts` and `native.ts` are their other side).
//!
//! Invariants: no panic leaves a call; no JavaScript thread waits for the disk, except one that is
//! being torn down.

mod background;
mod backup;
mod bell;
mod calls;
mod failure;
mod inspect;
mod news;
mod options;
mod packing;
mod raw;
mod reads;
mod registry;
mod side;
mod simulated;
mod stats;
mod store;
mod unpacking;
mod words;
