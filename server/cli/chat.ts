// `foq chat`: a messenger in a terminal. A line that is typed is a message; a line that is printed
// is one, or a tick of one's own: sent, delivered, read. What was sent while no broker answered is
// kept in the data directory, and goes out with the next start at the latest.

import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Client, connect, type Message, type Notices } from '../../protocol/client/index.js';
import { admitted, chatUrlOf, makeUser } from './admission.js';
import { failureText } from './failure.js';
import { FileStorage } from './file-storage.js';
import { print } from './output.js';
import { NodeWebSocket } from './web-socket.js';

export interface ChatOptions {
  readonly user: string;
  readonly device: string;
  /** The other user of a direct chat, who is made where he is missing. */
  readonly to?: string | undefined;
  readonly chat?: string | undefined;
  readonly data: string;
  /** Of the broker, `http://127.0.0.1:7420`. */
  readonly url: string;
}

/** Ends with its input, once all that was typed is at the broker, or with the client. */
export async function chat(options: ChatOptions): Promise<number> {
  const { user: userId, device: deviceId, to, data, url } = options;
  const token = await admitted({ userId, deviceId, data, url });
  if (to !== undefined) await makeUser({ data, url }, to);
  const file = `${encodeURIComponent(userId)}.${encodeURIComponent(deviceId)}.log`;
  const storage = new FileStorage(join(data, 'clients', file));
  const client = connect({
    url: chatUrlOf(url),
    token,
    storage,
    WebSocket: NodeWebSocket,
    client: 'foq-chat',
  });
  const terminal = new Terminal(client, options);
  try {
    return await terminal.run();
  } finally {
    await client.close();
    await storage.close();
  }
}

class Terminal {
  readonly #client: Client;
  readonly #options: ChatOptions;
  /** Where lines go: the chat that was asked for, or the one that spoke last. */
  #chatId: string | undefined;
  #sending = 0;
  #wake: () => void = () => undefined;
  /** By chat, the last own message, and up to where its ticks were shown. */
  readonly #own = new Map<string, { seq: number; delivered: number; read: number }>();

  constructor(client: Client, options: ChatOptions) {
    this.#client = client;
    this.#options = options;
    this.#chatId = options.chat;
  }

  async run(): Promise<number> {
    const client = this.#client;
    client.on('message', (message) => this.#show(message));
    client.on('gap', ({ fromSeq, toSeq, reason }) =>
      this.#say(`${fromSeq} to ${toSeq}: ${reason}`),
    );
    client.on('receipt', (receipt) => this.#tick(receipt));
    client.on('sent', ({ serverAck }) => this.#say(`${serverAck.seq} sent`));
    client.on('refused', ({ error }) => this.#say(failureText(error)));
    client.on('state', (state) => (state === 'waiting' ? this.#say('offline') : undefined));
    await client.online();
    const { to } = this.#options;
    if (to !== undefined) this.#chatId = (await client.createChat({ participants: [to] })).chatId;
    if (this.#chatId !== undefined) await this.#say(`chat ${this.#chatId}`);
    const lines = createInterface({ input: process.stdin, terminal: false });
    client.on('state', (state) => (state === 'closed' ? lines.close() : undefined));
    process.once('SIGINT', () => lines.close());
    for await (const line of lines) await this.#send(line);
    await this.#sent();
    return client.state === 'closed' ? 1 : 0;
  }

  async #send(line: string): Promise<void> {
    if (line.trim() === '') return;
    if (this.#chatId === undefined) {
      await this.#say('nobody has written yet; start with --to NAME');
      return;
    }
    this.#sending += 1;
    const sent = this.#client.sendMessage({ chatId: this.#chatId, messageBody: line });
    const isOver = () => {
      this.#sending -= 1;
      this.#wake();
    };
    sent.then(isOver, isOver);
  }

  async #sent(): Promise<void> {
    while (this.#sending > 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #show(message: Message): Promise<void> {
    const { chatId, seq, senderId = '?', kind, messageBody } = message;
    if (senderId === this.#options.user) {
      const own = this.#own.get(chatId) ?? { seq, delivered: 0, read: 0 };
      this.#own.set(chatId, { ...own, seq });
    } else {
      this.#chatId ??= chatId;
      this.#client.mark({ chatId, status: 'READ', upToSeq: seq });
    }
    if (kind === 'message') await print(`${seq} ${senderId}: ${textOf(messageBody)}\n`);
    else if (kind === 'membership') await print(`${seq} ${membersOf(message)}\n`);
  }

  async #tick({ chatId, userId, delivered = 0, read = 0 }: Notices['receipt']): Promise<void> {
    const own = this.#own.get(chatId);
    if (own === undefined || userId === this.#options.user) return;
    const seen = { delivered: Math.min(delivered, own.seq), read: Math.min(read, own.seq) };
    if (seen.read > own.read) await this.#say(`${seen.read} read by ${userId}`);
    else if (seen.delivered > own.delivered) await this.#say(`${seen.delivered} delivered`);
    own.read = Math.max(own.read, seen.read);
    own.delivered = Math.max(own.delivered, seen.delivered);
  }

  /** What is no message begins with a dash. */
  async #say(line: string): Promise<void> {
    await print(`- ${line}\n`);
  }
}

function textOf(body: string | Uint8Array | undefined): string {
  if (typeof body === 'string') return body;
  return body === undefined ? '(nothing to show)' : `(${body.length} bytes)`;
}

function membersOf({ membership }: Message): string {
  const names = membership?.members.map(({ userId }) => userId) ?? [];
  return `members: ${names.join(', ')}`;
}
