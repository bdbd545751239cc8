//! The scenario `log`: targets 1 to 6, the log alone against the bare device.
//!
//! Every target is a ratio of two sides measured in turn inside one round (A B B A), and a row is
//! the median of its rounds. `docs/benchmarks.md` says why.

pub mod ack;
pub mod report;
pub mod rig;
pub mod single;
#[cfg(test)]
mod tests;
pub mod throughput;

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use crate::files::FILE_BYTES;
use crate::machine::Machine;
use crate::numbers::{MIB, ratio};
use crate::raw::Stream;
use crate::subject::Opener;
use report::Report;
use rig::Rig;

/// Payload of the larger record, in bytes.
pub const KIBIBYTE: u64 = 1_024;
/// Payload of the smaller record, in bytes.
pub const SMALL: u64 = 128;

/// How much is measured, and where.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Rounds of each target.
    pub rounds: u32,
    /// Rounds of the target with long windows.
    pub long_rounds: u32,
    /// One window of a maximum.
    pub window: Duration,
    /// One window of target 5.
    pub long_window: Duration,
    /// Chats that records are spread over.
    pub chats: u32,
    /// Targets to measure.
    pub targets: Vec<u8>,
    /// Where the measured files go; removed at the end.
    pub folder: PathBuf,
    /// Commit of the measured code.
    pub commit: String,
    /// How large its parts are.
    pub sizes: Sizes,
}

/// Sizes that a measurement keeps and a test shrinks.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// The file that R1 and the raw single sync write around.
    pub device_bytes: u64,
    /// One pre-written file of R2 and of the log's journal.
    pub file_bytes: u64,
    /// Files that the warm-up crosses at least.
    pub warm_up_files: u64,
    /// How long a subject is driven before a window counts.
    pub lead_in: Duration,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            device_bytes: 512 * MIB,
            file_bytes: FILE_BYTES,
            warm_up_files: 10,
            lead_in: Duration::from_millis(100),
        }
    }
}

/// Measures the chosen targets and returns what was seen.
///
/// # Errors
/// When the disk or the subject fails.
pub fn run(settings: &Settings, subject: Rc<dyn Opener>) -> io::Result<Report> {
    std::fs::create_dir_all(&settings.folder)?;
    let machine = Machine::of(&settings.folder, &settings.commit);
    let mut report = Report::new(machine, subject.name());
    let mut rig = Rig::set_up(settings, subject)?;
    measure_streams(&rig, &mut report)?;
    report.say("warming up until the rate is flat");
    report.warm_up = rig.warm_up()?;
    for &target in &settings.targets {
        report.say(&format!("target {target}"));
        match target {
            1 => throughput::share_of_device(&mut rig, &mut report)?,
            2 => throughput::against_single_syncs(&mut rig, &mut report)?,
            3 => throughput::against_group_committer(&mut rig, &mut report)?,
            4 => ack::median_at_half_load(&mut rig, &mut report)?,
            5 => ack::tail_at_high_load(&mut rig, &mut report)?,
            6 => single::one_at_a_time(&mut rig, &mut report)?,
            other => return Err(io::Error::other(format!("this scenario has no target {other}"))),
        }
    }
    Ok(report)
}

/// R1 in all its ways, once, for the record; ratios use the pair measured inside their rounds.
fn measure_streams(rig: &Rig<'_>, report: &mut Report) -> io::Result<()> {
    report.say("R1: every way of writing");
    for stream in Stream::all() {
        let bytes = rig.device.stream(stream, rig.settings.window / 2)?;
        report.streams.push((stream.name(), ratio(bytes, 1e6)));
    }
    Ok(())
}
