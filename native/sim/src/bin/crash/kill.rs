//! Starts the child, listens to it, and kills it at a moment of the seed's choice.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::workload::{Line, Numbers};

/// A child that says nothing for this long hangs.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Lines on their way from the child; when it is full, the child waits.
const LINES_MAX: usize = 1 << 16;

/// When the kill falls.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// When so many answers were reported: somewhere in the midst of commits.
    Answers(u64),
    /// So long after the start: perhaps while the store is made or recovers.
    After(Duration),
}

impl Moment {
    /// Chooses one.
    pub fn choose(numbers: &mut Numbers) -> Self {
        match numbers.below(3) {
            0 => Self::After(Duration::from_micros(numbers.below(60_000))),
            _ => {
                let bits = 2 + numbers.below(13);
                Self::Answers(numbers.below(1 << bits))
            }
        }
    }
}

/// Kills its child when dropped, whatever happens to the parent's thread.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // Child::kill is SIGKILL; one that has ended already is only waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs one child until `moment`, and gives all that it reported.
pub fn run(dir: &Path, seed: u64, round: u64, moment: Moment) -> Result<Vec<Line>, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.arg("--child").arg(dir).args([seed.to_string(), round.to_string()]);
    // The child ends when this end of its standard input is closed.
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = command.spawn().map_err(|error| format!("starting a child: {error}"))?;
    let mut child = Killed(child);
    let out = child.0.stdout.take().ok_or("the child has no output")?;
    let (send, lines) = sync_channel(LINES_MAX);
    let listener = thread::spawn(move || listen(out, &send));
    let heard = hear(&lines, moment);
    drop(child);
    // What the child had written is in the pipe: none of it is lost with the child.
    let (mut report, wrong) = heard;
    report.extend(lines.iter());
    let whole = listener.join().map_err(|_| "the listener panicked".to_owned())?;
    wrong.or_else(|| whole.err()).map_or(Ok(report), Err)
}

/// Collects lines until the moment has come.
fn hear(lines: &Receiver<Line>, moment: Moment) -> (Vec<Line>, Option<String>) {
    let start = Instant::now();
    let (mut report, mut answers) = (Vec::new(), 0);
    loop {
        let patience = match moment {
            Moment::Answers(count) if answers >= count => break,
            Moment::Answers(_) => SILENCE_MAX,
            Moment::After(time) => time.saturating_sub(start.elapsed()),
        };
        match lines.recv_timeout(patience) {
            Ok(Line::End) => break,
            Ok(line) => {
                answers += u64::from(matches!(line, Line::Appended { .. } | Line::Acked { .. }));
                report.push(line);
            }
            Err(RecvTimeoutError::Timeout) if matches!(moment, Moment::After(_)) => break,
            Err(RecvTimeoutError::Timeout) => {
                return (report, Some("the child hangs".to_owned()));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return (report, Some("the child ended by itself".to_owned()));
            }
        }
    }
    (report, None)
}

/// Reads lines until the child is gone; one without an end was cut by the kill.
fn listen(out: ChildStdout, lines: &SyncSender<Line>) -> Result<(), String> {
    let mut out = BufReader::new(out);
    let mut line = String::new();
    while out.read_line(&mut line).map_err(|error| error.to_string())? > 0 {
        let Some(whole) = line.strip_suffix('\n') else { break };
        let read = Line::read(whole).ok_or_else(|| format!("the child wrote {whole}"))?;
        if lines.send(read).is_err() {
            break;
        }
        line.clear();
    }
    Ok(())
}
