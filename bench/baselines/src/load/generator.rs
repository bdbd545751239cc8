//! One window of driving: the schedule, the meters, and what is made of both.
//!
//! Invariants: a record has at most one ticket, tickets follow the schedule, and an arrival that is
//! due is submitted before any later one.

use std::io;
use std::time::Duration;

use super::{Load, Pace, Window};
use crate::clock::{now_ns, process_cpu_ns, sleep_until, thread_cpu_ns};
use crate::latency::Latency;
use crate::numbers::{Dice, SECOND_NS, index, ratio, real, whole};
use crate::subject::{Completion, Subject, Written};

/// The generator wakes this often.
const TICK_NS: u64 = 100_000;
/// Most payload bytes handed over in one call.
const SLICE_BYTES: u64 = 64 << 10;
/// Longest wait for what is in flight when a window ends.
const DRAIN_NS: u64 = 10 * SECOND_NS;
/// A generator that is later than this for one tick of a hundred distorts what it measures.
const LAG_P99_MS_MAX: f64 = 2.0;
/// A generator that is busier than this has no time left for a burst.
const BUSY_SHARE_MAX: f64 = 0.70;

#[derive(Clone, Copy, Default)]
struct Meter {
    at_ns: u64,
    process_cpu_ns: u64,
    thread_cpu_ns: u64,
    durable: u64,
}

pub(super) struct Generator<'a> {
    subject: &'a mut dyn Subject,
    load: Load,
    payload: Vec<u8>,
    slice: Vec<u32>,
    slice_records: u64,
    dice: Dice,
    first_ticket: u64,
    next_ticket: u64,
    durable: u64,
    completions: Vec<Completion>,
    latency: Latency,
    lag: Latency,
    start_ns: u64,
    counted_from_ns: u64,
    end_ns: u64,
    interval_ns: f64,
    /// Arrivals of the whole schedule, lead-in included; only of an open loop.
    planned: u64,
    written_before: Written,
    begin: Option<Meter>,
    end: Option<Meter>,
    durable_in_window: u64,
}

impl<'a> Generator<'a> {
    pub(super) fn new(subject: &'a mut dyn Subject, first_ticket: u64, load: &Load) -> Self {
        let mut dice = Dice::new(load.seed);
        let payload: Vec<u8> =
            (0..load.payload_bytes).map(|_| dice.next().to_le_bytes()[0]).collect();
        let slice_records = (SLICE_BYTES / load.payload_bytes.max(1)).max(1);
        let start_ns = now_ns() + TICK_NS;
        let counted_from_ns = start_ns + nanoseconds(load.lead_in);
        let end_ns = counted_from_ns + nanoseconds(load.window);
        let rate = if let Pace::Rate(rate) = load.pace { rate } else { 0.0 };
        let interval_ns = ratio(real(SECOND_NS), rate);
        let planned = whole(ratio(real(end_ns - start_ns), interval_ns));
        Self {
            written_before: subject.written(),
            subject,
            load: *load,
            payload,
            slice: Vec::with_capacity(index(slice_records)),
            slice_records,
            dice,
            first_ticket,
            next_ticket: first_ticket,
            durable: 0,
            completions: Vec::with_capacity(1_024),
            latency: Latency::new(),
            lag: Latency::new(),
            start_ns,
            counted_from_ns,
            end_ns,
            interval_ns,
            planned,
            begin: None,
            end: None,
            durable_in_window: 0,
        }
    }

    pub(super) fn run(&mut self) -> io::Result<()> {
        sleep_until(self.start_ns);
        let mut visit_ns = self.start_ns;
        loop {
            let now = now_ns();
            self.watch(now);
            if now >= self.end_ns {
                return Ok(());
            }
            match self.load.pace {
                Pace::Rate(_) => {
                    self.note_lag(now.saturating_sub(visit_ns));
                    visit_ns = now;
                    self.submit_due(now)?;
                    self.collect()?;
                    sleep_until(now + TICK_NS);
                }
                Pace::InFlight(bytes) => {
                    self.fill(bytes / self.load.payload_bytes.max(1))?;
                    self.collect()?;
                }
                Pace::OneByOne => {
                    self.fill(1)?;
                    self.collect()?;
                }
            }
        }
    }

    /// A gap between two visits that is longer than a tick made every arrival in it late.
    fn note_lag(&mut self, gap_ns: u64) {
        self.lag.record_times(gap_ns.saturating_sub(TICK_NS), (gap_ns / TICK_NS).max(1));
    }

