// Chats as a store would answer for them, without one: floors, heads, sizes, and cursors. The
// tests of delivery read from it.

import type { GapReason } from '../../../protocol/index.js';
import type { ReadAnswer, ReadRequest } from '../../native-types.js';
import { ReadRecord } from '../../record.js';

export interface ModelChat {
  firstSeq: number;
  headSeq: number;
  floorReason: GapReason;
  /** Payload bytes by seq; 10 where nothing is said. */
  readonly sizes: Map<number, number>;
}

export class ChatsModel {
  readonly chats = new Map<string, ModelChat>();
  /** Reads asked for, by the requests of each. */
  readonly asked: (readonly ReadRequest[])[] = [];

  chat(chatId: string): ModelChat {
    let chat = this.chats.get(chatId);
    if (chat === undefined) {
      chat = { firstSeq: 1, headSeq: 0, floorReason: 'expired', sizes: new Map() };
      this.chats.set(chatId, chat);
    }
    return chat;
  }

  /** As the store reads: together at most `maxBytes`, the first at least one record. */
  read(requests: readonly ReadRequest[], maxBytes: number): ReadAnswer[] {
    this.asked.push(requests);
    let left = maxBytes;
    return requests.map((request, index) => {
      const answer = this.#answer(request, index === 0 ? Math.max(1, left) : left);
      for (const { payload } of answer.records) left -= payload.length;
      return answer;
    });
  }

  #answer({ chatId, from, limit }: ReadRequest, bytes: number): ReadAnswer {
    const { firstSeq, headSeq, floorReason, sizes } = this.chat(chatId);
    if (!('fromSeq' in from)) throw new Error('delivery reads upwards');
    const { fromSeq } = from;
    if (bytes <= 0) return { firstSeq, headSeq, gap: undefined, records: [] };
    const records: ReadRecord[] = [];
    let used = 0;
    for (
      let seq = Math.max(fromSeq, firstSeq);
      seq <= headSeq && records.length < limit;
      seq += 1
    ) {
      const size = sizes.get(seq) ?? 10;
      if (records.length > 0 && used + size > bytes) break;
      used += size;
      records.push(aRecord(seq, size));
    }
    const isBelow = fromSeq < firstSeq;
    const gap = isBelow ? { fromSeq, toSeq: firstSeq - 1, reason: floorReason } : undefined;
    return { firstSeq, headSeq, gap, records };
  }
}

export function aRecord(seq: number, bytes: number): ReadRecord {
  const payload = new Uint8Array(bytes);
  return new ReadRecord({ seq, at: 1000 + seq, kind: 0, senderId: 'ann', payload, deleted: false });
}
