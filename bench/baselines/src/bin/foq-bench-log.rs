//! The scenario `log` as a program: `foq-bench-log [--quick] [--rounds N] [--targets 1,4] …`.
//!
//! Progress goes to standard error, the report to standard output, the same as JSON to a file.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use foq_baselines::group_committer::GroupCommitterOpener;
use foq_baselines::log_subject::LogOpener;
use foq_baselines::scenario::{Settings, Sizes, run};
use foq_baselines::subject::Opener;

const USAGE: &str = "usage: foq-bench-log [--quick] [--rounds N] [--targets 1,2,...] [--chats N]
                     [--subject r2] [--folder DIR] [--json FILE] [--commit ID]
  --quick    5 rounds (2 of the long ones) instead of 20: a look, not a result
  --rounds   rounds of every target
  --targets  which of 1 to 6 to measure; all by default
  --chats    chats that records are spread over; 100,000 by default
  --subject  r2 measures the bare group committer against itself: every ratio shows the noise
  --folder   where the measured files go; removed at the end
  --json     where the result file goes; none by default";

struct Arguments {
    settings: Settings,
    subject: Rc<dyn Opener>,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("foq-bench-log: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match measure(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("foq-bench-log: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> std::io::Result<()> {
    let report = run(&arguments.settings, Rc::clone(&arguments.subject))?;
    println!("{}", report.to_text());
    if let Some(path) = &arguments.json {
        std::fs::write(path, format!("{}\n", report.to_json()))?;
    }
    Ok(())
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut settings = Settings {
        rounds: 20,
        long_rounds: 20,
        window: Duration::from_millis(500),
        long_window: Duration::from_secs(5),
        chats: 100_000,
        targets: (1..=6).collect(),
        folder: PathBuf::from("bench/results/tmp"),
        commit: "unknown".to_owned(),
        sizes: Sizes::default(),
    };
    let (mut json, mut bare) = (None, false);
    while let Some(word) = words.next() {
        if word == "--quick" {
            (settings.rounds, settings.long_rounds) = (5, 2);
            continue;
        }
        let value = words.next().ok_or_else(|| format!("{word} is unknown or lacks a value"))?;
        match word.as_str() {
            "--rounds" => {
                settings.rounds = number(&word, &value)?;
                settings.long_rounds = settings.rounds;
            }
            "--targets" => {
                let one = |part: &str| match number(&word, part)? {
                    target @ 1..=6 => u8::try_from(target).map_err(|it| it.to_string()),
                    other => Err(format!("--targets takes 1 to 6, not {other}")),
                };
                settings.targets = value.split(',').map(one).collect::<Result<_, _>>()?;
            }
            "--chats" => settings.chats = number(&word, &value)?,
            "--subject" if value == "r2" => bare = true,
            "--folder" => settings.folder = PathBuf::from(value),
            "--json" => json = Some(PathBuf::from(value)),
            "--commit" => settings.commit = value,
            _ => return Err(format!("{word} {value} is unknown")),
        }
    }
    let file_bytes = settings.sizes.file_bytes;
    let subject: Rc<dyn Opener> = if bare {
        Rc::new(GroupCommitterOpener { in_flight: 1, file_bytes })
    } else {
        Rc::new(LogOpener::new(file_bytes))
    };
    Ok(Arguments { settings, subject, json })
}

fn number(word: &str, value: &str) -> Result<u32, String> {
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{word} takes a number above 0, not {value}")),
    }
}
