// A broker that speaks TLS: a device over wss://, and files that are no certificate and its key.

import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { startBroker } from '../index.js';
import { developmentKey } from '../tokens/index.js';
import { aCertificate } from './certificate.js';

const WITHIN_MS = 20_000;

function aFolder(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'foq-tls-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return (name: string, text?: string): string => {
    const path = join(folder, name);
    if (text !== undefined) writeFileSync(path, text);
    return path;
  };
}

for (const host of ['127.0.0.1', '0.0.0.0']) {
  test(`a device says hello over wss:// to a broker on ${host}`, async (t) => {
    const file = aFolder(t);
    const { cert, key } = aCertificate();
    const tls = { tlsCert: file('cert.pem', cert), tlsKey: file('key.pem', key) };
    const data = file('data');
    const broker = await startBroker({
      ...{ ...tls, data, host, port: 0, logLevel: 'silent' },
      insecureDevelopmentKey: true,
    });
    t.teardown(() => broker.close());
    t.match(broker.url, `https://${host}:`);
    const place = `wss://127.0.0.1:${broker.port}/chat`;
    const socket = new WebSocket(place, ['foq.v1.json'], { ca: cert });
    t.teardown(() => socket.terminate());
    await once(socket, 'open', { signal: AbortSignal.timeout(WITHIN_MS) });
    const signer = await developmentKey(data);
    const claims = { userId: 'ann', deviceId: 'phone', expiresInSeconds: 60 };
    const token = await signer.sign(claims, Date.now());
    socket.send(JSON.stringify({ t: 'hello', id: 1, token }));
    const [frame] = await once(socket, 'message', { signal: AbortSignal.timeout(WITHIN_MS) });
    t.match([JSON.parse(String(frame))].flat(), [{ t: 'welcome', userId: 'ann' }]);
    const stranger = new WebSocket(place, ['foq.v1.json']);
    const [error] = await once(stranger, 'error');
    t.match(error, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'the certificate is asked for');
    const plain = new WebSocket(place.replace('wss', 'ws'), ['foq.v1.json']);
    await t.resolves(once(plain, 'error'), 'without TLS there is no answer');
  });
}

test('files that are no certificate and its key are refused, and nothing is made', async (t) => {
  const file = aFolder(t);
  const [own, other] = [aCertificate(), aCertificate()];
  const tlsCert = file('cert.pem', own.cert);
  const tlsKey = file('key.pem', own.key);
  const wrong = [
    { tlsCert: file('missing.pem'), tlsKey, says: /--tls-cert: .*missing\.pem.*\(ENOENT\)/ },
    { tlsCert, tlsKey: file('missing.pem'), says: /--tls-key: .*missing\.pem.*\(ENOENT\)/ },
    { tlsCert: file('.'), tlsKey, says: /--tls-cert: .*\(EISDIR\)/ },
    { tlsCert: file('text.pem', 'hello'), tlsKey, says: /text\.pem holds no certificate in PEM/ },
    { tlsCert, tlsKey: tlsCert, says: /cert\.pem holds no private key in PEM/ },
    { tlsCert, tlsKey: file('other.pem', other.key), says: /are no certificate and its key/ },
    {
      tlsCert: file('cut.pem', `${own.cert.slice(0, 120)}\n-----END CERTIFICATE-----\n`),
      tlsKey,
      says: /are no certificate and its key/,
    },
    { tlsCert, tlsKey: '', says: /belong together/ },
  ];
  const data = file('data');
  for (const { says, ...tls } of wrong) {
    const started = startBroker({ ...tls, data, port: 0, logLevel: 'silent' });
    await t.rejects(started, { code: 'FOQ_INVALID_ARGUMENT', message: says }, String(says));
  }
  t.throws(() => statSync(data), { code: 'ENOENT' });
});
