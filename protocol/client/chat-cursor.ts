// Where a client is in one chat: the last seq that the application has, and what is known of the
// way there. `last` only grows within a history; undefined: the next message of the stream tells.

import type { ChatAudit, Gap } from './types.js';

/** Ranges that an audit remembers; what is beyond is counted in the last of them. */
const RANGES_MAX = 1_000;

export interface CursorState {
  readonly seq: number;
  readonly epoch: string | undefined;
}

export class ChatCursor {
  readonly chatId: string;
  epoch: string | undefined;
  #last: number | undefined;
  #first = 0;
  #handed = 0;
  #duplicates = 0;
  readonly #gaps: { fromSeq: number; toSeq: number }[] = [];
  readonly #declaredGaps: Gap[] = [];

  constructor(chatId: string, { seq, epoch }: Partial<CursorState> = {}) {
    this.chatId = chatId;
    this.#last = seq;
    this.epoch = epoch;
  }

  get last(): number | undefined {
    return this.#last;
  }

  /** Where the stream begins; of no effect once something is known. */
  begin(seq: number): void {
    this.#last ??= seq;
  }

  /** Another history: the stream tells anew where it begins. */
  restart(epoch: string): void {
    this.#last = undefined;
    this.epoch = epoch;
  }

  handed(seq: number): void {
    this.#last = seq;
    if (this.#first === 0) this.#first = seq;
    this.#handed = seq;
  }

  cameAgain(): void {
    this.#duplicates += 1;
  }

  declare({ fromSeq, toSeq, reason }: Gap): void {
    this.#last = Math.max(this.#last ?? 0, toSeq);
    if (this.#declaredGaps.length < RANGES_MAX) this.#declaredGaps.push({ fromSeq, toSeq, reason });
  }

  /** Nobody can say what was there; an audit shows it. */
  passOver(toSeq: number): void {
    const fromSeq = (this.#last ?? 0) + 1;
    this.#last = toSeq;
    const latest = this.#gaps.at(-1);
    if (latest !== undefined && this.#gaps.length >= RANGES_MAX) latest.toSeq = toSeq;
    else this.#gaps.push({ fromSeq, toSeq });
  }

  audit(): ChatAudit {
    return {
      chatId: this.chatId,
      first: this.#first,
      last: this.#handed,
      gaps: this.#gaps.map((gap) => ({ ...gap })),
      declaredGaps: [...this.#declaredGaps],
      duplicates: this.#duplicates,
    };
  }
}
