// The WebSocket of Node for our client: that of the package `ws`, as Node 20 has none of its own.

import { WebSocket } from 'ws';
import type { SocketClass } from '../../protocol/client/index.js';

export const NodeWebSocket = WebSocket as unknown as SocketClass;
