//! Time as the benches need it: one monotonic clock, CPU clocks, a sleep to an instant, and a core
//! to be woken on.
//!
//! Instants are nanoseconds of the system's monotonic clock, so that a subject's threads and the
//! generator can be compared. CPU time is user + system, from the kernel's own accounting.

use std::num::NonZeroU64;

use rustix::thread::{
    CpuSet, clock_nanosleep_absolute, sched_getaffinity, sched_setaffinity, set_current_timer_slack,
};
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::numbers::SECOND_NS;

/// Now, in nanoseconds of the monotonic clock.
#[must_use]
pub fn now_ns() -> u64 {
    read(ClockId::Monotonic)
}

/// CPU nanoseconds (user + system) that this process has used, all threads.
#[must_use]
pub fn process_cpu_ns() -> u64 {
    read(ClockId::ProcessCPUTime)
}

/// CPU nanoseconds (user + system) that the calling thread has used.
#[must_use]
pub fn thread_cpu_ns() -> u64 {
    read(ClockId::ThreadCPUTime)
}

/// Sleeps until the instant; returns at once when it has passed. An interrupted sleep goes on.
pub fn sleep_until(instant_ns: u64) {
    let instant = Timespec {
        tv_sec: i64::try_from(instant_ns / SECOND_NS).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(instant_ns % SECOND_NS).unwrap_or(0),
    };
    while clock_nanosleep_absolute(ClockId::Monotonic, &instant).is_err() && now_ns() < instant_ns {
    }
}

/// Asks the kernel to wake this thread within a microsecond of its time instead of within 50.
/// Where that is refused the generator runs later, which its lag figure shows.
pub fn tighten_timer() {
    let _refused_shows_as_lag = set_current_timer_slack(NonZeroU64::new(1_000));
}

/// Keeps the calling thread on the last core it may use, until dropped. Threads that it starts
/// meanwhile would stay there too, so a subject is never opened while this is held.
#[derive(Debug)]
pub struct OwnCore {
    before: Option<CpuSet>,
}

impl OwnCore {
    /// Takes the core; with a single core, or where that is refused, everything stays as it is.
    #[must_use]
    pub fn take() -> Self {
        let before = sched_getaffinity(None).ok().filter(|cores| cores.count() > 1);
        let last = before.and_then(|all| (0..CpuSet::MAX_CPU).rev().find(|&core| all.is_set(core)));
        if let Some(core) = last {
            let mut own = CpuSet::new();
            own.set(core);
            let _refused_shows_as_lag = sched_setaffinity(None, &own);
        }
        Self { before }
    }
}

impl Drop for OwnCore {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _stays_pinned = sched_setaffinity(None, before);
        }
    }
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * SECOND_NS + u64::try_from(time.tv_nsec).unwrap_or(0)
}
