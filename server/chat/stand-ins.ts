// The consumer of a user who has no device: `userId/-` is joined in his chats and keeps his
// messages until the first device is linked and takes its place.

import { consumerIdOf } from '../../protocol/wire/index.js';

const STAND_IN = '-';

export function standInOf(userId: string): string {
  return consumerIdOf({ userId, deviceId: STAND_IN });
}

export function isStandIn(consumerId: string): boolean {
  return consumerId.endsWith(`/${STAND_IN}`);
}

export function userOf(consumerId: string): string {
  return consumerId.split('/', 1)[0] ?? '';
}
