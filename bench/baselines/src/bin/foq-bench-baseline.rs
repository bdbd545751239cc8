//! The raw baselines as a service, for scenarios that are written in another language: one request
//! a line on standard input, one number a line on standard output, until the input ends.
//!
//! - `r0 BYTES MS`: records of that size, one per sync on a growing file, records a second
//! - `r1 MS`: the device, the better of 1 MiB with one and with two in flight, bytes a second
//! - `pages MS`: 4 KiB and one sync at a time on a pre-written file, writes a second
//! - `page-p99 MS`: the same one at a time, how long 99 of 100 took at most, ms
//! - `r2 BYTES MS`: a bare group committer, the better of both depths, records a second
//! - `machine`: a line of JSON, what a reader must know of this machine
#![forbid(unsafe_code)]

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use foq_baselines::group_committer::GroupCommitterOpener;
use foq_baselines::machine::Machine;
use foq_baselines::raw::{Stream, growing};
use foq_baselines::scenario::rig::Rig;
use foq_baselines::scenario::{Settings, Sizes};

const USAGE: &str = "usage: foq-bench-baseline FOLDER CHATS COMMIT";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, chats, commit] = words.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let Ok(chats) = chats.parse() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match serve(PathBuf::from(folder), chats, commit) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("foq-bench-baseline: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn serve(folder: PathBuf, chats: u32, commit: &str) -> io::Result<()> {
    std::fs::create_dir_all(&folder)?;
    let machine = Machine::of(&folder, commit);
    let settings = Settings {
        rounds: 1,
        long_rounds: 1,
        window: Duration::from_millis(500),
        long_window: Duration::from_secs(5),
        chats,
        targets: Vec::new(),
        folder,
        commit: commit.to_owned(),
        sizes: Sizes::default(),
    };
    let file_bytes = settings.sizes.file_bytes;
    let bare = Rc::new(GroupCommitterOpener { in_flight: 1, file_bytes });
    let mut rig = Rig::set_up(&settings, bare)?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut out = io::stdout().lock();
        match words.as_slice() {
            ["machine"] => writeln!(out, "{}", machine.to_json().to_string().replace('\n', " "))?,
            words => writeln!(out, "{}", measure(&mut rig, words)?)?,
        }
        out.flush()?;
    }
    Ok(())
}

fn measure(rig: &mut Rig<'_>, words: &[&str]) -> io::Result<f64> {
    match words {
        ["r0", bytes, window] => growing(rig.scratch.path(), number(bytes)?, ms(window)?),
        ["r1", window] => {
            let one = rig.device.stream(Stream::mebibyte(1), ms(window)?)?;
            Ok(one.max(rig.device.stream(Stream::mebibyte(2), ms(window)?)?))
        }
        ["pages", window] => rig.device.single_pages(ms(window)?),
        ["page-p99", window] => Ok(rig.device.page_latency(ms(window)?)?.percentiles().p99),
        ["r2", bytes, window] => {
            let (bytes, window) = (number(bytes)?, ms(window)?);
            let one = rig.one.maximum(bytes, window)?.rate;
            Ok(one.max(rig.two.maximum(bytes, window)?.rate))
        }
        _ => Err(invalid(format!("no such request: {}", words.join(" ")))),
    }
}

fn ms(word: &str) -> io::Result<Duration> {
    number(word).map(Duration::from_millis)
}

fn number(word: &str) -> io::Result<u64> {
    word.parse().map_err(|_| invalid(format!("not a number: {word}")))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