    /// Submits what the schedule says is due and was not yet accepted.
    fn submit_due(&mut self, now: u64) -> io::Result<()> {
        let passed = real(now.saturating_sub(self.start_ns));
        let due = whole(ratio(passed, self.interval_ns)).min(self.planned);
        while self.issued() < due {
            let wanted = (due - self.issued()).min(self.slice_records);
            if self.submit(wanted)? < wanted {
                break;
            }
        }
        Ok(())
    }

    /// Keeps up to `limit` records in flight; sleeps when there is no room for more.
    fn fill(&mut self, limit: u64) -> io::Result<()> {
        let room = limit.saturating_sub(self.issued() - self.durable);
        let wanted = room.min(self.slice_records);
        if room < limit.min(self.slice_records) || self.submit(wanted)? < wanted {
            self.subject.wait(Duration::from_millis(1));
        }
        Ok(())
    }

    fn submit(&mut self, records: u64) -> io::Result<u64> {
        self.slice.clear();
        for _ in 0..records {
            self.slice.push(self.dice.below(self.load.chats));
        }
        let accepted = self.subject.submit(&self.payload, &self.slice)? as u64;
        self.next_ticket += accepted;
        Ok(accepted)
    }

    /// Takes what became durable, and records its latency where it counts.
    fn collect(&mut self) -> io::Result<()> {
        let outcome = self.subject.completions(&mut self.completions);
        let mut completions = std::mem::take(&mut self.completions);
        for run in completions.drain(..) {
            self.durable += run.count;
            if run.at_ns >= self.counted_from_ns && run.at_ns < self.end_ns {
                self.durable_in_window += run.count;
            }
            if self.interval_ns > 0.0 {
                self.record(run);
            }
        }
        self.completions = completions;
        outcome
    }

    fn record(&mut self, run: Completion) {
        let lead_in = real(self.counted_from_ns - self.start_ns);
        let counted_from = whole((lead_in / self.interval_ns).ceil());
        let first = run.first_ticket - self.first_ticket;
        let skip = counted_from.saturating_sub(first).min(run.count);
        let due_ns = real(self.start_ns) + real(first + skip) * self.interval_ns;
        self.latency.record_run(due_ns, self.interval_ns, run.count - skip, run.at_ns);
    }

    /// Submits the rest of the schedule and waits for everything in flight.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        let limit_ns = now_ns() + DRAIN_NS;
        loop {
            if self.interval_ns > 0.0 {
                self.submit_due(now_ns())?;
            }
            self.collect()?;
            let all = self.durable == self.issued() && self.issued() >= self.planned;
            if all || now_ns() > limit_ns {
                return Ok(());
            }
            self.subject.wait(Duration::from_millis(1));
        }
    }

    /// Reads the meters when the counted part begins and when it ends.
    fn watch(&mut self, now: u64) {
        if self.begin.is_none() && now >= self.counted_from_ns {
            self.begin = Some(self.meter(now));
        }
        if self.end.is_none() && now >= self.end_ns {
            self.end = Some(self.meter(now));
        }
    }

    fn meter(&self, at_ns: u64) -> Meter {
        Meter {
            at_ns,
            process_cpu_ns: process_cpu_ns(),
            thread_cpu_ns: thread_cpu_ns(),
            durable: self.durable,
        }
    }

    pub(super) const fn next_ticket(&self) -> u64 {
        self.next_ticket
    }

    const fn issued(&self) -> u64 {
        self.next_ticket - self.first_ticket
    }

    pub(super) fn into_window(self) -> Window {
        let (begin, end) = (self.begin.unwrap_or_default(), self.end.unwrap_or_default());
        let records = real(end.durable - begin.durable);
        let written = self.subject.written();
        let bytes = real(written.bytes - self.written_before.bytes);
        let rounds = real(written.rounds - self.written_before.rounds);
        let thread_ns = real(end.thread_cpu_ns - begin.thread_cpu_ns);
        let busy_share = ratio(thread_ns, real(end.at_ns - begin.at_ns));
        let lost_sight_of =
            self.planned.saturating_sub(self.issued()) + (self.issued() - self.durable);
        let open = self.interval_ns > 0.0;
        let lags =
            open && (busy_share > BUSY_SHARE_MAX || self.lag.percentiles().p99 > LAG_P99_MS_MAX);
        Window {
            rate: real(self.durable_in_window) * real(SECOND_NS)
                / real(self.end_ns - self.counted_from_ns),
            latency: self.latency,
            lag: self.lag,
            busy_share,
            cpu_us: ratio(real(end.process_cpu_ns - begin.process_cpu_ns) / 1e3, records),
            submit_cpu_us: ratio(thread_ns / 1e3, records),
            amplification: ratio(bytes, real(self.durable * self.load.payload_bytes)),
            round_bytes: ratio(bytes, rounds),
            lost_sight_of,
            saturated: lags || lost_sight_of > 0,
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4)
}
