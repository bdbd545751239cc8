// Real sockets: who is let in, what hostile frames cost, and how connections end.

import { once } from 'node:events';
import { request } from 'node:http';
import { test } from 'tap';
import { WebSocket } from 'ws';
import { FoqError } from '../../../protocol/index.js';
import { eventOf, SUBPROTOCOLS } from '../../../protocol/wire/index.js';
import { aDevice, aGateway, aSocket, ORIGIN, until } from './rig.js';

/** Status, headers and problem of an upgrade that was refused. */
async function refused(port: number, path: string, headers: Record<string, string>) {
  const asked = request({
    port,
    path,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
      ...headers,
    },
  }).end();
  const [answer] = await once(asked, 'response');
  let body = '';
  for await (const part of answer.setEncoding('utf8')) body += part;
  return { status: answer.statusCode, headers: answer.headers, problem: JSON.parse(body) };
}

test('an upgrade without a known subprotocol is 426 and lists them', async (t) => {
  const { port } = await aGateway(t);
  for (const offered of [{}, { 'sec-websocket-protocol': 'foq.v9.xml' }]) {
    const { status, headers, problem } = await refused(port, '/chat', offered);
    t.equal(status, 426);
    t.equal(headers['sec-websocket-protocol'], SUBPROTOCOLS.join(', '));
    t.equal(headers['content-type'], 'application/problem+json');
    t.match(problem, { status: 426, code: 1400, name: 'INVALID_ARGUMENT' });
  }
});

test('another path is 404, a foreign Origin 403, and a known Origin is let in', async (t) => {
  const { port } = await aGateway(t);
  const good = { 'sec-websocket-protocol': 'foq.v1.json' };
  t.equal((await refused(port, '/queue', good)).status, 404);
  const foreign = { ...good, origin: 'http://evil.example' };
  t.equal((await refused(port, '/chat', foreign)).status, 403);
  const page = new WebSocket(`ws://127.0.0.1:${port}/chat`, ['foq.v1.json'], { origin: ORIGIN });
  await once(page, 'open');
  page.terminate();
});

test('one connection more than there may be is 503, also of strangers', async (t) => {
  const { port, gateway } = await aGateway(t, { connectionsMax: 2, strangersMax: 1 });
  await aSocket(port);
  const good = { 'sec-websocket-protocol': 'foq.v1.json' };
  const { status, headers, problem } = await refused(port, '/chat', good);
  t.equal(status, 503);
  t.equal(headers['retry-after'], '5');
  t.match(problem, { name: 'BUSY', retryAfterMs: 5_000 });
  t.match(gateway.stats(), { connections: 1, refused: 1, accepted: 1 });
});

test('devices count against all sockets, and no longer against strangers', async (t) => {
  const { port } = await aGateway(t, { connectionsMax: 2, strangersMax: 1 });
  await aDevice(port);
  await aDevice(port, { name: 'bob/phone' });
  const good = { 'sec-websocket-protocol': 'foq.v1.json' };
  t.equal((await refused(port, '/chat', good)).status, 503);
});

test('one hello a second more than are let in is BUSY and 4005, and may come again', async (t) => {
  const rig = await aGateway(t, { hellosPerSecond: 2 });
  const first = await aDevice(rig.port);
  await aDevice(rig.port, { name: 'bob/phone' });
  const late = await aSocket(rig.port);
  late.send({ t: 'hello', id: 3, token: 'eve/phone' });
  t.equal(await late.closed, 4005);
  t.match(late.maps, [{ t: 'error', id: 3, name: 'BUSY', retry: 'later', retryAfterMs: 500 }]);
  first.send({ t: 'auth', id: 1, token: 'ann/phone' });
  t.match(await first.next(({ id }) => id === 1), { t: 'ok' }, 'who is in stays in');
  rig.now += 500;
  t.equal((await aDevice(rig.port, { name: 'eve/phone' })).maps.length, 1);
});

for (const subprotocol of SUBPROTOCOLS) {
  test(`a device is welcomed and answered in ${subprotocol}`, async (t) => {
    const rig = await aGateway(t);
    rig.run = async () => ({ fields: { chat: { chatId: 'c' } } });
    const device = await aDevice(rig.port, { subprotocol });
    device.send({ t: 'getChat', id: 1, chatId: 'c' });
    t.match(await device.next(({ id }) => id === 1), { t: 'ok', chat: { chatId: 'c' } });
    t.match(rig.gateway.stats(), { connections: 1, devices: 1 });
    device.send({ t: 'bye' });
    t.equal(await device.closed, 1000);
    await until(() => rig.gateway.stats().connections === 0, 'the connection is gone');
  });
}

