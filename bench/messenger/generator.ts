// The generator's process: it does what it is called for, one call after the other. It is written
// in JavaScript, so it tells how late and how busy it was.

import { BrokerLoad, type Gathering } from './broker-load.js';
import { type PlainGathering, PlainLoad } from './plain-load.js';
import type { Answer, Call } from './process.js';
import type { Course } from './schedule.js';

let broker = new BrokerLoad();
let plain = new PlainLoad();

interface Burst {
  readonly windowMs: number;
  readonly messages: number;
}

const calls: Readonly<Record<string, (given: never) => unknown>> = {
  gather: (given: Gathering) => broker.gather(given),
  maximum: (given: { windowMs: number }) => broker.maximum(given),
  atRate: (given: Course) => broker.atRate(given),
  bursts: (given: Burst) => broker.bursts(given),
  leave: () => {
    broker.close();
    broker = new BrokerLoad();
  },
  gatherPlain: (given: PlainGathering) => plain.gather(given),
  echoes: (given: Course) => plain.echoes(given),
  plainBursts: (given: Burst) => plain.bursts(given),
  leavePlain: async () => {
    await plain.close();
    plain = new PlainLoad();
  },
};

async function answerTo({ call, given }: Call): Promise<Answer> {
  const known = calls[call];
  if (known === undefined) return { failure: `there is no call ${call}` };
  try {
    return { value: await known(given as never) };
  } catch (error) {
    return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.on('message', (call: Call) => {
  answerTo(call).then((answer) => process.send?.(answer), console.error);
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit());
