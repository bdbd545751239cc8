//! News as numbers, in the reusable `Float64Array` of a JavaScript thread.
//!
//! Word 0 says whether news is left for another call (1) or not (0). Then come groups, each a tag,
//! a handle or request, and what the table of tags says. A `FAILED` group announces one error more
//! in the queue of `take_error`, in the same order.

use std::collections::{HashMap, VecDeque};

use foq_log::{Completion, Error, Outcome};

use crate::bell::{Answer, News};
use crate::packing::number_of;
use crate::registry::Lease;

/// Tags; the words that follow each are named behind it.
mod tag {
    /// handle, first ticket, count, at, then `count` seqs: records of one round.
    pub const APPENDED: f64 = 1.0;
    /// The same: appends that were answered again because of their dedupKey.
    pub const REPEATED: f64 = 2.0;
    /// handle, ticket: an error is in the queue.
    pub const FAILED: f64 = 3.0;
    /// handle, first ticket, count: acks and other operations without a result are done.
    pub const DONE: f64 = 4.0;
    /// handle, ticket, joinSeq, received, firstSeq, headSeq.
    pub const JOINED: f64 = 5.0;
    /// handle.
    pub const OPENED: f64 = 6.0;
    /// handle: an error is in the queue.
    pub const OPEN_FAILED: f64 = 7.0;
    /// handle.
    pub const CLOSED: f64 = 8.0;
    /// handle: closed, but an error is in the queue.
    pub const CLOSE_FAILED: f64 = 9.0;
    /// request, bytes (of a report: 0): `take_answer` or `take_report` gives it.
    pub const ANSWERED: f64 = 10.0;
    /// request: an error is in the queue.
    pub const REFUSED: f64 = 11.0;
    /// handle, attachment: `take_news` has something.
    pub const RUNG: f64 = 12.0;
}

/// Words of the longest group, without the seqs of a run.
const GROUP_WORDS_MAX: usize = 7;

/// The least words that `fill` makes headway with: word 0, one group, some seqs.
pub const WORDS_MIN: usize = 64;

/// What one JavaScript thread has been told of and takes by further calls.
#[derive(Default)]
pub struct Told {
    /// In the order of the groups that announced them.
    pub errors: VecDeque<Error>,
    /// Results by request.
    pub answers: HashMap<u32, Answer>,
    /// Requests that ended with an error since last looked at.
    pub refused: usize,
    /// Handles that are open from now on.
    pub opened: Vec<(u32, Lease)>,
}

/// Writes groups to `words` from index 1 on and removes them from `news`, until one of the two is
/// used up. Returns the number of words used, word 0 included.
pub fn fill(news: &mut VecDeque<News>, words: &mut [f64], told: &mut Told) -> usize {
    let mut out = Words { words, used: 1 };
    while out.room() >= GROUP_WORDS_MAX {
        match news.pop_front() {
            None => break,
            Some(News::Completions { handle, mut completions }) => {
                while out.room() >= GROUP_WORDS_MAX && !completions.is_empty() {
                    complete(handle, &mut completions, &mut out, told);
                }
                if !completions.is_empty() {
                    news.push_front(News::Completions { handle, completions });
                }
            }
            Some(News::Rung { handle, mut attachments }) => {
                while out.room() >= GROUP_WORDS_MAX
                    && let Some(attachment) = attachments.pop()
                {
                    out.push(&[tag::RUNG, handle.into(), attachment.into()]);
                }
                if !attachments.is_empty() {
                    news.push_front(News::Rung { handle, attachments });
                }
            }
            Some(single) => announce(single, &mut out, told),
        }
    }
    out.used
}

fn announce(news: News, out: &mut Words<'_>, told: &mut Told) {
    match news {
        // `fill` has taken these.
        News::Completions { .. } | News::Rung { .. } => {}
        News::Opened { handle, lease } => {
            out.push(&[tag::OPENED, handle.into()]);
            told.opened.push((handle, lease));
        }
        News::OpenFailed { handle, error } => {
            out.push(&[tag::OPEN_FAILED, handle.into()]);
            told.errors.push_back(error);
        }
        News::Closed { handle, result: Ok(()) } => out.push(&[tag::CLOSED, handle.into()]),
        News::Closed { handle, result: Err(error) } => {
            out.push(&[tag::CLOSE_FAILED, handle.into()]);
            told.errors.push_back(error);
        }
        News::Answer { request, result: Ok(answer) } => {
            let bytes = match &answer {
                Answer::Bytes(bytes) => bytes.len() as u64,
                Answer::Report(_) | Answer::Repairs(_) | Answer::BackedUp(_) => 0,
            };
            out.push(&[tag::ANSWERED, request.into(), number_of(bytes)]);
            told.answers.insert(request, answer);
        }
        News::Answer { request, result: Err(error) } => {
            out.push(&[tag::REFUSED, request.into()]);
            told.refused += 1;
            told.errors.push_back(error);
        }
    }
}

/// One completion, or a run of appended records whose tickets are consecutive.
fn complete(
    handle: u32,
    completions: &mut VecDeque<Completion>,
    out: &mut Words<'_>,
    told: &mut Told,
) {
    let Some(Completion { ticket, outcome }) = completions.pop_front() else { return };
    let (handle, number) = (f64::from(handle), number_of(ticket.number));
    match outcome {
        Outcome::Appended { seq, at, duplicate } => {
            let tag = if duplicate { tag::REPEATED } else { tag::APPENDED };
            let start = out.used;
            out.push(&[tag, handle, number, 1.0, number_of(at), number_of(seq)]);
            let mut count = 1;
            while out.room() > 0
                && let Some(next) = completions.front()
                && next.ticket.number == ticket.number + count
                && let Outcome::Appended { seq, at: its, duplicate: repeated } = next.outcome
                && (its, repeated) == (at, duplicate)
            {
                out.push(&[number_of(seq)]);
                completions.pop_front();
                count += 1;
            }
            out.set(start + 3, number_of(count));
        }
        Outcome::Acked | Outcome::Done => {
            let mut count = 1;
            while let Some(next) = completions.front()
                && next.ticket.number == ticket.number + count
                && matches!(next.outcome, Outcome::Acked | Outcome::Done)
            {
                completions.pop_front();
                count += 1;
            }
            out.push(&[tag::DONE, handle, number, number_of(count)]);
        }
        Outcome::Joined { join_seq, received, first_seq, head_seq } => {
            let [join_seq, received, first_seq, head_seq] =
                [join_seq, received, first_seq, head_seq].map(number_of);
            out.push(&[tag::JOINED, handle, number, join_seq, received, first_seq, head_seq]);
        }
        Outcome::Failed(error) => {
            out.push(&[tag::FAILED, handle, number]);
            told.errors.push_back(*error);
        }
    }
}

struct Words<'a> {
    words: &'a mut [f64],
    used: usize,
}

impl Words<'_> {
    fn room(&self) -> usize {
        self.words.len().saturating_sub(self.used)
    }

    /// The caller has seen to the room.
    fn push(&mut self, group: &[f64]) {
        for word in group {
            self.set(self.used, *word);
            self.used += 1;
        }
    }

    fn set(&mut self, index: usize, value: f64) {
        if let Some(word) = self.words.get_mut(index) {
            *word = value;
        }
    }
}
