//! The generator: drives a subject on a schedule or as fast as it goes, and says what came of it.
//!
//! **Open loop**: arrivals are due at evenly spaced instants that no slowness of the subject moves.
//! The generator sleeps to the next tick of 100 us, submits all that is due, and latency counts
//! from the instant an arrival was due, also for those that had to wait outside a full queue. What
//! is due when the window ends is still submitted and waited for, so that nothing slow is left out.
//! It sleeps rather than spins, because a spinning thread takes one of few cores from the subject,
//! and stays on one core, because it was seen to be parked for 16 ms behind a subject's thread that
//! was inside a sync while another core was free. The subject's threads run where they like.
//!
//! **Closed loop** (for maxima only): up to a number of bytes in flight, or one record at a time.
//!
//! A window starts with a lead-in that is driven and not counted.

mod generator;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use crate::clock::{OwnCore, tighten_timer};
use crate::latency::Latency;
use crate::subject::Subject;
use generator::Generator;

/// How arrivals come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Open loop: this many records a second.
    Rate(f64),
    /// Closed loop: this many payload bytes in flight.
    InFlight(u64),
    /// Closed loop: the next record when the last is durable.
    OneByOne,
}

/// What to drive a subject with.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Bytes of a record's payload.
    pub payload_bytes: u64,
    /// Chats that records are spread over, uniformly.
    pub chats: u32,
    /// How arrivals come.
    pub pace: Pace,
    /// How long it is driven before counting.
    pub lead_in: Duration,
    /// How long it counts.
    pub window: Duration,
    /// Seed of the choice of chats.
    pub seed: u64,
}

/// What one window showed.
#[derive(Clone, Debug)]
pub struct Window {
    /// Records that became durable in it, per second.
    pub rate: f64,
    /// Latency from the due instant; empty in a closed loop.
    pub latency: Latency,
    /// How late the generator itself was, weighted by the ticks it was late for.
    pub lag: Latency,
    /// Share of the window in which the generator's thread was on a core, `submit` included.
    pub busy_share: f64,
    /// CPU microseconds (user + system, whole process) per durable record.
    pub cpu_us: f64,
    /// Part of it on the submitting thread.
    pub submit_cpu_us: f64,
    /// Bytes handed to the disk per payload byte, lead-in included; 0 when nothing was written.
    pub amplification: f64,
    /// Bytes of a mean round.
    pub round_bytes: f64,
    /// Records that were due and never accepted, or accepted and not durable in time.
    pub lost_sight_of: u64,
    /// The generator lagged or was too busy, or the subject did not catch up: not a measurement.
    pub saturated: bool,
}

/// Drives the subject once and waits until all it accepted is durable.
///
/// # Errors
/// When the subject fails.
pub fn drive(subject: &mut dyn Subject, first_ticket: &mut u64, load: &Load) -> io::Result<Window> {
    tighten_timer();
    let _own_core = OwnCore::take();
    let mut generator = Generator::new(subject, *first_ticket, load);
    generator.run()?;
    generator.drain()?;
    *first_ticket = generator.next_ticket();
    Ok(generator.into_window())
}
