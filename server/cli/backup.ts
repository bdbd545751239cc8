// `foq backup DIR TO`: backs up a store that nobody has open; FOQ_LOCKED where somebody has.

import { openQueue } from '../../engine/index.js';
import { print } from './output.js';

export interface BackupRequest {
  readonly dir: string;
  readonly to: string;
  readonly json: boolean;
}

export async function backup({ dir, to, json }: BackupRequest): Promise<void> {
  const queue = await openQueue({ dir, readOnly: true });
  try {
    const made = await queue.backup(to);
    const { journalFiles, linkedTables, copiedTables } = made;
    const lines = [
      `${journalFiles} journal files copied, ${linkedTables} tables linked, ${copiedTables} copied`,
      'the backup is complete; foq verify checks it, foq restore makes a store of it',
    ];
    await print(json ? `${JSON.stringify(made)}\n` : `${lines.join('\n')}\n`);
  } finally {
    await queue.close();
  }
}