test('what is answered in one turn is written as one frame', async (t) => {
  const rig = await aGateway(t);
  const device = await aDevice(rig.port);
  let frames = 0;
  device.socket.on('message', () => {
    frames += 1;
  });
  device.socket.send(JSON.stringify([1, 2, 3, 4].map((id) => ({ t: 'ping', id }))));
  await device.next(({ id }) => id === 4);
  t.equal(frames, 1);
});

test('a frame of the wrong kind, and frames that are refused as a whole, are 4400', async (t) => {
  const { port } = await aGateway(t);
  const nested = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const hostile: readonly (string | Buffer)[] = [
    Buffer.from('{"t":"ping"}'),
    '{"t":',
    '7',
    '[]',
    nested,
    `[${'0,'.repeat(5_000)}0]`,
    '{"__proto__":{"t":"ping"}}',
  ];
  for (const frame of hostile) {
    const device = await aDevice(port);
    device.socket.send(frame);
    t.equal(await device.closed, 4400, String(frame).slice(0, 20));
  }
});

test('bombs in MessagePack are 4400 and cost nothing', async (t) => {
  const { port, gateway } = await aGateway(t);
  const bombs = [
    Buffer.alloc(200_000, 0x91),
    Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0xdf, 0x7f, 0xff, 0xff, 0xff]),
    Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0xd4, 0x00, 0x00]),
    Buffer.from([0xc7, 0x04, 0x78, 1, 2, 3, 4]),
    Buffer.from([0x81, 0x01, 0x02]),
  ];
  for (const bomb of bombs) {
    const device = await aDevice(port, { subprotocol: 'foq.v1.msgpack' });
    device.socket.send(bomb);
    t.equal(await device.closed, 4400, bomb.subarray(0, 4).toString('hex'));
  }
  t.equal((await aDevice(port)).maps.length, 1);
  t.equal(gateway.stats().closed.get(4400), bombs.length);
});

test('wrong types and unknown commands are errors, and the connection stays', async (t) => {
  const { port } = await aGateway(t);
  const device = await aDevice(port);
  const wrong = [
    { t: 'fly', id: 1 },
    { t: 'sendMessage', id: 2, chatId: 7, clientMsgId: {}, messageBody: [] },
    { t: 'history', id: 3, chatId: 'c', since: -1 },
    { t: ['ping'], id: 4 },
    { t: 'constructor', id: 5 },
    { t: 'ping', id: 6, more: 'fields' },
  ];
  device.socket.send(JSON.stringify(wrong));
  t.match(await device.next(({ id }) => id === 6), { t: 'ok' });
  t.same(
    device.maps.slice(1).map(({ id, name }) => [id, name]),
    [
      [1, 'UNKNOWN_COMMAND'],
      [2, 'INVALID_ARGUMENT'],
      [3, 'INVALID_ARGUMENT'],
      [4, 'INVALID_ARGUMENT'],
      [5, 'UNKNOWN_COMMAND'],
      [6, undefined],
    ],
  );
});

test('a flood of pings is answered 10 times a second at most', async (t) => {
  const { port } = await aGateway(t);
  const device = await aDevice(port);
  let pongs = 0;
  device.socket.on('pong', () => {
    pongs += 1;
  });
  for (let count = 0; count < 2_000; count += 1) device.socket.ping();
  device.send({ t: 'ping', id: 1 });
  await device.next(({ id }) => id === 1);
  t.ok(pongs > 0 && pongs < 200, `${pongs} pongs`);
});

test('the newest session of a device wins, and the older is closed with 4409', async (t) => {
  const { port, gateway } = await aGateway(t);
  const older = await aDevice(port);
  const newer = await aDevice(port);
  t.equal(await older.closed, 4409);
  newer.send({ t: 'ping', id: 1 });
  t.match(await newer.next(({ id }) => id === 1), { t: 'ok' });
  await until(() => gateway.stats().connections === 1, 'one is left');
  t.equal(gateway.stats().devices, 1);
});

test('a revoked device is closed with 4410 at the next tick, and not welcomed again', async (t) => {
  const rig = await aGateway(t);
  const device = await aDevice(rig.port);
  rig.revoked.add('ann/phone');
  rig.gateway.tick();
  t.equal(await device.closed, 4410);
  const again = await aSocket(rig.port);
  again.send({ t: 'hello', id: 0, token: 'ann/phone' });
  t.equal(await again.closed, 4410);
});

