//! Answers of the store, as runs of tickets with the instant at which they were handed over.

use std::io;
use std::time::Duration;

use foq_log::Outcome;
use foq_log::env::real::CompletionSink;
use parking_lot::{Condvar, Mutex};

use crate::clock::now_ns;
use crate::subject::Completion;

/// Filled on the store's thread, emptied by the generator.
#[derive(Default)]
pub(super) struct Answers {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    runs: Vec<Completion>,
    failure: Option<String>,
    waiting: bool,
}

impl CompletionSink for Answers {
    fn complete(&self, completions: &mut Vec<foq_log::Completion>) {
        let at_ns = now_ns();
        let mut state = self.state.lock();
        for completion in completions.drain(..) {
            match completion.outcome {
                Outcome::Appended { duplicate: false, .. } => {
                    state.settle(at_ns, completion.ticket.number);
                }
                other => state.failure = Some(format!("an append was answered with {other:?}")),
            }
        }
        if state.waiting {
            self.bell.notify_one();
        }
    }
}

impl State {
    fn settle(&mut self, at_ns: u64, ticket: u64) {
        match self.runs.last_mut() {
            Some(run) if run.at_ns == at_ns && run.first_ticket + run.count == ticket => {
                run.count += 1;
            }
            _ => self.runs.push(Completion { at_ns, first_ticket: ticket, count: 1 }),
        }
    }
}

impl Answers {
    /// Moves what has come into `into`.
    pub(super) fn take(&self, into: &mut Vec<Completion>) -> io::Result<()> {
        let mut state = self.state.lock();
        into.append(&mut state.runs);
        state.failure.clone().map_or(Ok(()), |failure| Err(io::Error::other(failure)))
    }

    /// Sleeps until something has come.
    pub(super) fn wait(&self, at_most: Duration) {
        let mut state = self.state.lock();
        if state.runs.is_empty() && state.failure.is_none() {
            state.waiting = true;
            let _timed_out = self.bell.wait_for(&mut state, at_most);
            state.waiting = false;
        }
    }
}
