// Opens a queue: checks the options, opens the store, and puts the parts together.

import type { Queue } from '../protocol/index.js';
import { Backups } from './backing-up.js';
import { Delivering } from './delivering.js';
import { foqErrorOf } from './errors.js';
import { InFlight } from './in-flight.js';
import { NativeStore } from './native-store.js';
import { type Answers, CONDITIONS, type StoreHandle } from './native-types.js';
import { Notices } from './notices.js';
import { Operations } from './operations.js';
import { type CheckedOptions, checkOptions, type OpenOptions } from './options.js';
import { LocalQueue } from './queue.js';
import { Submitter } from './submitter.js';
import { Calls } from './waiting.js';
import { Watches } from './watches.js';

/** Opens a store whose answers are told to `answers`. */
export type StoreOpener = (options: CheckedOptions, answers: Answers) => Promise<StoreHandle>;

/**
 * The queue of the store in `options.dir`, which is made if there is none. Rejects with
 * FOQ_INVALID_ARGUMENT, FOQ_LOCKED {pid}, FOQ_CORRUPT, FOQ_VERSION and FOQ_UNAVAILABLE.
 */
export function openQueue(options: OpenOptions): Promise<Queue> {
  return openWith(options, ({ dir, native }, answers) => {
    return NativeStore.open(dir, native, answers);
  });
}

/** The same over any store. */
export async function openWith(given: OpenOptions, opener: StoreOpener): Promise<Queue> {
  try {
    const options = checkOptions(given);
    const inFlight = new InFlight();
    const notices = new Notices();
    const hearers: { news?: (attachment: number) => void } = {};
    const answers: Answers = {
      appended: (run) => {
        inFlight.appended(run);
        notices.appended();
      },
      done: (ticket) => inFlight.done(ticket),
      joined: (ticket, joined) => inFlight.joined(ticket, joined),
      failed: (ticket, error) => inFlight.failed(ticket, error),
      news: (attachment) => hearers.news?.(attachment),
    };
    const store = await opener(options, answers);
    const queue = queueOver({ store, options, inFlight, notices });
    hearers.news = (attachment) => {
      if (attachment === CONDITIONS) notices.suffering(store.conditions());
      else queue.news(attachment);
    };
    notices.suffering(store.conditions());
    return queue;
  } catch (error) {
    throw foqErrorOf(error);
  }
}

function queueOver(given: {
  readonly store: StoreHandle;
  readonly options: CheckedOptions;
  readonly inFlight: InFlight;
  readonly notices: Notices;
}): LocalQueue {
  const { store, options, inFlight, notices } = given;
  const { pendingBytesMax } = options;
  const onFailure = notices.failed.bind(notices);
  const submitter = new Submitter({ store, inFlight, pendingBytesMax, onFailure });
  const operations = new Operations(submitter, options);
  const shared = { store, options, submitter, operations, notices };
  const delivering = new Delivering(shared);
  return new LocalQueue({
    ...shared,
    delivering,
    calls: new Calls(),
    backups: new Backups(),
    watches: new Watches(store),
  });
}
