// A connection over a socket that takes nothing: it is not read from, and given up in time.

import { test } from 'tap';
import { Connection } from '../connection.js';
import type { Services } from '../services.js';

/** What a test without commands does not ask for. */
const SERVICES: Services = {
  authenticate: async () => ({ userId: 'ann', deviceId: 'phone', expiresAt: 1e12 }),
  isRevoked: () => false,
  run: async () => ({ fields: { body: 'x'.repeat(1_000) } }),
  received: () => undefined,
  attach: () => new Promise(() => undefined),
  report: () => undefined,
};

test('a socket that takes nothing is not read from, and closed with 4004 after 20 s', async (t) => {
  const told: string[] = [];
  const taken: (() => void)[] = [];
  const clock = { now: 0 };
  const connection = new Connection({
    socket: {
      write: (_frames, written) => taken.push(written),
      pause: () => told.push('pause'),
      resume: () => told.push('resume'),
      close: (code) => told.push(`close ${code}`),
    },
    subprotocol: 'foq.v1.json',
    services: SERVICES,
    events: {
      enters: () => 0,
      welcome: () => undefined,
      frame: () => undefined,
      closed: () => undefined,
    },
    sessionId: 's',
    durability: 'fsync',
    now: () => clock.now,
    output: { bytesFull: 1_000, bytesMax: 100_000 },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const ask = async (map: object) => {
    connection.frame(Buffer.from(JSON.stringify(map)));
    await turn();
    await turn();
  };
  await ask({ t: 'hello', id: 0, token: 'x' });
  await ask({ t: 'listChats', id: 1 });
  t.same(told, ['pause']);
  for (const written of taken.splice(0)) written();
  t.same(told, ['pause', 'resume'], 'taken at last');
  await ask({ t: 'listChats', id: 2 });
  await ask({ t: 'listChats', id: 3 });
  clock.now += 19_999;
  connection.tick();
  t.same(told, ['pause', 'resume', 'pause']);
  clock.now += 1;
  connection.tick();
  t.same(told, ['pause', 'resume', 'pause', 'close 4004']);
});
