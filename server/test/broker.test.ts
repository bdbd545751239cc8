// A whole broker over a real store: devices that speak to each other, tokens, what is refused, and
// what is there after a stop.

import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { openDirectory } from '../directory/index.js';
import { type Broker, type Config, startBroker } from '../index.js';
import { developmentKey } from '../tokens/index.js';

type Wire = Readonly<Record<string, unknown>>;

async function aDataFolder(t: Test): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), 'foq-broker-'));
  t.teardown(() => rmSync(data, { recursive: true }));
  const path = join(data, 'directory.db');
  const directory = await openDirectory({ path, now: () => Date.now() });
  for (const userId of ['ann', 'bob']) {
    await directory.upsertUser({ userId });
    await directory.upsertDevice({ userId, deviceId: 'phone' });
  }
  await directory.close();
  return data;
}

async function aBroker(t: Test, given: Partial<Config> & { data: string }): Promise<Broker> {
  const broker = await startBroker({ port: 0, logLevel: 'silent', ...given });
  t.teardown(() => broker.close());
  return broker;
}

async function tokenOf(data: string, claims: { userId: string; deviceId?: string }) {
  const scope = claims.deviceId === undefined ? 'admin' : 'chat';
  const key = await developmentKey(data);
  return await key.sign({ ...claims, scope, expiresInSeconds: 600 }, Date.now());
}

const WITHIN_MS = 20_000;

async function aDevice(t: Test, given: { broker: Broker; data: string; userId: string }) {
  const { broker, data, userId } = given;
  const url = `${broker.url.replace('http', 'ws')}/chat`;
  const socket = new WebSocket(url, ['foq.v1.json']);
  t.teardown(() => socket.terminate());
  const maps: Wire[] = [];
  socket.on('message', (frame: Buffer) => maps.push(...[JSON.parse(frame.toString())].flat()));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await once(socket, 'open', { signal: AbortSignal.timeout(WITHIN_MS) });
  const next = async (fits: (map: Wire) => boolean): Promise<Wire> => {
    for (;;) {
      const found = maps.find(fits);
      if (found !== undefined) return found;
      await once(socket, 'message', { signal: AbortSignal.timeout(WITHIN_MS) });
    }
  };
  let id = 0;
  const ask = (command: Wire): Promise<Wire> => {
    id += 1;
    const own = id;
    socket.send(JSON.stringify({ ...command, id: own }));
    return next((map) => map['id'] === own);
  };
  const token = await tokenOf(data, { userId, deviceId: 'phone' });
  t.match(await ask({ t: 'hello', token }), { t: 'welcome', userId, deviceId: 'phone' });
  return { ask, next, maps, closed };
}

test('a message reaches the other device, and its receipt comes back', async (t) => {
  const data = await aDataFolder(t);
  const broker = await aBroker(t, { data });
  const ann = await aDevice(t, { broker, data, userId: 'ann' });
  const bob = await aDevice(t, { broker, data, userId: 'bob' });
  await ann.ask({ t: 'syncState' });
  await bob.ask({ t: 'syncState' });
  const { chatId } = await ann.ask({ t: 'createChat', participants: ['bob'] });
  const sent = await ann.ask({ t: 'sendMessage', chatId, clientMsgId: 'm', messageBody: 'hi' });
  t.match(sent, { serverAck: { chatId, seq: 2, duplicate: false } });
  const message = await bob.next((map) => map['t'] === 'message' && map['seq'] === 2);
  t.match(message, { chatId, senderId: 'ann', messageBody: 'hi', attempt: 1 });
  const received = { t: 'messageAck', chatId, status: 'RECEIVED' };
  t.match(await bob.ask({ ...received, upToSeq: 3 }), { name: 'SEQ_OUT_OF_RANGE' });
  t.match(await bob.ask({ ...received, upToSeq: 2 }), { t: 'ok' });
  t.match(await bob.ask({ t: 'messageAck', chatId, status: 'READ', upToSeq: 2 }), { t: 'ok' });
  const receipt = await ann.next(({ t: name, userId, read }) => {
    return name === 'receipt' && userId === 'bob' && read === 2;
  });
  t.match(receipt, { chatId, delivered: 2 });
});

