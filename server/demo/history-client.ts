// One life of a device under the history checker: it types without a pause, and is killed at any
// moment. Like an application, it writes down what it is handed before it returns, and passes over
// what it has written down in an earlier life.
//
// Its input tells it to `stop` typing; then it prints `drained` once its outbox is empty. With
// `say` it says how it stands.

import { createInterface } from 'node:readline';
import { type Client, connect } from '../../protocol/client/index.js';
import { chatUrlOf, deviceToken, FileStorage, NodeWebSocket } from '../cli/index.js';
import { bodyOf } from './history-check.js';
import type { HistoryDeviceOptions } from './history-device.js';
import { HistoryLog, logPathOf } from './history-log.js';

/** Messages without a serverAck that a device has at most. */
const OUTSTANDING_MAX = 24;

async function live(options: HistoryDeviceOptions): Promise<void> {
  const { url, data, userId, deviceId, chatId, folder } = options;
  const device = `${userId}/${deviceId}`;
  const log = new HistoryLog(logPathOf(options));
  const client = connect({
    url: chatUrlOf(url),
    token: () => deviceToken({ userId, deviceId, data, url }),
    storage: new FileStorage(`${folder}/${userId}.${deviceId}.log`),
    WebSocket: NodeWebSocket,
  });
  client.on('message', ({ seq, messageBody }) => {
    if (seq <= log.seen) return;
    log.write({ seen: typeof messageBody === 'string' ? messageBody : '', seq });
  });
  client.on('sent', ({ clientMsgId, serverAck }) => {
    log.write({ acked: Number(clientMsgId.split(' ')[1]), seq: serverAck.seq });
    setImmediate(() => type());
  });
  let isTyping = true;
  // Until then the client may not have read from its storage what an earlier life left to be sent.
  let isOnline = false;
  let outstanding = 0;
  const send = async (number: number) => {
    log.write({ typed: number });
    outstanding += 1;
    const body = bodyOf(device, number);
    await client.sendMessage({ chatId, clientMsgId: body, messageBody: body });
    outstanding -= 1;
    type();
  };
  const type = () => {
    while (isTyping && outstanding < OUTSTANDING_MAX) send(log.typed + 1).catch(fail);
    const isEmpty = outstanding === 0 && client.outboxSize === 0;
    if (!isTyping && isOnline && isEmpty) process.stdout.write('drained\n');
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'say') process.stderr.write(`${device} ${standing(client)}\n`);
    isTyping = false;
    type();
  });
  await client.online();
  isOnline = true;
  process.stdout.write('online\n');
  type();
}

/** For a device that lacks something: what its client knows. */
function standing(client: Client): string {
  const { state, outboxSize } = client;
  return JSON.stringify({ state, outboxSize, audit: client.audit() });
}

function fail(error: unknown): void {
  console.error(error);
  process.exitCode = 1;
}

live(JSON.parse(process.argv[2] ?? '{}')).catch(fail);
