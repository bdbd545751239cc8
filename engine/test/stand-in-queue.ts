// A queue over a stand-in store, for tests.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Queue } from '../../protocol/index.js';
import { openWith } from '../open.js';
import type { OpenOptions } from '../options.js';
import { StandInStore } from './stand-in-store.js';

export interface StandIn {
  readonly queue: Queue;
  readonly store: StandInStore;
}

export async function aQueue(options: Omit<OpenOptions, 'dir'> = {}): Promise<StandIn> {
  let store: StandInStore | undefined;
  const queue = await openWith({ dir: 'nowhere', ...options }, (_, answers) => {
    store = new StandInStore(answers);
    return Promise.resolve(store);
  });
  if (store === undefined) throw new Error('the store was not opened');
  return { queue, store };
}

/** Answers everything until `settled` is. */
export async function drain(store: StandInStore, settled: Promise<unknown>): Promise<void> {
  let isSettled = false;
  const end = settled.finally(() => {
    isSettled = true;
  });
  for (let turn = 0; turn < 10_000 && !isSettled; turn += 1) {
    store.answer();
    await nextTurn();
  }
  await end;
}

/** A failure as the store tells it. */
export function failure(code: string, fields: Readonly<Record<string, number | string>> = {}) {
  return Object.assign(new Error(`the store says ${code}`), { code, fields });
}
