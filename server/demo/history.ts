// `npm run history -- --rounds 200`: three devices type into one chat without a pause, each a
// process of its own, while they and the broker are killed at random. At the end the logs of all
// devices are held against each other. `--seed` repeats the choices of a run, not its timing;
// `--plant-loss` takes one line out of a log, to show that the check can fail.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from '../../protocol/client/index.js';
import { admitted, chatUrlOf, NodeWebSocket } from '../cli/index.js';
import { BrokerProcess } from './broker-process.js';
import { check, type DeviceLog, FAULTS, type Fault, isClean } from './history-check.js';
import { HistoryDevice } from './history-device.js';
import { until } from './until.js';

const DEVICES = ['ann/phone', 'ann/laptop', 'bob/phone'] as const;
/** Acks between one kill and the next, at most. */
const ACKS_MAX = 25;
/** For a device to say what it lacks. */
const SAYING_MS = 1_000;
/** Of ten kills, those of the broker; the others are of a device. */
const BROKER_KILLS = 3;

interface Options {
  readonly rounds: number;
  readonly seed: number;
  readonly plantsLoss: boolean;
}

async function history(folder: string, options: Options): Promise<boolean> {
  const broker = await BrokerProcess.start(join(folder, 'data'));
  const devices = await devicesOf(broker, folder);
  try {
    for (const device of devices) device.start();
    const random = randomOf(options.seed);
    const kills = { broker: 0, device: 0 };
    for (let round = 1; round <= options.rounds; round += 1) {
      await acksGrow(devices, 1 + Math.floor(random() * ACKS_MAX));
      const isBroker = random() * 10 < BROKER_KILLS;
      kills[isBroker ? 'broker' : 'device'] += 1;
      if (isBroker) await restart(broker);
      else await again(devices[Math.floor(random() * devices.length)]);
      if (round % 20 === 0) console.log(`${round} rounds, ${acksOf(devices)} messages`);
    }
    console.log(`killed the broker ${kills.broker} times, devices ${kills.device} times`);
    return report(await settledLogs(devices), options);
  } finally {
    await Promise.all(devices.map((device) => device.kill()));
    await broker.kill();
  }
}

/** All are there before the chat is, so that each is in it from its first record. */
async function devicesOf(broker: BrokerProcess, folder: string): Promise<HistoryDevice[]> {
  const { url, data } = broker;
  for (const name of DEVICES) await admitted({ ...idsOf(name), url, data });
  const token = await admitted({ userId: 'ann', deviceId: 'setup', url, data });
  const setup = connect({ url: chatUrlOf(url), token, WebSocket: NodeWebSocket });
  const { chatId } = await setup.createChat({ participants: ['bob'] });
  await setup.close();
  return DEVICES.map((name) => new HistoryDevice({ ...idsOf(name), url, data, chatId, folder }));
}

function idsOf(name: string): { userId: string; deviceId: string } {
  const [userId = '', deviceId = ''] = name.split('/');
  return { userId, deviceId };
}

async function restart(broker: BrokerProcess): Promise<void> {
  await broker.kill();
  await broker.start();
}

async function again(device: HistoryDevice | undefined): Promise<void> {
  await device?.kill();
  device?.start();
}

async function acksGrow(devices: readonly HistoryDevice[], by: number): Promise<void> {
  const before = acksOf(devices);
  await until('messages are acked', () => acksOf(devices) >= before + by);
}

function acksOf(devices: readonly HistoryDevice[]): number {
  return devices.reduce((sum, device) => sum + device.acks(), 0);
}

/** Nothing is typed any more, all outboxes are empty, and every device has the same head. */
async function settledLogs(devices: readonly HistoryDevice[]): Promise<DeviceLog[]> {
  for (const device of devices) device.stop();
  await until('all outboxes are empty', () => devices.every(({ isDrained }) => isDrained));
  const head = Math.max(...devices.map((device) => device.head()));
  const isLacking = (device: HistoryDevice) => device.last() < head;
  await until('all devices have all', () => !devices.some(isLacking)).catch(async () => {
    for (const device of devices.filter(isLacking)) device.say();
    await new Promise((resolve) => setTimeout(resolve, SAYING_MS));
  });
  return devices.map(({ name, log }) => ({ device: name, lines: log() }));
}

function report(logs: readonly DeviceLog[], { plantsLoss }: Options): boolean {
  const findings = check(plantsLoss ? withLoss(logs) : logs);
  const heads = logs.map(({ lines }) => lines.filter((line) => 'seen' in line).length);
  console.log(`each device was handed ${heads.join(', ')} messages`);
  for (const [fault, meaning] of Object.entries(FAULTS) as [Fault, string][]) {
    const found = findings[fault];
    console.log(`${fault.padEnd(10)} ${found.length}   ${meaning}`);
    for (const one of found.slice(0, 5)) console.log(`           ${one}`);
  }
  return isClean(findings);
}

function withLoss(logs: readonly DeviceLog[]): DeviceLog[] {
  return logs.map(({ device, lines }, index) => {
    const seen = lines.filter((line) => 'seen' in line);
    const planted = index === 0 ? seen[Math.floor(seen.length / 2)] : undefined;
    return { device, lines: lines.filter((line) => line !== planted) };
  });
}

/** Of 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    'plant-loss': { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'foq-history-'));
try {
  const rounds = Number(values.rounds);
  const seed = Number(values.seed);
  console.log(`${rounds} rounds, seed ${seed}`);
  const passes = await history(folder, { rounds, seed, plantsLoss: values['plant-loss'] });
  console.log(passes ? 'PASS' : 'FAIL');
  process.exitCode = passes ? 0 : 1;
} catch (error) {
  console.error(error);
  console.log('FAIL');
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
