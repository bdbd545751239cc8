// The door of the client: chats from a browser or from Node, over one WebSocket. It loads nothing
// but modules of ours, and none of `node:`, so that a browser takes it as it is built.

import { Client } from './client.js';
import type { ConnectOptions } from './types.js';

export { FoqError } from '../index.js';
export type { MarkStatus, MarkUpTo } from './acks.js';
export type { Client } from './client.js';
export type { Encoding } from './codec.js';
export { memoryStorage } from './keeper.js';
export type * from './types.js';

/** Begins at once; take handlers with `on` before anything is awaited. */
export function connect(options: ConnectOptions): Client {
  return new Client(options);
}
