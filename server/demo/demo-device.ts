// A device that remembers all it was handed, over every client that it had.

import { type Client, type ClientStorage, connect } from '../../protocol/client/index.js';
import { admitted, type BrokerPlace, chatUrlOf, NodeWebSocket } from '../cli/index.js';
import type { DeviceView, SeenMessage, SentMessage } from './checks.js';

const WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 5;

export class DemoDevice {
  readonly userId: string;
  readonly deviceId: string;
  readonly #broker: BrokerPlace;
  readonly #storage: ClientStorage;
  readonly #seen: SeenMessage[] = [];
  readonly #sent: SentMessage[] = [];
  #client: Client | undefined;

  constructor(
    { userId, deviceId }: { userId: string; deviceId: string },
    { broker, storage }: { broker: BrokerPlace; storage: ClientStorage },
  ) {
    this.userId = userId;
    this.deviceId = deviceId;
    this.#broker = broker;
    this.#storage = storage;
  }

  get name(): string {
    return `${this.userId}/${this.deviceId}`;
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error(`${this.name} is offline`);
    return this.#client;
  }

  /** Messages of this device with a serverAck, in the order in which they were sent. */
  get sent(): readonly SentMessage[] {
    return this.#sent.toSorted((left, right) => numberOf(left) - numberOf(right));
  }

  get last(): number {
    return this.#seen.at(-1)?.seq ?? 0;
  }

  async connect(): Promise<void> {
    const { userId, deviceId } = this;
    const { url, data } = this.#broker;
    const client = connect({
      url: chatUrlOf(url),
      token: await admitted({ userId, deviceId, url, data }),
      storage: this.#storage,
      WebSocket: NodeWebSocket,
    });
    this.#client = client;
    client.on('message', ({ seq, messageBody }) => {
      this.#seen.push({ seq, body: typeof messageBody === 'string' ? messageBody : undefined });
    });
    await client.online();
  }

  async disconnect(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
  }

  /** Numbered, so that the order of sending is in the body. */
  async send(chatId: string, number: number): Promise<void> {
    const body = `${this.name} ${number}`;
    const { seq } = await this.client.sendMessage({ chatId, messageBody: body });
    this.#sent.push({ by: this.name, body, seq });
  }

  /** Resolves when it was handed everything up to here, and the broker knows. */
  async reaches(chatId: string, head: number): Promise<void> {
    const deadline = Date.now() + WITHIN_MS;
    while (this.last < head || (await this.#cursor(chatId)) < head) {
      if (Date.now() > deadline) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async view(chatId: string): Promise<DeviceView> {
    return { device: this.name, seen: this.#seen, cursor: await this.#cursor(chatId) };
  }

  /** As the broker has it. */
  async #cursor(chatId: string): Promise<number> {
    const { chats } = await this.client.listChats();
    return chats.find((chat) => chat.chatId === chatId)?.received ?? 0;
  }
}

function numberOf({ body }: SentMessage): number {
  return Number(body.split(' ')[1]);
}
