// One chat of a queue: the same calls without naming the chat each time.

import type {
  AckOptions,
  Appended,
  AppendOptions,
  Chat,
  Joined,
  JoinOptions,
  Marks,
  Payload,
  Queue,
  ReadRange,
  ReadResult,
  Waiting,
} from '../protocol/index.js';

export class ChatHandle implements Chat {
  readonly chatId: string;
  readonly #queue: Queue;

  /** `chatId` was checked. */
  constructor(queue: Queue, chatId: string) {
    this.#queue = queue;
    this.chatId = chatId;
  }

  append(payload: Payload, options?: AppendOptions): Promise<Appended> {
    return this.#queue.append(this.chatId, payload, options);
  }

  read(range?: ReadRange): Promise<ReadResult> {
    return this.#queue.read(this.chatId, range);
  }

  join(consumerId: string, options?: JoinOptions): Promise<Joined> {
    return this.#queue.join(this.chatId, consumerId, options);
  }

  leave(consumerId: string, options?: Waiting): Promise<void> {
    return this.#queue.leave(this.chatId, consumerId, options);
  }

  ack(consumerId: string, marks: Marks, options?: AckOptions): Promise<void> {
    return this.#queue.ack(this.chatId, consumerId, marks, options);
  }

  trim(upToSeq: number, options?: Waiting): Promise<void> {
    return this.#queue.trim(this.chatId, upToSeq, options);
  }
}