test('a stranger who says nothing, and a device that falls silent, are closed', async (t) => {
  const rig = await aGateway(t);
  const stranger = await aSocket(rig.port);
  const device = await aDevice(rig.port);
  rig.now += 5_000;
  rig.gateway.tick();
  t.equal(await stranger.closed, 4401);
  rig.now += 30_000;
  rig.gateway.tick();
  t.equal(await device.closed, 4002);
});

test('a bad token is told and closed with 4401', async (t) => {
  const { port } = await aGateway(t);
  const device = await aSocket(port);
  device.send({ t: 'hello', id: 4, token: 'nonsense' });
  t.equal(await device.closed, 4401);
  t.match(device.maps, [{ t: 'error', id: 4, name: 'UNAUTHORIZED' }]);
});

test('a mistake of ours is INTERNAL to the device, and reported with its cause', async (t) => {
  const rig = await aGateway(t);
  const mistake = new TypeError('secret of the server');
  rig.run = () => Promise.reject(mistake);
  const device = await aDevice(rig.port);
  device.send({ t: 'listChats', id: 1 });
  const told = await device.next(({ id }) => id === 1);
  t.match(told, { name: 'INTERNAL', message: 'A mistake of ours; the log has it.' });
  t.same(rig.reported, [mistake]);
});

test('events of the stream reach the device, and its end closes the session', async (t) => {
  const rig = await aGateway(t);
  const device = await aDevice(rig.port);
  device.send({ t: 'syncState', id: 1 });
  await until(() => rig.sinks.has('ann/phone'), 'the stream is attached');
  const event = eventOf('removed', { chatId: 'c', seq: 5 });
  const encoded = () => Buffer.from(JSON.stringify(event));
  rig.sinks.get('ann/phone')?.send([{ event, encoded }]);
  t.match(await device.next(({ t: name }) => name === 'removed'), { chatId: 'c', seq: 5 });
  rig.sinks.get('ann/phone')?.close(4004, 'SLOW');
  t.equal(await device.closed, 4004);
});

test('a gateway that closes waits for what is under way, and then for nobody', async (t) => {
  const rig = await aGateway(t);
  const answers: (() => void)[] = [];
  rig.run = () => {
    return new Promise((resolve) => {
      answers.push(() => resolve({ fields: {} }));
    });
  };
  const busy = await aDevice(rig.port);
  const idle = await aDevice(rig.port, { name: 'bob/phone' });
  busy.send({ t: 'listChats', id: 1 });
  await until(() => answers.length === 1, 'the command is under way');
  const closed = rig.gateway.close({ withinMs: 20_000, retryAfterMs: 7 });
  t.equal(await idle.closed, 4001);
  t.match(await busy.next(({ t: name }) => name === 'goAway'), { retryAfterMs: 7 });
  answers[0]?.();
  t.equal(await busy.closed, 4001);
  t.match(busy.maps.at(-1), { t: 'ok', id: 1 });
  await closed;
  t.notOk(rig.gateway.mayAccept());
});

test('100 devices that stop reading are bounded and given up, and others are served', async (t) => {
  const output = { bytesFull: 64 * 1024, bytesMax: 512 * 1024 };
  const rig = await aGateway(t, { output });
  const body = 'x'.repeat(100_000);
  rig.run = async (command) => {
    if (command.t === 'listChats') throw new FoqError('FOQ_BUSY');
    return { fields: { body } };
  };
  const names = Array.from({ length: 100 }, (_, index) => `user${index}/phone`);
  const devices = await Promise.all(names.map((name) => aDevice(rig.port, { name })));
  const before = process.memoryUsage().arrayBuffers;
  for (const device of devices) {
    device.socket.pause();
    for (let id = 1; id <= 512; id += 1) device.send({ t: 'getChat', id, chatId: 'c' });
  }
  const other = await aDevice(rig.port, { name: 'bob/phone' });
  let most = 0;
  await until(() => {
    rig.now += 100;
    rig.gateway.tick();
    other.send({ t: 'ping' });
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    return (rig.gateway.stats().closed.get(4004) ?? 0) === names.length;
  }, 'all that stopped reading are given up');
  t.ok(most < 2 * names.length * output.bytesMax, `${most} bytes at most`);
  other.send({ t: 'listChats', id: 9 });
  t.match(await other.next(({ id }) => id === 9), { name: 'BUSY' });
  for (const { socket } of devices) socket.terminate();
});
