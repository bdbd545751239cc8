// The scenario `soak`: a load that is killed again and again. After each kill the files are
// verified, everything is read and held against what was answered, and the disk in use must come
// back to what is live. Then a time without kills, in which memory must not grow.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Child,
  COMMON_OPTIONS,
  estimate,
  freeBytes,
  type Row,
  scenario,
  slope,
  storeBytes,
  withChild,
} from '../tools/index.js';
import type { Told } from './checks.js';
import type { Checked, Given, Progress, Ran } from './child.js';

const { values } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    minutes: { type: 'string', default: '10' },
    'kill-every': { type: 'string', default: '20' },
    'quiet-minutes': { type: 'string' },
    window: { type: 'string', default: '64' },
    child: { type: 'string', default: '' },
    foq: { type: 'string', default: '' },
  },
});

const MINUTE_MS = 60_000;
const windowBytes = Number(values.window) * 2 ** 20;
const killEveryMs = Number(values['kill-every']) * 1000;
const totalMs = Number(values.minutes) * MINUTE_MS;
const quietMs = Number(values['quiet-minutes'] ?? Number(values.minutes) / 2) * MINUTE_MS;
const MAXIMUM_MS = 3_000;
/** The first part of the quiet time, in which caches fill. */
const WARM_SHARE = 0.25;
/** It stops early when the disk gets so full, or the store so large. */
const FREE_BYTES_MIN = 4 * 2 ** 30;
const STORE_BYTES_MAX = 16 * 2 ** 30;
const SPACE_MUST = 2;
const RESIDENT_MB_PER_MINUTE_MUST = 1;

class Soak {
  readonly #dir: string;
  readonly #told = new Map<number, Told>();
  readonly kills: { readonly space: number; readonly wrong: readonly string[] }[] = [];

  constructor(dir: string) {
    this.#dir = dir;
  }

  given(rate: number, ms: number): Given {
    return { dir: this.#dir, windowBytes, rate, ms };
  }

  #inChild<Value>(run: (child: Child) => Promise<Value>): Promise<Value> {
    return withChild(values.child, run, {
      heard: (word) => {
        for (const [chat, { appended, acked }] of word as Progress) {
          const before = this.#told.get(chat) ?? { appended: 0, acked: 0 };
          const told = {
            appended: Math.max(before.appended, appended),
            acked: Math.max(before.acked, acked),
          };
          this.#told.set(chat, told);
        }
      },
    });
  }

  /** To its end. */
  run(given: Given): Promise<Ran> {
    return this.#inChild((child) => child.ask<Ran>('run', given));
  }

  async runAndKill(rate: number): Promise<void> {
    const failed = await this.#inChild(async (child) => {
      const ran = child.ask<Ran>('run', this.given(rate, killEveryMs * 100));
      // It ends only by the kill, unless it failed, and that counts as wrong.
      let failure: unknown;
      ran.catch((error: unknown) => {
        failure = error;
      });
      await new Promise((resolve) => setTimeout(resolve, killEveryMs));
      return failure instanceof Error ? [failure.message] : [];
    });
    const { space, wrong } = await this.check();
    this.kills.push({ space, wrong: [...failed, ...wrong] });
  }

  async check(): Promise<{ readonly space: number; readonly wrong: readonly string[] }> {
    const verified = spawnSync(process.execPath, [values.foq, 'verify', this.#dir], {
      encoding: 'utf8',
    });
    const wrong = verified.status === 0 ? [] : [`foq verify: ${verified.stdout}${verified.stderr}`];
    const told: Progress = [...this.#told];
    return await this.#inChild(async (child) => {
      const checked = await child.ask<Checked>('check', { ...this.given(0, 0), told });
      const space = (this.bytes() - windowBytes) / Math.max(checked.liveBytes, windowBytes);
      return { space: Math.max(0, space), wrong: [...wrong, ...checked.complaints] };
    });
  }

  bytes(): number {
    return storeBytes(this.#dir);
  }

  get appended(): number {
    return [...this.#told.values()].reduce((sum, { appended }) => sum + appended, 0);
  }
}

async function measure(folder: string): Promise<{ rows: Row[]; facts: Record<string, string> }> {
  const soak = new Soak(join(folder, 'store'));
  const endAt = performance.now() + totalMs;
  const { rate: maximum } = await soak.run(soak.given(0, MAXIMUM_MS));
  const rate = maximum / 2;
  let stopped = 'no';
  while (performance.now() < endAt) {
    if (freeBytes(folder) < FREE_BYTES_MIN || soak.bytes() > STORE_BYTES_MAX) {
      stopped = 'yes: the disk, or the store, was too full';
      break;
    }
    await soak.runAndKill(rate);
    const last = soak.kills.at(-1);
    console.error(`  kill ${soak.kills.length}: ${last?.wrong.join('; ') || 'nothing is wrong'}`);
  }
  const quiet = await soak.run(soak.given(rate, quietMs));
  const after = await soak.check();
  const facts = {
    'appends a second': `${Math.round(rate)}, half of the maximum`,
    'stopped early': stopped,
    'store MB at the end': String(Math.round(soak.bytes() / 1e6)),
  };
  return { rows: rowsOf({ soak, quiet, wrong: after.wrong }), facts };
}

function rowsOf(given: {
  readonly soak: Soak;
  readonly quiet: Ran;
  readonly wrong: readonly string[];
}): Row[] {
  const { soak, quiet } = given;
  const wrong = [...soak.kills.flatMap((kill) => kill.wrong), ...given.wrong];
  const warmFrom = (quiet.resident.at(-1)?.[0] ?? 0) * WARM_SHARE;
  const flat = quiet.resident.filter(([seconds]) => seconds >= warmFrom);
  const perMinute = (slope(flat) * 60) / 1e6;
  const less = { target: '', lessIsBetter: true } as const;
  return [
    {
      ...less,
      title: `mistakes after ${soak.kills.length} kills and one ending`,
      value: estimate([wrong.length]),
      must: 0,
      beside: {
        appended: soak.appended,
        'repeats known by their keys at the last start': quiet.duplicates,
        ...(wrong[0] === undefined ? {} : { first: wrong[0] }),
      },
    },
    {
      ...less,
      title: 'disk beyond the window / live bytes, or the window when that is more',
      value: estimate(soak.kills.map(({ space }) => space)),
      must: SPACE_MUST,
    },
    {
      ...less,
      title: `MB of resident memory more each minute, ${quietMs / MINUTE_MS} minutes`,
      value: estimate([perMinute]),
      must: RESIDENT_MB_PER_MINUTE_MUST,
      beside: {
        'first MB': (flat[0]?.[1] ?? 0) / 1e6,
        'last MB': (flat.at(-1)?.[1] ?? 0) / 1e6,
        'chats in RAM': quiet.counters.chats,
        seals: quiet.counters.seals,
        merges: quiet.counters.merges,
      },
    },
  ];
}

const rows = await scenario({ name: 'soak', values, measure });
const missed = rows.some(({ value, must }) => must !== undefined && value.median > must);
process.exitCode = missed ? 1 : 0;
