// The history checker sees each kind of fault that it counts.

import { test } from 'tap';
import { check, type DeviceLog, type Fault, isClean } from '../history-check.js';
import type { Line } from '../history-log.js';

const seen = (body: string, seq: number): Line => ({ seen: body, seq });

const all = [seen('', 1), seen('ann/phone 1', 2), seen('bob/phone 1', 3), seen('ann/phone 2', 4)];
const ann = [{ acked: 1, seq: 2 }, { acked: 2, seq: 4 }, ...all];
const bob = [{ acked: 1, seq: 3 }, ...all];

function logsOf(ofAnn: readonly Line[], ofBob: readonly Line[]): DeviceLog[] {
  return [
    { device: 'ann/phone', lines: ofAnn },
    { device: 'bob/phone', lines: ofBob },
  ];
}

test('logs that agree are clean, also when an ack came twice or never', (t) => {
  t.ok(isClean(check(logsOf(ann, bob))));
  t.ok(isClean(check(logsOf([{ acked: 1, seq: 2 }, ...ann], all))));
  t.end();
});

test('each planted fault is counted as what it is', (t) => {
  const [one, two, three, four] = all as [Line, Line, Line, Line];
  const twice = [one, two, three, seen('ann/phone 1', 4)];
  const swapped = [one, seen('ann/phone 2', 2), three, seen('ann/phone 1', 4)];
  const planted: readonly [Fault, DeviceLog[]][] = [
    ['lost', logsOf([{ acked: 3, seq: 5 }, ...ann], bob)],
    ['lost', logsOf([{ acked: 1, seq: 3 }, ...all], bob)],
    ['duplicated', logsOf(twice, twice)],
    ['reordered', logsOf(swapped, swapped)],
    ['unseen', logsOf(ann, [one, two, three])],
    ['skipped', logsOf(ann, [one, two, four])],
    ['skipped', logsOf(ann, [one, two, two, three, four])],
    ['different', logsOf(ann, [one, two, three, seen('ann/phone 9', 4)])],
  ];
  for (const [fault, logs] of planted) {
    t.ok(check(logs)[fault].length > 0, fault);
    t.notOk(isClean(check(logs)));
  }
  t.end();
});
