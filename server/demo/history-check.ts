// What the logs of all devices of one chat must say together, however often everything was killed.
// Pure: logs go in, what is wrong comes out, by kind.

import type { Line } from './history-log.js';

export interface DeviceLog {
  readonly device: string;
  readonly lines: readonly Line[];
}

export const FAULTS = {
  lost: 'acked, and not in the chat where its serverAck said',
  duplicated: 'typed once, and twice in the chat',
  reordered: 'in the chat before what its device typed earlier',
  unseen: 'in the chat, and never handed to a device',
  skipped: 'handed to a device out of the order of seq',
  different: 'one message for one device, and another for another',
} as const;

export type Fault = keyof typeof FAULTS;

/** Each with the device and the seq or body that it is about. */
export type Findings = Readonly<Record<Fault, readonly string[]>>;

export function check(logs: readonly DeviceLog[]): Findings {
  const { chat, different } = chatOf(logs);
  const bodies = [...chat.values()].filter((body) => body !== '');
  return {
    lost: logs.flatMap((log) => lostOf(log, chat)),
    duplicated: bodies.filter((body, index) => bodies.indexOf(body) !== index),
    reordered: logs.flatMap(({ device }) => reorderedOf(device, chat)),
    unseen: logs.flatMap((log) => unseenOf(log, chat)),
    skipped: logs.flatMap(skippedOf),
    different,
  };
}

export function isClean(findings: Findings): boolean {
  return Object.values(findings).every((found) => found.length === 0);
}

export function bodyOf(device: string, number: number): string {
  return `${device} ${number}`;
}

type Chat = ReadonlyMap<number, string>;

/** What anybody was handed at each seq. */
function chatOf(logs: readonly DeviceLog[]): { chat: Chat; different: string[] } {
  const found = new Map<number, string>();
  const different: string[] = [];
  for (const { device, lines } of logs) {
    for (const line of lines) {
      if (!('seen' in line)) continue;
      const known = found.get(line.seq) ?? line.seen;
      if (known !== line.seen) different.push(`${device} ${line.seq}`);
      found.set(line.seq, known);
    }
  }
  const seqs = [...found.keys()].sort((left, right) => left - right);
  return { chat: new Map(seqs.map((seq) => [seq, found.get(seq) ?? ''])), different };
}

function lostOf({ device, lines }: DeviceLog, chat: Chat): string[] {
  return lines.flatMap((line) => {
    if (!('acked' in line)) return [];
    const body = bodyOf(device, line.acked);
    return chat.get(line.seq) === body ? [] : [`${body} acked as ${line.seq}`];
  });
}

function reorderedOf(device: string, chat: Chat): string[] {
  const own = [...chat.values()].filter((body) => body.startsWith(`${device} `));
  const numbers = own.map((body) => Number(body.slice(device.length + 1)));
  return numbers.flatMap((number, index) => {
    return number < (numbers[index - 1] ?? 0) ? [bodyOf(device, number)] : [];
  });
}

function unseenOf({ device, lines }: DeviceLog, chat: Chat): string[] {
  const seen = new Set(lines.flatMap((line) => ('seen' in line ? [line.seq] : [])));
  const acked = Math.max(0, ...lines.flatMap((line) => ('acked' in line ? [line.seq] : [])));
  const head = Math.max(acked, ...chat.keys(), 0);
  const all = Array.from({ length: head }, (_, index) => index + 1);
  return all.filter((seq) => !seen.has(seq)).map((seq) => `${device} ${seq}`);
}

function skippedOf({ device, lines }: DeviceLog): string[] {
  const seqs = lines.flatMap((line) => ('seen' in line ? [line.seq] : []));
  return seqs.flatMap((seq, index) => {
    return seq === (seqs[index - 1] ?? 0) + 1 ? [] : [`${device} ${seq}`];
  });
}
