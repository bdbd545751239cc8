// A record as a reader gets it: a view of what was read, with the ways to look at its payload.

import type { QueueRecord } from '../protocol/index.js';

// A mark of byte order belongs to the payload, as everything else that was appended.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class ReadRecord implements QueueRecord {
  readonly seq: number;
  readonly at: number;
  readonly kind: number;
  readonly senderId: string;
  readonly payload: Uint8Array;
  readonly deleted: boolean;

  constructor({ seq, at, kind, senderId, payload, deleted }: Omit<QueueRecord, 'text' | 'json'>) {
    this.seq = seq;
    this.at = at;
    this.kind = kind;
    this.senderId = senderId;
    this.payload = payload;
    this.deleted = deleted;
  }

  text(): string {
    return decoder.decode(this.payload);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }
}
