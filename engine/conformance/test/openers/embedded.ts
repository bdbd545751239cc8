// The queue in this process, each store in a temporary folder of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Queue } from '../../../../protocol/index.js';
import { openQueue } from '../../../index.js';
import type { Opener, StoreOptions } from '../../case.js';

/** Small files, so that hundreds of stores are quick to make, and journals begin new ones. */
const SMALL = { journalFileBytes: 2 * 1024 * 1024 } as const;

const NO_FAULTS = 'a real disk loses power and fails only when somebody makes it';

export const embedded: Opener = {
  name: 'embedded',
  lacks: {
    crash: NO_FAULTS,
    faults: NO_FAULTS,
    clock: 'the clock of this machine is not moved by tests',
    timers: 'the clock of this machine is not moved by tests',
  },
  begin() {
    const opened = new Map<Queue, string>();
    const openIn = async (dir: string, options: StoreOptions) => {
      const queue = await openQueue({ ...SMALL, ...options, dir });
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
