// A broker in this process with the manners of the real one and none of its promises: chats in
// memory, cursors per device, and switches for everything that goes wrong in the world.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { type WebSocket, WebSocketServer } from 'ws';
import { FoqError } from '../../index.js';
import { decodeMaps, encodeMap, isBinary, type Subprotocol } from '../../wire/codec/index.js';
import {
  type CommandOf,
  checkCommand,
  errorEvent,
  HEARTBEAT_MS,
  LIMITS,
  messageIdOf,
  type PartOf,
} from '../../wire/index.js';

type Message = PartOf<'Message'>;

export const EPOCH = '00c0ffee00c0ffee';

/** What a switch may do with a command: nothing, no answer, or an error. */
export type Verdict = 'take' | 'ignore' | FoqError;

export interface Received {
  readonly t: string;
  readonly device: string;
  readonly bytes: Buffer;
  readonly map: Readonly<Record<string, unknown>>;
}

class Peer {
  readonly socket: WebSocket;
  readonly subprotocol: Subprotocol;
  readonly sentTo = new Map<string, number>();
  device = '';
  isStreaming: boolean;

  constructor(socket: WebSocket) {
    this.isStreaming = false;
    this.socket = socket;
    this.subprotocol = socket.protocol as Subprotocol;
  }

  send(map: object): void {
    const bytes = encodeMap(map, this.subprotocol);
    this.socket.send(isBinary(this.subprotocol) ? bytes : Buffer.from(bytes).toString());
  }
}

export class FakeBroker {
  readonly received: Received[] = [];
  readonly chats = new Map<string, Message[]>();
  readonly #cursors = new Map<string, number>();
  readonly #peers = new Set<Peer>();
  #server: WebSocketServer | undefined;
  #port = 0;
  heartbeatMs = HEARTBEAT_MS;
  /** First seq that a chat still has. */
  firstSeq = 1;
  judge: (command: Received) => Verdict = () => 'take';
  /** Whether a message is streamed; what is not, only `history` has. */
  streams: (message: Message) => boolean = () => true;

