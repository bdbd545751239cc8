// Stores in simulated worlds: power can be cut, disks fail, and time is moved. A case that fails
// says the seeds of its worlds.

import { randomInt } from 'node:crypto';
import type { Queue } from '../../../../protocol/index.js';
import { openQueue, type SimulatedQueue } from '../../../testing/index.js';
import type { Opener } from '../../case.js';

const SEED_END = 2 ** 32;

export const memory: Opener = {
  name: ':memory:',
  lacks: { timers: 'what is not acked is offered again by the clock of this machine' },
  begin() {
    const opened = new Map<Queue, SimulatedQueue>();
    const seeds: number[] = [];
    const known = (queue: Queue) => {
      const found = opened.get(queue);
      if (found === undefined) throw new Error('that queue was not opened here');
      return found;
    };
    const keep = (queue: SimulatedQueue) => {
      opened.set(queue, queue);
      return queue;
    };
    return {
      async open(options = {}) {
        const seed = randomInt(SEED_END);
        seeds.push(seed);
        return keep(await openQueue({ ...options, dir: ':memory:', seed }));
      },
      async reopen(queue, options = {}) {
        await queue.close();
        const again = await known(queue).reopen(options);
        opened.delete(queue);
        return keep(again);
      },
      async crash(queue) {
        await known(queue).faults.crash();
        const again = await known(queue).reopen();
        opened.delete(queue);
        return keep(again);
      },
      async advance(ms) {
        for (const queue of opened.values()) await queue.clock.advance(ms);
      },
      async turn(ms) {
        await new Promise((resolve) => setImmediate(resolve));
        for (const queue of opened.values()) await queue.clock.advance(ms);
      },
      breakDisk(queue) {
        known(queue).faults.fail('sync');
      },
      async fillDisk(queue) {
        await known(queue).faults.fillDisk();
      },
      note: () => `seeds ${seeds.join(', ')}`,
      async end() {
        // What a poisoned store says at its close was said before.
        await Promise.allSettled([...opened.keys()].map((queue) => queue.close()));
      },
    };
  },
};
