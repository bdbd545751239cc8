// The client of a chat broker: it connects, connects again, sends what waits in the outbox, and
// hands over what arrives. All state is in its parts; here is how they meet.
//
// A session is made anew by `hello` and `syncState`, which lists up to where this client has each
// chat; nothing else of an older session matters.

import { FoqError } from '../index.js';
import type { CommandName, ReplyOf, WireEvent } from '../wire/index.js';
import { Acks, CURSOR_PREFIX, type MarkUpTo } from './acks.js';
import type { CursorState } from './chat-cursor.js';
import { decodeFrame, type Encoding, type WireMap } from './codec.js';
import { Connector } from './connector.js';
import { Inbox, type OwnMessage } from './inbox.js';
import { Keeper, memoryStorage } from './keeper.js';
import { decodeMsgpack } from './msgpack.js';
import { asError, type Handler, Listeners } from './notices.js';
import { OUTBOX_PREFIX, Outbox, type OutgoingMessage } from './outbox.js';
import type { Session } from './session.js';
import type * as types from './types.js';
import { ConnectionLost, failureOf, retryAfterMs } from './wire-failure.js';

const OUTBOX_MAX = 1_000;
/** Pages of `listChats` and `syncState` in a row; each has 200 chats. */
const PAGES_MAX = 1_000;

/** One device's connection to the broker, made again whenever it is lost. `connect` makes it. */
export class Client {
  readonly #options: types.ConnectOptions;
  readonly #encoding: Encoding;
  readonly #keeper: Keeper;
  readonly #listeners = new Listeners();
  readonly #connector: Connector;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #acks: Acks;
  readonly #started: Promise<void>;
  readonly #run: Promise<void>;
  #state: types.State = 'connecting';
  #welcome: types.Welcome | undefined;

  constructor(options: types.ConnectOptions) {
    this.#options = options;
    this.#encoding = options.encoding ?? 'msgpack';
    const storage = options.storage ?? memoryStorage();
    this.#keeper = new Keeper(storage);
    this.#connector = this.#newConnector();
    this.#outbox = this.#newOutbox();
    this.#acks = this.#newAcks();
    this.#inbox = this.#newInbox();
    this.#started = storage.load().then((kept) => this.#restore(kept));
    this.#run = this.#live();
  }

  /** Whether messages are streamed now. */
  get state(): types.State {
    return this.#state;
  }

  /** What the broker said of this session and its limits; undefined before the first. */
  get welcome(): types.Welcome | undefined {
    return this.#welcome;
  }

  /** Messages without a serverAck. */
  get outboxSize(): number {
    return this.#outbox.size;
  }

