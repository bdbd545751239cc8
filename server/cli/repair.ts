// `foq repair DIR`: what would be repaired in a store that does not open, or has damaged tables;
// with --write it is done. Exit code 1 when something is refused, or waits for --write.

import { type Repairs, repairStore } from '../../engine/index.js';
import { print } from './output.js';

export interface RepairOptions {
  readonly write: boolean;
  readonly json: boolean;
}

export async function repair(dir: string, { write, json }: RepairOptions): Promise<number> {
  const repairs = await repairStore(dir, { write });
  await print(json ? `${JSON.stringify(repairs)}\n` : asText(repairs));
  return repairs.refused === undefined && (repairs.written || repairs.steps.length === 0) ? 0 : 1;
}

function asText({ damage, steps, refused, written }: Repairs): string {
  const lines = damage.map((what) => `damage: ${what}`);
  lines.push(...steps.map((step) => `${written ? 'done' : 'to do'}: ${step}`));
  if (refused !== undefined) lines.push(`refused: ${refused}`);
  else if (steps.length === 0) lines.push('nothing is to be repaired');
  else lines.push(written ? 'the store is repaired' : 'nothing was changed; --write does it');
  return `${lines.join('\n')}\n`;
}
