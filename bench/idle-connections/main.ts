// The scenario `idle-connections`: what a connection costs that says nothing. Devices are welcomed
// and have their stream; the plain server's sockets are merely open. Both servers run in the same
// Node, collect their garbage before they are looked at, and are fresh in every round.

import { mkdir } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import {
  type Messenger,
  type Places,
  type Server,
  startMessenger,
  strangers,
} from '../messenger/index.js';
import { COMMON_OPTIONS, estimate, median, publish, type Row } from '../tools/index.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    connections: { type: 'string' },
    broker: { type: 'string', default: '' },
    plain: { type: 'string', default: '' },
    generator: { type: 'string', default: '' },
    collector: { type: 'string', default: '' },
  },
});

/** So many are there before the first look, so that code and pools are not counted. */
const FIRST_SHARE = 0.1;
/** Looks at a server that has settled, and the pause before each. */
const LOOKS = 5;
const PAUSE_MS = 200;

const places: Places = values;
const connections = Number(values.connections ?? (values.quick ? 2_000 : 8_000));
const first = Math.ceil(connections * FIRST_SHARE);

async function main(): Promise<void> {
  await mkdir(values.folder, { recursive: true });
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 10));
  const [ours, plain] = [[] as number[], [] as number[]];
  for (let round = 0; round < rounds; round++) {
    console.error(`  round ${round + 1} of ${rounds}`);
    const messenger = await begin();
    try {
      const sides = [() => oursOf(messenger), () => plainOf(messenger)];
      const [one, other] = round % 2 === 0 ? sides : [...sides].reverse();
      const [left, right] = [(await one?.()) ?? 0, (await other?.()) ?? 0];
      ours.push(round % 2 === 0 ? left : right);
      plain.push(round % 2 === 0 ? right : left);
    } finally {
      await messenger.stop();
    }
  }
  await publish(
    {
      scenario: 'idle-connections',
      durability: 'nothing is written',
      machine: {
        commit: values.commit,
        cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
        kernel: release(),
        node: process.version,
      },
      rows: [rowOf(ours, plain)],
    },
    values.json,
  );
}

function begin(): Promise<Messenger> {
  return startMessenger(places, {
    connectionsMax: connections + 1,
    enrol: (data) => strangers({ data, users: connections, devicesEach: 1 }),
  });
}

/** Bytes of one more device. */
async function oursOf({ broker, generator, people }: Messenger): Promise<number> {
  const gather = (part: Messenger['people']) =>
    generator.ask('gather', { url: broker.url, people: part, devicesPerChat: 0 });
  await gather(people.slice(0, first));
  const before = await settled(broker);
  await gather(people.slice(first));
  const bytes = (await settled(broker)) - before;
  await generator.ask('leave', undefined);
  return bytes / (connections - first);
}

/** The same of one more plain socket. */
async function plainOf({ plain, generator }: Messenger): Promise<number> {
  const gather = (sockets: number) =>
    generator.ask('gatherPlain', { url: plain.url, sockets, perGroup: 0 });
  await gather(first);
  const before = await settled(plain);
  await gather(connections - first);
  const bytes = (await settled(plain)) - before;
  await generator.ask('leavePlain', undefined);
  return bytes / (connections - first);
}

/** Resident bytes after garbage was collected: the median of some looks. */
async function settled(server: Server): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    server.collect();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    looks.push(server.residentBytes());
  }
  return median(looks);
}

function rowOf(ours: readonly number[], plain: readonly number[]): Row {
  return {
    target: '19',
    title: `resident memory of one of ${connections.toLocaleString('en')} devices / plain socket`,
    value: estimate(ours.map((bytes, round) => bytes / (plain[round] ?? Number.NaN))),
    must: 1.6,
    aim: 1.1,
    lessIsBetter: true,
    beside: { 'device bytes': median(ours), 'plain socket bytes': median(plain) },
  };
}

await main();
