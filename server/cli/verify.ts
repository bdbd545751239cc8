// `foq verify DIR`: whether every byte that the store would serve checks out. Damage is the answer
// no, with exit code 1; what the next opening mends by itself is told, and is no damage.

import { type Findings, verifyStore } from '../../engine/index.js';
import { print } from './output.js';

export async function verify(dir: string, { json }: { json: boolean }): Promise<number> {
  const findings = await verifyStore(dir);
  await print(json ? `${JSON.stringify(asDocument(findings))}\n` : asText(findings));
  return findings.errors.length === 0 ? 0 : 1;
}

function asDocument({ errors, ...counts }: Findings): object {
  const damage = errors.map(({ code, message, fields }) => {
    return { code, message, ...Object.fromEntries(fields) };
  });
  return { ok: errors.length === 0, ...counts, errors: damage };
}

function asText(findings: Findings): string {
  const { files, rounds, batches, effects, records, lastRound, mark } = findings;
  const { tables, sealedRecords, stateRows, inboxRows, chats } = findings;
  const lines = [
    `${files} journal files, ${rounds} rounds, ${batches} batches`,
    `${effects} effects, ${records} of them records`,
    `${tables} tables: ${sealedRecords} records, ${stateRows} states, ${inboxRows} inbox rows`,
    `${chats} chats`,
    `the last round is ${lastRound}, the newest mark ${mark}`,
  ];
  if (findings.isTorn) {
    lines.push('torn: a round that was never durable follows the last; opening cuts it away');
  }
  lines.push(...findings.repairs.map((repair) => `to be mended by opening: ${repair}`));
  lines.push(...findings.errors.map(({ code, message }) => `damage: ${code}: ${message}`));
  lines.push(findings.errors.length === 0 ? 'all of it checks out' : 'the store is damaged');
  return `${lines.join('\n')}\n`;
}
