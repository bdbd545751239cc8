//! The generator against a subject that is hard to please.

use std::io;
use std::time::Duration;

use super::generator::Generator;
use super::{Load, Pace, drive};
use crate::clock::now_ns;
use crate::subject::{Completion, Subject, Written};

/// Acks what it took at the next look, and takes nothing on every other call.
#[derive(Default)]
struct Reluctant {
    calls: u64,
    taken: u64,
    acked: u64,
    finished: bool,
}

impl Subject for Reluctant {
    fn submit(&mut self, payload: &[u8], chats: &[u32]) -> io::Result<usize> {
        assert_eq!(payload.len(), 128);
        assert!(chats.iter().all(|&chat| chat < 10));
        self.calls += 1;
        let accepted = if self.finished || self.calls.is_multiple_of(2) { 0 } else { chats.len() };
        self.taken += accepted as u64;
        Ok(accepted)
    }

    fn completions(&mut self, into: &mut Vec<Completion>) -> io::Result<()> {
        let (first_ticket, count) = (self.acked, self.taken - self.acked);
        if count > 0 {
            into.push(Completion { at_ns: now_ns(), first_ticket, count });
        }
        self.acked = self.taken;
        Ok(())
    }

    fn wait(&mut self, _at_most: Duration) {}

    fn written(&self) -> Written {
        Written { bytes: self.taken * 256, rounds: self.taken }
    }

    fn prepare(&mut self, _bytes: u64) -> io::Result<()> {
        Ok(())
    }
}

fn load(pace: Pace) -> Load {
    let (lead_in, window) = (Duration::from_millis(5), Duration::from_millis(20));
    Load { payload_bytes: 128, chats: 10, pace, lead_in, window, seed: 3 }
}

#[test]
fn every_arrival_of_the_schedule_is_measured_though_half_of_all_calls_are_refused() {
    let mut subject = Reluctant::default();
    let mut next_ticket = 0;
    for windows in 1..=2 {
        let window = drive(&mut subject, &mut next_ticket, &load(Pace::Rate(100_000.0))).unwrap();
        assert_eq!(next_ticket, windows * 2_500, "25 ms at 100,000/s");
        assert_eq!(window.latency.percentiles().samples, 2_000, "without 5 ms of lead-in");
        assert_eq!(window.lost_sight_of, 0);
        assert!((window.amplification - 2.0).abs() < 1e-9);
    }
}

#[test]
fn a_closed_loop_keeps_to_its_limit_and_has_no_latencies() {
    for (pace, limit) in [(Pace::OneByOne, 1), (Pace::InFlight(128 * 100), 100)] {
        let mut subject = Reluctant::default();
        let mut next_ticket = 0;
        let window = drive(&mut subject, &mut next_ticket, &load(pace)).unwrap();
        assert!(next_ticket > 0 && subject.acked == next_ticket);
        assert!(next_ticket <= subject.calls * limit);
        assert_eq!(window.latency.percentiles().samples, 0);
    }
}

#[test]
fn a_subject_that_stops_taking_records_makes_the_window_saturated() {
    let mut subject = Reluctant { finished: true, ..Reluctant::default() };
    let mut generator = Generator::new(&mut subject, 0, &load(Pace::Rate(1_000.0)));
    generator.run().unwrap();
    let window = generator.into_window();
    assert!(window.saturated);
    assert_eq!(window.lost_sight_of, 25);
}
