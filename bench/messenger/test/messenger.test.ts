// The loads at tiny sizes: they count what they should, and leave nothing in flight. How long
// anything takes is not looked at.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { type Closed, enrol, type OpenWindow, startMessenger } from '../index.js';

const at = (module: string) => fileURLToPath(new URL(module, import.meta.url));
const isLinux = process.platform === 'linux';

async function tinyMessenger(t: Test, users: number) {
  const folder = await mkdtemp(join(tmpdir(), 'foq-messenger-'));
  const places = {
    folder,
    broker: at('../../../server/cli/main.js'),
    plain: at('../plain-server.js'),
    generator: at('../generator.js'),
  };
  const messenger = await startMessenger(places, {
    connectionsMax: 100,
    enrol: (data) => enrol({ data, users, devicesEach: 2 }),
  });
  t.teardown(async () => {
    await messenger.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return messenger;
}

test('each message of two users reaches the 3 other devices, in both loops', async (t) => {
  const { broker, plain, generator, people } = await tinyMessenger(t, 4);
  await generator.ask('gather', { url: broker.url, people, devicesPerChat: 4 });
  const closed = await generator.ask<Closed>('maximum', { windowMs: 50 });
  t.ok(closed.messages >= 2, 'each of 2 chats has sent');
  t.equal(closed.deliveries, closed.messages * 3);
  const course = { rate: 100, windowMs: 100 };
  const open = await generator.ask<OpenWindow>('atRate', course);
  t.equal(open.latency.samples, 10 * 2, 'two devices of the other user have each of 10 messages');
  t.ok(open.latency.p50 > 0 && open.latency.p50 <= open.latency.p99);
  await generator.ask('gatherPlain', { url: plain.url, sockets: 2, perGroup: 0 });
  const echoes = await generator.ask<OpenWindow>('echoes', course);
  t.equal(echoes.latency.samples, 10);
  if (isLinux) t.ok(broker.cpu() > 0 && broker.residentBytes() > 0);
});

test('each message of a burst reaches all of its group but the sender', async (t) => {
  const { broker, plain, generator, people } = await tinyMessenger(t, 6);
  const burst = { windowMs: 50, messages: 4 };
  await generator.ask('gather', { url: broker.url, people, devicesPerChat: 6 });
  const ours = await generator.ask<Closed>('bursts', burst);
  t.ok(ours.messages >= 8, 'each of 2 groups had a burst of 4');
  t.equal(ours.deliveries, ours.messages * 5);
  await generator.ask('gatherPlain', { url: plain.url, sockets: 12, perGroup: 6 });
  const theirs = await generator.ask<Closed>('plainBursts', burst);
  t.ok(theirs.messages >= 8);
  t.equal(theirs.deliveries, theirs.messages * 5);
  await t.rejects(generator.ask('bursts of', burst), /there is no call/);
});