  /** Messages without a serverAck, in the order of sending, with those that the storage had. */
  async waiting(): Promise<types.WaitingMessage[]> {
    await this.#started;
    return this.#outbox.waiting().map(({ chatId, clientMsgId, command }) => {
      const [fields = {}] = decodeFrame(command, this.#encoding);
      const { messageBody, sentAt } = fields as Partial<types.WaitingMessage>;
      return { chatId, clientMsgId, messageBody, sentAt };
    });
  }

  /** Returns what takes the handler away again. Take `message` before anything is awaited. */
  on<Name extends keyof types.Notices>(name: Name, handler: Handler<Name>): () => void {
    return this.#listeners.on(name, handler);
  }

  /** Resolves when messages are streamed; rejects with the reason when they never will. */
  async online(): Promise<void> {
    await this.#connector.ready();
  }

  /** A chat is given a `clientChatId`, so that a repeat makes no second group. */
  async createChat(fields: types.FieldsOf<'createChat'>): Promise<ReplyOf<'createChat'>> {
    const { clientChatId = newId() } = fields;
    const reply = await this.#call('createChat', { ...fields, clientChatId });
    if (reply.created) this.#inbox.created(reply.chatId, reply.seq);
    return reply;
  }

  /** Adds or removes members, changes a role or the name, or leaves. */
  updateChat(fields: types.FieldsOf<'updateChat'>): Promise<ReplyOf<'updateChat'>> {
    return this.#call('updateChat', fields);
  }

  /**
   * Resolves when the message is durable at the broker, also when that takes days and this client
   * is offline: it is in the outbox until then. Rejects when the broker refuses it, with FOQ_BUSY
   * when the outbox is full, and when the client is closed before: then it is still in the storage,
   * and the next client sends it.
   */
  async sendMessage(fields: types.NewMessage): Promise<types.ServerAck> {
    await this.#started;
    if (this.#state === 'closed') throw new FoqError('FOQ_CLOSED');
    const { clientMsgId = newId() } = fields;
    return await this.#outbox.add({ sentAt: this.#now(), ...fields, clientMsgId });
  }

  /** Shows others that a chat was delivered or read up to here; sent soon, or when online. */
  mark(mark: MarkUpTo): void {
    this.#acks.mark(mark);
  }

  /** Messages of a chat, as far as this user may read it. */
  history(fields: types.FieldsOf<'history'>): Promise<ReplyOf<'history'>> {
    return this.#call('history', fields);
  }

  /** One chat and who is in it. */
  getChat(fields: types.FieldsOf<'getChat'>): Promise<ReplyOf<'getChat'>> {
    return this.#call('getChat', fields);
  }

  /** A page of the chats of this user. */
  listChats(fields: types.FieldsOf<'listChats'> = {}): Promise<ReplyOf<'listChats'>> {
    return this.#call('listChats', fields);
  }

  /** How far each user has a chat. */
  getReceipts(fields: types.FieldsOf<'getReceipts'>): Promise<ReplyOf<'getReceipts'>> {
    return this.#call('getReceipts', fields);
  }

  /** By chat: what was handed over, and whether anything is missing. */
  audit(): types.ChatAudit[] {
    return this.#inbox.audit();
  }

  /** What was handed over is acked and kept; the outbox stays in the storage. */
  async close(): Promise<void> {
    await this.#acks.flush().catch((error: unknown) => this.#failed(error));
    this.#connector.online?.post('bye');
    this.#connector.close(new FoqError('FOQ_CLOSED'));
    await this.#run;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  #newConnector(): Connector {
    return new Connector(this.#options, {
      encoding: this.#encoding,
      now: () => this.#now(),
      random: () => this.#random(),
      event: (map) => this.#event(map),
      drained: () => this.#outbox.pump(),
      resume: (session, welcome) => this.#resume(session, welcome),
      lost: () => {
        this.#outbox.stop();
        this.#inbox.clear();
      },
      state: (state) => this.#tellState(state),
      failed: (error) => this.#tellError(error),
    });
  }

  #newOutbox(): Outbox {
    return new Outbox({
      encoding: this.#encoding,
      keeper: this.#keeper,
      max: this.#options.outboxMax ?? OUTBOX_MAX,
      now: () => this.#now(),
      random: () => this.#random(),
      acked: (message, serverAck) => this.#acked(message, serverAck),
      refused: ({ clientMsgId, chatId }, error) => {
        this.#listeners.tell('refused', { clientMsgId, chatId, error });
      },
      failed: (error) => this.#failed(error),
    });
  }

  #newAcks(): Acks {
    return new Acks({
      keeper: this.#keeper,
      session: () => this.#connector.online,
      failed: (error) => this.#tellError(error),
    });
  }

  #newInbox(): Inbox {
    return new Inbox({
      hand: (message) => this.#listeners.hand('message', message),
      gap: (gap) => this.#listeners.tell('gap', gap),
      history: (chatId, since) => this.#call('history', { chatId, since }),
      moved: (cursor, ackable) => this.#acks.moved(cursor, ackable),
      failed: (error) => this.#failed(error),
    });
  }

  #restore(kept: Iterable<readonly [string, Uint8Array]>): void {
    const rows = [...kept];
    this.#outbox.restore(rows.filter(([key]) => key.startsWith(OUTBOX_PREFIX)));
    for (const [key, value] of rows.filter(([name]) => name.startsWith(CURSOR_PREFIX))) {
      const state = decodeMsgpack(value) as CursorState;
      this.#inbox.restore(key.slice(CURSOR_PREFIX.length), state);
    }
  }

  async #resume(session: Session, welcome: types.Welcome): Promise<void> {
    this.#welcome = welcome;
    this.#acks.start();
    const { syncChatsMax, sendSpan, sendsPerSecond, sendBurst } = welcome.limits;
    if (this.#inbox.isEmpty) await this.#beginAtCursors(session);
    const known = this.#inbox.known();
    let after: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const lastKnownSeqPerChat = known.splice(0, syncChatsMax);
      const listed = lastKnownSeqPerChat.length === 0 ? {} : { lastKnownSeqPerChat };
      const reply = await session.call('syncState', { ...listed, after });
      const { chats, next } = reply as unknown as ReplyOf<'syncState'>;
      for (const { chatId, received, epoch } of chats) {
        this.#inbox.begin(chatId, { seq: received, epoch });
        this.#inbox.catchUp(chatId, received);
      }
      if (chats.length > 0) this.#listeners.tell('news', chats);
      after = next ?? undefined;
      if (after === undefined && known.length === 0) break;
    }
    this.#outbox.start(session, { span: sendSpan, perSecond: sendsPerSecond, burst: sendBurst });
  }

  /** A client that knows nothing goes on where its device was; chats without news are not told. */
  async #beginAtCursors(session: Session): Promise<void> {
    let after: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const reply = await session.call('listChats', { after });
      const { chats, next } = reply as unknown as ReplyOf<'listChats'>;
      for (const { chatId, received } of chats) {
        this.#inbox.begin(chatId, { seq: received, epoch: undefined });
      }
      after = next ?? undefined;
      if (after === undefined) return;
    }
  }

  #event(map: WireMap): void {
    const event = map as unknown as WireEvent;
    switch (event.t) {
      case 'message':
        if (this.#isOwn(event)) this.#outbox.seen(event);
        this.#inbox.message(event);
        break;
      case 'gap':
        this.#inbox.gap(event);
        break;
      case 'epochChanged':
        this.#inbox.epochChanged(event);
        this.#inbox.after(() => this.#listeners.tell('epochChanged', event));
        break;
      case 'caughtUp':
      case 'receipt':
      case 'chatUpdated':
      case 'removed':
        this.#inbox.after(() => this.#listeners.tell(event.t, event));
        break;
      case 'authExpiring':
        this.#renewToken().catch((error: unknown) => this.#tellError(error));
        break;
      case 'goAway':
        this.#connector.holdOff(event.retryAfterMs);
        break;
      case 'error':
        this.#connector.holdOff(retryAfterMs(failureOf(map)));
        this.#tellError(failureOf(map));
        break;
      default:
        break;
    }
  }

  #isOwn({ senderId, senderDeviceId }: types.Message): boolean {
    const { userId, deviceId } = this.#welcome ?? {};
    return senderId === userId && senderDeviceId === deviceId;
  }

  async #renewToken(): Promise<void> {
    const token = await this.#options.token();
    await this.#connector.online?.call('auth', { token });
  }

  #acked(message: OutgoingMessage, serverAck: types.ServerAck): void {
    const { clientMsgId } = message;
    this.#listeners.tell('sent', { clientMsgId, serverAck });
    const [fields = {}] = decodeFrame(message.command, this.#encoding);
    const { messageBody, attachments, e2ee, resendOf, sentAt } = fields as Partial<OwnMessage>;
    const { messageId, chatId, seq, at } = serverAck;
    const { userId: senderId, deviceId: senderDeviceId } = this.#welcome ?? {};
    const isEmpty = messageBody === undefined && attachments === undefined;
    const kind = isEmpty ? 'empty' : 'message';
    const said = { messageBody, attachments, e2ee, resendOf, sentAt, clientMsgId };
    this.#inbox.own({ chatId, seq, messageId, at, senderId, senderDeviceId, kind, ...said });
  }

  /** Every call may be repeated, so one that lost its connection is. */
  async #call<Name extends CommandName>(
    name: Name,
    fields: types.FieldsOf<Name>,
  ): Promise<ReplyOf<Name>> {
    for (;;) {
      const session = await this.#connector.ready();
      try {
        return (await session.call(name, fields)) as unknown as ReplyOf<Name>;
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }

  /** What the connection brought is no longer in order; the next one begins where this stands. */
  #failed(error: unknown): void {
    this.#tellError(error);
    this.#connector.renew('application');
  }

  #tellError(error: unknown): void {
    if (!(error instanceof ConnectionLost)) this.#listeners.tell('error', asError(error));
  }

  #tellState(state: types.State): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#listeners.tell('state', state);
  }

  /** Never rejects. */
  async #live(): Promise<void> {
    try {
      await this.#started;
      await this.#connector.run();
    } catch (cause) {
      this.#tellError(cause);
      this.#connector.close(new FoqError('FOQ_UNAVAILABLE', { cause }));
    }
    this.#outbox.end();
    await this.#acks.flush().catch((error: unknown) => this.#tellError(error));
    this.#acks.end();
    this.#tellState('closed');
  }
}

/** 128 random bits; `randomUUID` is missing where a page is not secure. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
