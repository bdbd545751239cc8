// The first session of somebody who has nothing but a WebSocket client: five frames to paste one by
// one, each of which is answered. README.md shows them too.

import type { Broker } from '../index.js';
import { deviceToken, makeUser } from './admission.js';

/** No users of anybody: what is kept for a device that never comes back is theirs alone. */
const USER = 'guest';
const DEVICE = 'paste';
const OTHER = 'friend';

export interface Pasted {
  readonly token: string;
  readonly chatId: string;
}

/** In this order; the seqs are those of a chat that these frames made, however often they come. */
export function fiveFrames({ token, chatId }: Pasted): string[] {
  const frames = [
    { t: 'hello', id: 1, token },
    { t: 'createChat', id: 2, participants: [OTHER] },
    { t: 'sendMessage', id: 3, chatId, clientMsgId: 'first', messageBody: 'Hello, friend!' },
    { t: 'syncState', id: 4 },
    { t: 'messageAck', id: 5, chatId, status: 'RECEIVED', upToSeq: 2 },
  ];
  return frames.map((frame) => JSON.stringify(frame));
}

/** Undefined without the development key, and over TLS, which this process could not verify. */
export async function framesFor(broker: Broker, data: string): Promise<string[] | undefined> {
  const { url, hasDevelopmentKey } = broker;
  if (!(hasDevelopmentKey && url.startsWith('http:'))) return undefined;
  const token = await deviceToken({ userId: USER, deviceId: DEVICE, data, url });
  await makeUser({ data, url }, OTHER);
  return fiveFrames({ token, chatId: broker.directChatId([USER, OTHER]) });
}
