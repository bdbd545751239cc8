// The scenario `end-to-end`: devices of two users, and of groups, over WebSockets to a broker that
// syncs before each ack. `bench/run.mjs` builds all of it and passes where things are.

import { mkdir } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { enrol, type Messenger, type Places, startMessenger } from '../messenger/index.js';
import { Baseline, COMMON_OPTIONS, publish, type Row } from '../tools/index.js';
import { type Bench, groupBursts, halfLoad, maximumRow, nearMaximum } from './rows.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    targets: { type: 'string', default: '17,18,24' },
    /** Chats of two users with two devices each. */
    chats: { type: 'string', default: '200' },
    /** Groups, and users of one, with two devices each. */
    groups: { type: 'string', default: '2' },
    members: { type: 'string', default: '50' },
    window: { type: 'string', default: '1000' },
    baseline: { type: 'string', default: '' },
    broker: { type: 'string', default: '' },
    plain: { type: 'string', default: '' },
    generator: { type: 'string', default: '' },
  },
});

const DEVICES_EACH = 2;
/** Messages that come to a group together; each is of another device. */
const BURSTS = [16, 64];
const ECHO_SOCKETS = 100;

const wanted = new Set(values.targets.split(','));
const places: Places = values;

async function main(): Promise<void> {
  await mkdir(values.folder, { recursive: true });
  const place = { folder: values.folder, chats: 1_000, commit: values.commit };
  const baseline = new Baseline(values.baseline, place);
  try {
    const machine = await baseline.machine();
    const rows = [...(await chatRows(baseline)), ...(await groupRows(baseline))];
    const durability = `fdatasync before ack, device cache: ${machine['device write cache']}`;
    const facts = { ...machine, node: process.version, generator: GENERATOR };
    await publish({ scenario: 'end-to-end', durability, machine: facts, rows }, values.json);
  } finally {
    await baseline.close();
  }
}

const GENERATOR = 'JavaScript, one process, light devices; its lag is in every latency';

/** A messenger in which each chat has so many users; all are connected and warm. */
async function messengerOf(users: number, perChat: number): Promise<Messenger> {
  const messenger = await startMessenger(places, {
    connectionsMax: users * DEVICES_EACH + 1,
    enrol: (data) => enrol({ data, users, devicesEach: DEVICES_EACH }),
  });
  const { broker, generator, people } = messenger;
  const devicesPerChat = perChat * DEVICES_EACH;
  await generator.ask('gather', { url: broker.url, people, devicesPerChat });
  return messenger;
}

function benchOf(messenger: Messenger, baseline: Baseline): Bench {
  const rounds = Number(values.rounds ?? (values.quick ? 5 : 20));
  const windowMs = Number(values.window);
  return { ...messenger, baseline, rounds, windowMs };
}

async function chatRows(baseline: Baseline): Promise<Row[]> {
  if (!(wanted.has('18') || wanted.has('24'))) return [];
  const messenger = await messengerOf(Number(values.chats) * 2, 2);
  try {
    const bench = benchOf(messenger, baseline);
    const { plain, generator } = messenger;
    await generator.ask('gatherPlain', { url: plain.url, sockets: ECHO_SOCKETS, perGroup: 0 });
    console.error('  maximum');
    const maximum = await maximumRow(bench);
    const rows: Row[] = [maximum];
    if (wanted.has('18')) {
      console.error('  target 18');
      rows.push(await halfLoad(bench, maximum.rate));
    }
    if (wanted.has('24')) {
      console.error('  target 24');
      rows.push(await nearMaximum(bench, maximum.rate));
    }
    return rows;
  } finally {
    await messenger.stop();
  }
}

async function groupRows(baseline: Baseline): Promise<Row[]> {
  if (!wanted.has('17')) return [];
  const [members, groups] = [Number(values.members), Number(values.groups)];
  const messenger = await messengerOf(members * groups, members);
  try {
    console.error('  target 17');
    const { plain, generator } = messenger;
    const perGroup = members * DEVICES_EACH;
    await generator.ask('gatherPlain', { url: plain.url, sockets: perGroup * groups, perGroup });
    const rows: Row[] = [];
    for (const messages of BURSTS) {
      rows.push(await groupBursts(benchOf(messenger, baseline), messages));
    }
    return rows;
  } finally {
    await messenger.stop();
  }
}

await main();
