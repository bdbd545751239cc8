// Key sets as the configuration names them: what keeps a broker from starting, what does not, and
// what a device hears while its issuer does not answer.

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { startBroker } from '../index.js';
import { openKeySets } from '../keys.js';

const WITHIN_MS = 20_000;
/** The discard port of this machine: nothing listens there. */
const NOBODY = 'http://127.0.0.1:9/keys';

function aFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-sets-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a key set that is named wrongly is refused with what is wrong', async (t) => {
  const folder = aFolder(t);
  writeFileSync(join(folder, 'text'), 'no keys');
  const wrong: readonly [string, RegExp][] = [
    ['shop', /is not issuer=file or URL/],
    ['=keys.json', /is not issuer=file or URL/],
    [`shop=${join(folder, 'missing')}`, /missing cannot be read: ENOENT/],
    [`shop=${join(folder, 'text')}`, /text cannot be read: .*JSON/],
    ['shop=http://keys.example/set', /must be https, as it is beyond this machine/],
    ['shop=http://127.0.0.1.evil.example/set', /must be https/],
    ['shop=https://', /is no address/],
  ];
  for (const [spec, message] of wrong) {
    const opened = openKeySets([spec], { now: () => 0, failed: () => undefined });
    await t.rejects(opened, { code: 'FOQ_INVALID_ARGUMENT', message }, spec);
  }
});

test('a broker starts while an issuer is down, and devices are to come again', async (t) => {
  const data = join(aFolder(t), 'data');
  const tokenKeySets = [`shop=${NOBODY}`];
  const broker = await startBroker({ data, tokenKeySets, port: 0, logLevel: 'silent' });
  t.teardown(() => broker.close());
  t.notOk(broker.hasDevelopmentKey, 'a key set is a key of its own');
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = `${part({ alg: 'EdDSA', kid: 'k' })}.${part({ iss: 'shop' })}.AAAA`;
  const headers = { authorization: `Bearer ${token}` };
  t.equal((await fetch(`${broker.url}/chats`, { headers })).status, 503);
  const place = `${broker.url.replace('http', 'ws')}/chat`;
  const socket = new WebSocket(place, ['foq.v1.json']);
  t.teardown(() => socket.terminate());
  const maps: unknown[] = [];
  socket.on('message', (frame: Buffer) => maps.push(...[JSON.parse(frame.toString())].flat()));
  await once(socket, 'open', { signal: AbortSignal.timeout(WITHIN_MS) });
  socket.send(JSON.stringify({ t: 'hello', id: 1, token }));
  const [code] = await once(socket, 'close', { signal: AbortSignal.timeout(WITHIN_MS) });
  t.equal(code, 4000, 'a code after which clients connect again');
  t.match(maps, [{ t: 'error', id: 1, name: 'UNAVAILABLE', retry: 'later', retryAfterMs: 10_000 }]);
  t.notMatch(JSON.stringify(maps), NOBODY, 'where keys are is no business of devices');
});
