//! `foq-sim`: runs the classes of tests on simulated worlds; see `USAGE`.

mod arguments;
mod modes;

use std::process::ExitCode;

fn main() -> ExitCode {
    match arguments::parse(std::env::args().skip(1), std::env::var("SEED").ok()) {
        Ok(arguments) => modes::run(&arguments),
        Err(message) => {
            eprintln!("{message}\n\n{}", arguments::USAGE);
            ExitCode::from(2)
        }
    }
}
