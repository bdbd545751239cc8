// Counts what test programs print. Each reader takes lines and fills a tally: { passed, failures:
// [name], skips: [{ name, reason }], details: [line] }; `details` is what a reader of a failure
// wants to see first.

/** More than this of one step is for its log file. */
const DETAIL_LINES_MAX = 200;

/** The summary names what failed; the step above it says all. */
const NAME_CHARACTERS_MAX = 160;

export function emptyTally() {
  return { passed: 0, failures: [], skips: [], details: [] };
}

/**
 * Lines of `cargo test`: one `test name ... outcome` per test, and what failed ones said at the
 * end.
 */
export function cargoReader(tally) {
  const detail = detailReader(tally, { first: /^failures:$/, last: /^test result: / });
  return (line) => {
    detail(line);
    const match = /^test (.+?) \.\.\. (ok|FAILED|ignored)(?:, (.*))?$/.exec(line);
    if (!match) return;
    const [, name, outcome, reason] = match;
    if (outcome === 'ok') tally.passed += 1;
    else if (outcome === 'FAILED') tally.failures.push(name);
    else tally.skips.push({ name, reason: reason ?? 'ignored, and it does not say why' });
  };
}

/**
 * Lines of tap's raw TAP: files stand at the margin, their tests four spaces in, assertions deeper.
 * A file counts only when it failed without a failing test of its own (it crashed, or had none).
 */
export function tapReader(tally) {
  let file = '';
  let failuresBeforeFile = 0;
  const detail = detailReader(tally, { first: /^ +not ok /, last: /^ +(\.\.\.|ok .*)$/ });
  return (line) => {
    detail(line);
    const started = /^# Subtest: (.+)$/.exec(line);
    if (started) {
      file = started[1];
      failuresBeforeFile = tally.failures.length;
    }
    const match = /^( {4})?(not )?ok \d+(?: - (.*?))?(?: # (.*))?$/.exec(line);
    if (!match) return;
    const [, indent, not, title = 'without a title', note = ''] = match;
    const skip = note.startsWith('time=') ? undefined : /^\w+\s*(.*)$/.exec(note);
    const name = indent ? `${file}: ${title}` : title;
    if (skip) tally.skips.push({ name, reason: skip[1] || 'it does not say why' });
    else if (indent && !not) tally.passed += 1;
    else if (indent) tally.failures.push(name);
    else if (not && tally.failures.length === failuresBeforeFile) tally.failures.push(name);
  };
}

/**
 * Lines of the simulator: `FAILED what` and how to see it again, then `N passed, M failed`, where N
 * counts what its class counts (points, workloads, calls, flips, bugs).
 */
export function simulatorReader(tally) {
  return (line) => {
    const counts = /^(\d+) passed, \d+ failed$/.exec(line);
    if (counts) tally.passed += Number(counts[1]);
    const failed = /^FAILED (.+)$/.exec(line);
    if (failed) tally.failures.push(failed[1].slice(0, NAME_CHARACTERS_MAX));
    if ((failed || line.startsWith('  ')) && tally.details.length < DETAIL_LINES_MAX)
      tally.details.push(line);
  };
}

/** Keeps the lines from one that matches `first` to one that matches `last`, up to a limit. */
function detailReader(tally, { first, last }) {
  let inside = false;
  return (line) => {
    inside ||= first.test(line);
    if (inside && tally.details.length < DETAIL_LINES_MAX) tally.details.push(line);
    if (last.test(line)) inside = false;
  };
}

/** A program that is one check: it passes when it exits 0. */
export function wholeProgram(tally, { name, code }) {
  if (code === 0) tally.passed += 1;
  else tally.failures.push(name);
}
