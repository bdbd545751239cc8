// `npm run demo`: two users and three devices, one of them offline, and a broker that is killed in
// the middle of a burst. Then everything that was acked must be on every device, once, in order.
// Prints the story and PASS, or FAIL and what is wrong; `--plant-loss` takes one message out of
// what is checked, to show that FAIL can be.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage } from '../../protocol/client/index.js';
import { BrokerProcess } from './broker-process.js';
import { complaints, type Evidence } from './checks.js';
import { DemoDevice } from './demo-device.js';

/** Messages of each device before the burst, and in it. */
const QUIET = 10;
const BURST = 60;
/** So many of the burst have their serverAck when the broker is killed. */
const ACKED_BEFORE_KILL = 30;

async function demo(data: string, { plantsLoss }: { plantsLoss: boolean }): Promise<boolean> {
  const broker = await BrokerProcess.start(data);
  try {
    tell(`a broker runs at ${broker.url}`);
    const evidence = await story(broker);
    const found = complaints(plantsLoss ? withLoss(evidence) : evidence);
    for (const line of found) tell(`wrong: ${line}`);
    return found.length === 0;
  } finally {
    await broker.kill();
  }
}

async function story(broker: BrokerProcess): Promise<Evidence> {
  const devices = await threeDevices(broker);
  const [phone, laptop, bob] = devices;
  try {
    const { chatId } = await phone.client.createChat({ participants: ['bob'] });
    tell(`ann writes to bob, from a phone and a laptop, in chat ${chatId}`);
    await Promise.all(devices.flatMap((device) => sends(device, chatId, { from: 1, to: QUIET })));
    await Promise.all(devices.map((device) => device.reaches(chatId, headOf(devices))));
    tell(`${headOf(devices)} records are on all three devices`);
    await bob.disconnect();
    tell('bob is offline');
    await burst({ broker, devices: [phone, laptop], chatId });
    await bob.connect();
    tell('bob is back');
    const head = headOf(devices);
    await Promise.all(devices.map((device) => device.reaches(chatId, head)));
    tell(`the head is ${head}; every device has ${devices.map(({ last }) => last).join(', ')}`);
    const views = await Promise.all(devices.map((device) => device.view(chatId)));
    return { sent: devices.flatMap(({ sent }) => sent), devices: views, head };
  } finally {
    await Promise.all(devices.map((device) => device.disconnect()));
  }
}

async function threeDevices(broker: BrokerProcess): Promise<[DemoDevice, DemoDevice, DemoDevice]> {
  const device = async (userId: string, deviceId: string) => {
    const made = new DemoDevice({ userId, deviceId }, { broker, storage: memoryStorage() });
    await made.connect();
    return made;
  };
  return [
    await device('ann', 'phone'),
    await device('ann', 'laptop'),
    await device('bob', 'phone'),
  ];
}

async function burst(given: {
  broker: BrokerProcess;
  devices: readonly DemoDevice[];
  chatId: string;
}): Promise<void> {
  const { broker, devices, chatId } = given;
  const range = { from: QUIET + 1, to: QUIET + BURST };
  let acked = 0;
  const enough = new Promise<void>((resolve) => {
    for (const { client } of devices) {
      client.on('sent', () => {
        acked += 1;
        if (acked === ACKED_BEFORE_KILL) resolve();
      });
    }
  });
  const all = Promise.all(devices.flatMap((device) => sends(device, chatId, range)));
  await Promise.race([enough, all]);
  const before = acked;
  await broker.kill();
  tell(`the broker is killed; ${before} of ${devices.length * BURST} have their serverAck`);
  await broker.start();
  tell('the broker is back');
  await all;
  tell(`all ${devices.length * BURST} have their serverAck`);
}

function sends(
  device: DemoDevice,
  chatId: string,
  { from, to }: { from: number; to: number },
): Promise<void>[] {
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return numbers.map((number) => device.send(chatId, number));
}

/** The chat's first record says who is in it; all others were sent here. */
function headOf(devices: readonly DemoDevice[]): number {
  return Math.max(...devices.flatMap(({ sent }) => sent.map(({ seq }) => seq)));
}

function withLoss(evidence: Evidence): Evidence {
  const [first, ...rest] = evidence.devices;
  if (first === undefined) return evidence;
  const middle = Math.floor(first.seen.length / 2);
  const seen = first.seen.filter((_, index) => index !== middle);
  return { ...evidence, devices: [{ ...first, seen }, ...rest] };
}

function tell(line: string): void {
  console.log(line);
}

const data = mkdtempSync(join(tmpdir(), 'foq-demo-'));
try {
  const passes = await demo(data, { plantsLoss: process.argv.includes('--plant-loss') });
  console.log(passes ? 'PASS' : 'FAIL');
  process.exitCode = passes ? 0 : 1;
} catch (error) {
  console.error(error);
  console.log('FAIL');
  process.exitCode = 1;
} finally {
  rmSync(data, { recursive: true, force: true });
}
