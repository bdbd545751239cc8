// What every scenario without raw baselines does around its rows: a folder of its own on the disk
// that is measured, the facts of the machine, the report, and nothing left behind.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { durabilityOf, machineOf } from './kernel.js';
import { publish, type Row } from './report.js';

export interface Scenario {
  readonly name: string;
  /** Values of `COMMON_OPTIONS`. */
  readonly values: {
    readonly folder: string;
    readonly commit: string;
    readonly json?: string | undefined;
  };
  /** Facts are printed with those of the machine. */
  readonly measure: (folder: string) => Promise<{
    readonly rows: readonly Row[];
    readonly facts?: Readonly<Record<string, string>>;
  }>;
}

/** Measures in a folder that is removed at the end, whatever happens. */
export async function scenario({ name, values, measure }: Scenario): Promise<readonly Row[]> {
  await mkdir(values.folder, { recursive: true });
  const folder = await mkdtemp(join(values.folder, `${name}-`));
  try {
    const machine = machineOf(folder, values.commit);
    const { rows, facts = {} } = await measure(folder);
    const all = { ...machine, ...facts };
    const report = { scenario: name, durability: durabilityOf(machine), machine: all, rows };
    await publish(report, values.json);
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
