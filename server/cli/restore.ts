// `foq restore BACKUP TO`: a new store from a backup, all of which is verified first.

import { restoreStore } from '../../engine/index.js';
import { print } from './output.js';

export interface RestoreRequest {
  readonly from: string;
  readonly to: string;
  readonly json: boolean;
}

export async function restore({ from, to, json }: RestoreRequest): Promise<void> {
  const { chats, records, sealedRecords, tables, lastRound } = await restoreStore(from, to);
  const text =
    `${chats} chats; ${sealedRecords} records in ${tables} tables, ${records} in the journal\n` +
    'all of the backup checked out, and the new store is ready, with an epoch of its own\n';
  const document = { chats, records, sealedRecords, tables, lastRound };
  await print(json ? `${JSON.stringify(document)}\n` : text);
}
