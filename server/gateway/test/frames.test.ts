// Frames that WebSocket itself is asked to refuse, before and after `hello`: too long, in too many
// parts, or no frames at all. Raw bytes, because a client that is in order cannot send them.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Test, test } from 'tap';
import { aDevice, aGateway, aSocket, until } from './rig.js';

const UPGRADE = [
  'GET /chat HTTP/1.1',
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==',
  'Sec-WebSocket-Protocol: foq.v1.json',
  '',
  '',
].join('\r\n');

interface Raw {
  readonly stream: Socket;
  /** Of the close frame; undefined where the stream ended without one. */
  readonly closed: Promise<number | undefined>;
  readonly maps: Record<string, unknown>[];
}

/** A socket that has been upgraded, and whose bytes are the test's. */
async function aRaw(t: Test, port: number): Promise<Raw> {
  const stream = connect(port, '127.0.0.1');
  t.teardown(() => stream.destroy());
  stream.on('error', () => undefined);
  stream.write(UPGRADE);
  const [head] = (await once(stream, 'data')) as [Buffer];
  t.match(head.toString(), /^HTTP\/1.1 101 /);
  const maps: Record<string, unknown>[] = [];
  let read = head.subarray(head.indexOf('\r\n\r\n') + 4);
  const closed = new Promise<number | undefined>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      for (let frame = frameIn(read); frame !== undefined; frame = frameIn(read)) {
        read = read.subarray(frame.end);
        if (frame.opcode === 8) resolve(frame.payload.readUInt16BE(0));
        else maps.push(...[JSON.parse(frame.payload.toString())].flat());
      }
    });
    stream.on('close', () => resolve(undefined));
  });
  return { stream, closed, maps };
}

/** The first whole frame of a server: unmasked, and short in these tests. */
function frameIn(bytes: Buffer) {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1);
  const start = short === 126 ? 4 : 2;
  if (bytes.length < start) return undefined;
  const end = start + (short === 126 ? bytes.readUInt16BE(2) : short);
  if (bytes.length < end) return undefined;
  return { opcode: bytes.readUInt8(0) & 0x0f, payload: bytes.subarray(start, end), end };
}

/** The head of a masked text frame that announces so many bytes; the mask changes nothing. */
function announcing(bytes: bigint): Buffer {
  const head = Buffer.alloc(14);
  head.set([0x81, 0xff]);
  head.writeBigUInt64BE(bytes, 2);
  return head;
}

function frameOf(map: object): Buffer {
  const text = Buffer.from(JSON.stringify(map));
  return Buffer.concat([announcing(BigInt(text.length)), text]);
}

const HELLO = frameOf({ t: 'hello', id: 0, token: 'ann/phone' });

const TOO_LARGE = { t: 'error', name: 'TOO_LARGE', details: { limit: 'frameBytesMax' } };

test('a frame over 4 KiB before hello is told TOO_LARGE and closed with 4413', async (t) => {
  const { port } = await aGateway(t);
  const device = await aSocket(port);
  device.send({ t: 'hello', id: 0, token: 'x'.repeat(4_090) });
  t.equal(await device.closed, 4413);
  t.match(device.maps, [TOO_LARGE]);
});

test('a frame of 200 KiB before hello is closed with 4413 while it comes', async (t) => {
  const { port, gateway } = await aGateway(t);
  const raw = await aRaw(t, port);
  raw.stream.write(Buffer.concat([announcing(204_800n), Buffer.alloc(6_000, 'x')]));
  t.equal(await raw.closed, 4413);
  t.match(raw.maps, [TOO_LARGE]);
  await until(() => gateway.stats().connections === 0, 'the connection is gone');
  const device = await aSocket(port);
  device.socket.send('x'.repeat(204_800));
  t.equal(await device.closed, 4413, 'also for one who goes on sending');
});

test('who sends much before hello and never ends a frame is closed with 4413', async (t) => {
  const { port, gateway } = await aGateway(t);
  const device = await aSocket(port);
  for (let part = 0; part < 16; part += 1) {
    device.socket.send('x'.repeat(512), { fin: false });
  }
  t.equal(await device.closed, 4413);
  await until(() => gateway.stats().connections === 0, 'the connection is gone');
  t.equal(gateway.stats().closed.get(4413), 1);
});

test('a frame that announces more than 256 KiB is closed with 4413 before it comes', async (t) => {
  const { port, gateway } = await aGateway(t);
  const bytes = [262_145n, 1_073_741_824n, 2n ** 52n, 2n ** 63n];
  for (const announced of bytes) {
    const raw = await aRaw(t, port);
    raw.stream.write(HELLO);
    await until(() => raw.maps.length === 1, 'the welcome');
    raw.stream.write(announcing(announced));
    t.equal(await raw.closed, 4413, `${announced} bytes`);
    t.match(raw.maps, [{ t: 'welcome' }, TOO_LARGE]);
    raw.stream.destroy();
  }
  t.equal(gateway.stats().closed.get(4413), bytes.length);
});

test('a frame of 256 KiB is taken, and a byte more is closed with 4413', async (t) => {
  const { port } = await aGateway(t);
  const device = await aDevice(port);
  const ping = '{"t":"ping","id":1,"more":""}';
  const frame = (bytes: number) => ping.replace('""', `"${'x'.repeat(bytes - ping.length)}"`);
  device.socket.send(frame(262_144));
  t.match(await device.next(({ id }) => id === 1), { t: 'ok' });
  device.socket.send(frame(262_145));
  t.equal(await device.closed, 4413);
  t.match(device.maps.at(-1), TOO_LARGE);
});

test('a frame of 10,000 fragments ends its connection alone, with 4400', async (t) => {
  const { port, gateway } = await aGateway(t);
  const other = await aDevice(port, { name: 'bob/phone' });
  const flood = await aDevice(port);
  for (let part = 0; part < 10_000; part += 1) flood.socket.send('', { fin: false });
  t.equal(await flood.closed, 4400);
  t.match(flood.maps.at(-1), { name: 'INVALID_ARGUMENT', details: { reason: 'malformed' } });
  other.send({ t: 'ping', id: 1 });
  t.match(await other.next(({ id }) => id === 1), { t: 'ok' });
  await until(() => gateway.stats().connections === 1, 'only the other is left');
});

test('bytes that are no WebSocket, and text that is not UTF-8, are closed with 4400', async (t) => {
  const { port, gateway } = await aGateway(t);
  const noise = await aRaw(t, port);
  noise.stream.write(Buffer.alloc(1_000, 0xff));
  t.equal(await noise.closed, 4400);
  t.match(noise.maps, [{ name: 'INVALID_ARGUMENT', details: { reason: 'malformed' } }]);
  const text = await aRaw(t, port);
  text.stream.write(Buffer.concat([announcing(2n), Buffer.from([0xc3, 0x28])]));
  t.equal(await text.closed, 4400);
  t.match(text.maps, [{ details: { reason: 'not-utf8' } }]);
  for (const { stream } of [noise, text]) stream.destroy();
  await until(() => gateway.stats().connections === 0, 'the connections are gone');
  t.equal((await aDevice(port)).maps.length, 1);
});

test('what a peer says when it closes is its own, and no fault of a frame', async (t) => {
  const { port, gateway } = await aGateway(t);
  const device = await aDevice(port);
  device.socket.close(1009, 'too large for me');
  t.equal(await device.closed, 1009);
  await until(() => gateway.stats().connections === 0, 'the connection is gone');
  t.equal(gateway.stats().closed.get(4413), undefined);
});
