// Messages that this tab has: kept before they are acked, so that a reload shows them again, and a
// tab that says RECEIVED really has the message. The oldest go when there are many.

import type { Gap, Message } from '../../protocol/client/index.js';
import type { Tab } from './tab.js';

/** A message, or what stands in its place, as it is shown. */
export interface Shown {
  readonly seq: number;
  readonly kind: 'message' | 'membership' | 'gap' | 'none';
  readonly senderId: string;
  readonly deviceId: string;
  readonly at: number;
  readonly text: string;
  /** Only of messages of this tab. */
  readonly clientMsgId?: string | undefined;
}

const OF_A_CHAT_MAX = 500;
/** Characters that are shown of one message, so that all of a chat has its place. */
const TEXT_MAX = 4_000;

export class KeptMessages {
  readonly #tab: Tab;

  constructor(tab: Tab) {
    this.#tab = tab;
  }

  /** By seq. */
  load(chatId: string): Shown[] {
    const seqs = this.#seqs(chatId);
    return seqs.map((seq) => JSON.parse(this.#tab.get(nameOf(chatId, seq)) ?? '{}') as Shown);
  }

  add(chatId: string, shown: Shown): void {
    const seqs = this.#seqs(chatId);
    for (const seq of seqs.slice(0, Math.max(0, seqs.length + 1 - OF_A_CHAT_MAX))) {
      this.#tab.set(nameOf(chatId, seq), undefined);
    }
    this.#tab.set(nameOf(chatId, shown.seq), JSON.stringify(shown));
  }

  #seqs(chatId: string): number[] {
    const names = this.#tab.names(`message/${chatId}/`);
    return names.map(Number).sort((left, right) => left - right);
  }
}

function nameOf(chatId: string, seq: number): string {
  return `message/${chatId}/${seq}`;
}

/** Stands where the last of the range would. */
export function gapShown({ fromSeq, toSeq: seq, reason }: Gap): Shown {
  const why = reason === 'expired' ? 'every device had them, or their time was over' : reason;
  const text = `#${fromSeq} to #${seq} have left the broker: ${why}`;
  return { seq, kind: 'gap', senderId: '', deviceId: '', at: Date.now(), text };
}

export function shownOf(message: Omit<Message, 'epoch'>): Shown {
  const { seq, senderId = '?', senderDeviceId: deviceId = '?', at, kind, membership } = message;
  const common = { seq, senderId, deviceId, at };
  if (kind === 'membership') {
    const names = membership?.members.map(({ userId }) => userId) ?? [];
    return { ...common, kind, text: names.join(' and ') };
  }
  const { messageBody, clientMsgId } = message;
  if (typeof messageBody === 'string') {
    return { ...common, kind: 'message', text: messageBody.slice(0, TEXT_MAX), clientMsgId };
  }
  const text = messageBody === undefined ? 'nothing to show' : `${messageBody.length} bytes`;
  return { ...common, kind: 'none', text, clientMsgId };
}
