// The queue in this process, each store in a temporary folder of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Queue } from '../../../../protocol/index.js';
import { type OpenOptions, openQueue } from '../../../index.js';
import type { Opener, StoreOptions } from '../../case.js';

/** Small files, so that hundreds of stores are quick to make, and journals begin new ones. */
const SMALL = { journalFileBytes: 2 * 1024 * 1024 } as const;

const NO_FAULTS = 'a real disk loses power and fails only when somebody makes it';

/** As small as files can be, and a window of two: what a case wrote is sealed while it runs. */
const SEALING = { journalFileBytes: 64 * 1024, journalWindowBytes: 128 * 1024 } as const;

export const embedded = embeddedWith('embedded', SMALL);
export const sealing = embeddedWith('sealing', SEALING, {
  space: 'a record must fit one file and a burst the window, which are as small as can be',
});

type Sizes = Pick<OpenOptions, 'journalFileBytes' | 'journalWindowBytes'>;

function embeddedWith(name: string, sizes: Sizes, lacks: Opener['lacks'] = {}): Opener {
  return {
    name,
    lacks: {
      crash: NO_FAULTS,
      faults: NO_FAULTS,
      clock: 'the clock of this machine is not moved by tests',
      timers: 'the clock of this machine is not moved by tests',
      ...lacks,
    },
    begin() {
      const opened = new Map<Queue, string>();
      const openIn = async (dir: string, options: StoreOptions) => {
        const queue = await openQueue({ ...sizes, ...options, dir });
        opened.set(queue, dir);
        return queue;
      };
      const dirs: string[] = [];
      return {
        async open(options = {}) {
          const dir = mkdtempSync(join(tmpdir(), 'foq-conformance-'));
          dirs.push(dir);
          return await openIn(dir, options);
        },
        async reopen(queue, options = {}) {
          const dir = opened.get(queue);
          if (dir === undefined) throw new Error('that queue was not opened here');
          await queue.close();
          opened.delete(queue);
          return await openIn(dir, options);
        },
        crash: () => Promise.reject(new Error(NO_FAULTS)),
        advance: () => Promise.reject(new Error('no clock to move')),
        turn: () => new Promise((resolve) => setImmediate(resolve)),
        breakDisk: () => {
          throw new Error(NO_FAULTS);
        },
        fillDisk: () => Promise.reject(new Error(NO_FAULTS)),
        async end() {
          try {
            await Promise.all([...opened.keys()].map((queue) => queue.close()));
          } finally {
            for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
          }
        },
      };
    },
  };
}