test('HTTP reads what a device sent, and nobody else does', async (t) => {
  const data = await aDataFolder(t);
  const broker = await aBroker(t, { data });
  const ann = await aDevice(t, { broker, data, userId: 'ann' });
  const { chatId } = await ann.ask({ t: 'createChat', participants: ['bob'] });
  await ann.ask({ t: 'sendMessage', chatId, clientMsgId: 'm', messageBody: 'hi' });
  const get = async (path: string, userId: string) => {
    const token = await tokenOf(data, { userId, deviceId: 'phone' });
    const headers = { authorization: `Bearer ${token}` };
    return await fetch(`${broker.url}${path}`, { headers });
  };
  const history = `/chats/${encodeURIComponent(String(chatId))}/history?since=1`;
  const read = await get(history, 'bob');
  t.match(await read.json(), { messages: [{ seq: 2, messageBody: 'hi' }], headSeq: 2 });
  const stranger = await get(history, 'eve');
  t.equal(stranger.status, 404);
  t.match(await stranger.json(), { name: 'CHAT_NOT_FOUND' });
  const { status } = await fetch(`${broker.url}/readyz`);
  t.equal(status, 200);
  const metrics = await (await fetch(`${broker.url}/metrics`)).text();
  t.match(metrics, /^foq_appends_total 2$/m);
  t.match(metrics, /^foq_devices 1$/m);
});

test('a broker that stops says so, and has all that it answered when it is back', async (t) => {
  const data = await aDataFolder(t);
  const broker = await aBroker(t, { data });
  const ann = await aDevice(t, { broker, data, userId: 'ann' });
  const { chatId } = await ann.ask({ t: 'createChat', participants: ['bob'] });
  await ann.ask({ t: 'sendMessage', chatId, clientMsgId: 'm', messageBody: 'hi' });
  await Promise.all([broker.close(), broker.close()]);
  t.equal(await ann.closed, 4001);
  t.match(ann.maps.at(-1), { t: 'goAway', reason: 'shutdown' });
  await t.rejects(fetch(`${broker.url}/healthz`));
  const again = await aBroker(t, { data });
  const bob = await aDevice(t, { broker: again, data, userId: 'bob' });
  t.match(await bob.ask({ t: 'syncState' }), { chats: [{ chatId, headSeq: 2, unread: 2 }] });
  t.match(await bob.next(({ seq }) => seq === 2), { messageBody: 'hi' });
});

test('two brokers do not share a data folder, and the first goes on', async (t) => {
  const data = await aDataFolder(t);
  const broker = await aBroker(t, { data });
  const taken = { data: await aDataFolder(t), port: broker.port, logLevel: 'silent' } as const;
  await t.rejects(startBroker(taken), { code: 'FOQ_UNAVAILABLE', message: /cannot be listened/ });
  t.equal((await fetch(`${broker.url}/healthz`)).status, 200);
  const again = await aBroker(t, { data: taken.data });
  t.ok(again.port, 'what could not start has let go of its data');
});

test('the keys of a broker are readable by nobody else', async (t) => {
  const data = await aDataFolder(t);
  await aBroker(t, { data });
  for (const name of ['development.key', 'chat-ids.key']) {
    t.equal(statSync(join(data, 'keys', name)).mode & 0o077, 0, name);
  }
});

test('a broker beyond loopback without TLS does not start, and makes nothing', async (t) => {
  const data = join(await aDataFolder(t), 'nothing');
  await t.rejects(startBroker({ data, host: '0.0.0.0', port: 0 }), {
    code: 'FOQ_INVALID_ARGUMENT',
    message: /--insecure-behind-proxy/,
  });
  t.throws(() => statSync(data), { code: 'ENOENT' });
});

test('a token that another key signed is refused', async (t) => {
  const data = await aDataFolder(t);
  const { url } = await aBroker(t, { data });
  const token = await tokenOf(await aDataFolder(t), { userId: 'ann', deviceId: 'phone' });
  const headers = { authorization: `Bearer ${token}` };
  t.equal((await fetch(`${url}/chats`, { headers })).status, 401);
});