  static async start(t: Test): Promise<FakeBroker> {
    const broker = new FakeBroker();
    await broker.listen();
    t.teardown(() => broker.stop());
    return broker;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/chat`;
  }

  of(t: string): Received[] {
    return this.received.filter((command) => command.t === t);
  }

  async listen(): Promise<void> {
    const server = new WebSocketServer({
      host: '127.0.0.1',
      port: this.#port,
      handleProtocols: (offered) => [...offered][0] ?? false,
    });
    server.on('connection', (socket) => this.#accept(socket));
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    this.cut();
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  /** As a network that breaks. */
  cut(): void {
    for (const { socket } of this.#peers) socket.terminate();
    this.#peers.clear();
  }

  closeAll(code: number): void {
    for (const { socket } of this.#peers) socket.close(code);
  }

  /** To every device that is there. */
  tell(map: object): void {
    for (const peer of this.#peers) peer.send(map);
  }

  /** Also streams it. */
  append(chatId: string, fields: Partial<Message> = {}): Message {
    const message = this.#record(chatId, fields);
    for (const peer of this.#peers) this.#stream(peer, chatId);
    return message;
  }

  cursor(device: string, chatId: string): number {
    return this.#cursors.get(`${device} ${chatId}`) ?? 0;
  }

  receive(device: string, chatId: string, seq: number): void {
    this.#cursors.set(`${device} ${chatId}`, Math.max(this.cursor(device, chatId), seq));
  }

  #chat(chatId: string): Message[] {
    const chat = this.chats.get(chatId) ?? [];
    this.chats.set(chatId, chat);
    return chat;
  }

  #accept(socket: WebSocket): void {
    const peer = new Peer(socket);
    this.#peers.add(peer);
    socket.on('close', () => this.#peers.delete(peer));
    socket.on('message', (data) => {
      const bytes = Buffer.from(data as Buffer);
      for (const map of decodeMaps(bytes, peer.subprotocol)) this.#take(peer, { map, bytes });
    });
  }

  #take(peer: Peer, { map, bytes }: Pick<Received, 'map' | 'bytes'>): void {
    const checked = checkCommand(map);
    if (!checked.ok) {
      peer.send(errorEvent(checked.error, checked.id));
      return;
    }
    const { command } = checked;
    if (command.t === 'hello') peer.device = command.token;
    const received = { t: command.t, device: peer.device, bytes, map };
    this.received.push(received);
    const verdict = this.judge(received);
    if (verdict === 'ignore') return;
    if (verdict instanceof FoqError) {
      peer.send(errorEvent(verdict, command.id));
      return;
    }
    if (command.t === 'messageAck') this.#ack(peer, command);
    const reply = this.#answer(peer, command);
    if (command.id !== undefined) {
      peer.send({ t: command.t === 'hello' ? 'welcome' : 'ok', id: command.id, ...reply });
    }
    if (command.t === 'syncState') this.#begin(peer, command);
    if (command.t !== 'sendMessage') return;
    for (const other of this.#peers) this.#stream(other, command.chatId);
  }

  #answer(peer: Peer, command: { readonly t: string }): object {
    switch (command.t) {
      case 'hello': {
        const [userId, deviceId] = peer.device.split('/');
        const { heartbeatMs } = this;
        const fixed = { sessionId: 's', serverTime: 1, durability: 'fsync', capabilities: [] };
        return { ...fixed, userId, deviceId, heartbeatMs, limits: LIMITS };
      }
      case 'createChat': {
        const chatId = `~${(command as CommandOf<'createChat'>).clientChatId ?? 'direct'}`;
        const created = this.#chat(chatId).length === 0;
        if (created) this.append(chatId, { kind: 'membership', senderId: 'system' });
        return { chatId, seq: 1, created };
      }
      case 'syncState':
        return { chats: this.#news(peer.device, command as CommandOf<'syncState'>), next: null };
      case 'listChats':
        return { chats: this.#summaries(peer.device), next: null };
      case 'history':
        return this.#history(command as CommandOf<'history'>);
      case 'sendMessage':
        return { serverAck: this.#send(peer, command as CommandOf<'sendMessage'>) };
      default:
        return {};
    }
  }

  /** Streamed to others once its serverAck is written. */
  #send(peer: Peer, { t: _, id: __, chatId, ...fields }: CommandOf<'sendMessage'>): object {
    const [senderId, senderDeviceId] = peer.device.split('/');
    const first = this.#chat(chatId).find(
      (message) =>
        message.clientMsgId === fields.clientMsgId && message.senderDeviceId === senderDeviceId,
    );
    const said = { senderId, senderDeviceId, ...fields } as Partial<Message>;
    const { messageId, seq, at } = first ?? this.#record(chatId, said);
    return { messageId, chatId, seq, at, duplicate: first !== undefined };
  }

  #record(chatId: string, fields: Partial<Message>): Message {
    const chat = this.#chat(chatId);
    const seq = chat.length + 1;
    const ids = { chatId, seq, messageId: messageIdOf(chatId, seq), epoch: EPOCH };
    const known = { ...ids, senderId: 'bob', senderDeviceId: 'phone', at: seq, kind: 'message' };
    const message = { ...known, messageBody: `message ${seq}`, ...fields } as Message;
    chat.push(message);
    const sender = `${message.senderId}/${message.senderDeviceId}`;
    if (this.cursor(sender, chatId) === seq - 1) this.receive(sender, chatId, seq);
    return message;
  }

  #ack(peer: Peer, { chatId, status, upToSeq = 0 }: CommandOf<'messageAck'>): void {
    if (status === 'RECEIVED') this.receive(peer.device, chatId, upToSeq);
  }

  /** Chats with news, and those of which the device lacks what its cursor says it has. */
  #news(device: string, { lastKnownSeqPerChat = [] }: CommandOf<'syncState'>): object[] {
    const fixed = { epoch: EPOCH, roster: 1, read: 0, unread: 0, marks: [] };
    return [...this.chats].flatMap(([chatId, messages]) => {
      const received = this.cursor(device, chatId);
      const known = lastKnownSeqPerChat.find((listed) => listed.chatId === chatId);
      const isListed = messages.length > received || (known !== undefined && known.seq < received);
      const { firstSeq } = this;
      return isListed ? [{ chatId, headSeq: messages.length, firstSeq, received, ...fixed }] : [];
    });
  }

  #summaries(device: string): object[] {
    return [...this.chats].map(([chatId, { length }]) => {
      const received = this.cursor(device, chatId);
      return { chatId, type: 'group', firstSeq: 1, headSeq: length, received, lastAt: 1 };
    });
  }

  #history({ chatId, since = 0, limit = 200 }: CommandOf<'history'>): object {
    const all = this.#chat(chatId);
    const { firstSeq } = this;
    const messages = all.filter(({ seq }) => seq > since && seq >= firstSeq).slice(0, limit);
    const gap = since + 1 < firstSeq ? aGap(since + 1, firstSeq - 1) : undefined;
    return { messages, firstSeq, headSeq: all.length, epoch: EPOCH, gap };
  }

  #begin(peer: Peer, { lastKnownSeqPerChat = [] }: CommandOf<'syncState'>): void {
    for (const { chatId, seq } of lastKnownSeqPerChat) {
      peer.sentTo.set(chatId, Math.max(seq, this.cursor(peer.device, chatId)));
      this.receive(peer.device, chatId, seq);
    }
    peer.isStreaming = true;
    for (const chatId of this.chats.keys()) this.#stream(peer, chatId);
  }

  /** What the peer has not been sent, from its cursor on. */
  #stream(peer: Peer, chatId: string): void {
    if (!peer.isStreaming) return;
    const cursor = this.cursor(peer.device, chatId);
    const from = peer.sentTo.get(chatId) ?? cursor;
    const isTaken = ({ seq, ...sender }: Message) =>
      seq <= cursor && `${sender.senderId}/${sender.senderDeviceId}` === peer.device;
    for (const message of this.#chat(chatId)) {
      if (message.seq <= from) continue;
      peer.sentTo.set(chatId, message.seq);
      const isLeftOut = isTaken(message) || message.seq < this.firstSeq || !this.streams(message);
      if (!isLeftOut) peer.send({ t: 'message', ...message, attempt: 1 });
    }
  }
}

function aGap(fromSeq: number, toSeq: number): PartOf<'Gap'> {
  return { fromSeq, toSeq, reason: 'expired' };
}
