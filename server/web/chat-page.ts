// The page behind its looks: one client for one tab, what it hears, and the state that is shown.
//
// Invariants: a message is kept before its handler returns, so that what this tab acks it has. A
// message of this tab is shown once: as waiting until it is handed back, and then in its place.

import {
  type Client,
  connect,
  type Message,
  type Notices,
  type WaitingMessage,
} from '../../protocol/client/index.js';
import { admission, cursorsOf, makeUser } from './broker-calls.js';
import { gapShown, KeptMessages, shownOf } from './kept-messages.js';
import { Network } from './network.js';
import * as page from './page-state.js';
import { Tab } from './tab.js';

const CHATS_MAX = 50;
const PAGE_MAX = 200;
const LOOK_EVERY_MS = 1_000;

/** What of a chat outlives a reload beside its messages. */
type KeptChat = Omit<page.Chat, 'messages'>;

export class ChatPage {
  readonly #tab: Tab;
  readonly #network: Network;
  readonly #kept: KeptMessages;
  readonly #client: Client;
  readonly #listeners = new Set<() => void>();
  #state: page.PageState;
  #token = '';
  /** Who is to be written to, once the chat with him is known. */
  #wanted: string | undefined;

  private constructor(tab: Tab, wanted: string | undefined) {
    this.#tab = tab;
    this.#wanted = wanted;
    this.#network = new Network(tab.get('offline') === undefined);
    this.#kept = new KeptMessages(tab);
    this.#state = {
      ...{ userId: tab.userId, deviceId: tab.deviceId },
      ...{ connection: 'connecting', isOffline: !this.#network.isOn, chats: this.#restored() },
      ...{ openId: undefined, waiting: [], cursors: [], problem: undefined },
    };
    this.#client = connect({
      url: new URL('/chat', location.href.replace(/^http/, 'ws')).href,
      token: () => this.#newToken(),
      storage: tab.clientStorage(),
      WebSocket: this.#network.socketClass(),
      client: 'foq-chat-demo',
    });
    this.#listen();
  }

  /** For a user, and the user to write to if there is one. */
  static async start(userId: string, peer: string | undefined): Promise<ChatPage> {
    const started = new ChatPage(await Tab.of(userId), peer);
    const waiting = await started.#client.waiting();
    started.#set({ waiting: waiting.map(waitingOf) });
    started.#openWanted();
    setInterval(() => started.#lookAtCursors(), LOOK_EVERY_MS);
    document.addEventListener('visibilitychange', () => started.#markRead());
    return started;
  }

  get state(): page.PageState {
    return this.#state;
  }

  /** Returns what takes the listener away again. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  switchNetwork(isOn: boolean): void {
    this.#network.switch(isOn);
    this.#tab.set('offline', isOn ? undefined : 'yes');
    this.#set({ isOffline: !isOn });
  }

  /** Into the outbox, whether or not there is a connection. */
  send(text: string): void {
    const { openId: chatId } = this.#state;
    if (chatId === undefined || text.trim() === '') return;
    const clientMsgId = crypto.randomUUID();
    const sentAt = Date.now();
    const waiting = { clientMsgId, chatId, text, sentAt };
    this.#set({ waiting: [...this.#state.waiting, waiting], problem: undefined });
    // How it ends is told as `sent` or `refused`; it rejects alone where it was not even kept.
    this.#client.sendMessage({ chatId, clientMsgId, messageBody: text, sentAt }).catch((error) => {
      this.#drop(clientMsgId);
      this.#fail(error);
    });
  }

  /** Makes the chat, and the user, where they are missing. */
  async write(peer: string): Promise<void> {
    this.#wanted = peer;
    if (this.#openWanted() || this.#state.connection !== 'online') return;
    await this.#openNew();
  }

  open(chatId: string | undefined): void {
    this.#wanted = undefined;
    this.#set({ openId: chatId, cursors: [] });
    const chat = page.openChatOf(this.#state);
    const query = new URLSearchParams({ user: this.#tab.userId });
    if (chat?.peers.length === 1) query.set('with', chat.peers[0] ?? '');
    history.replaceState(null, '', `?${query}`);
    this.#markRead();
    this.#lookAtCursors();
    if (chatId !== undefined && this.#state.connection === 'online') {
      this.#refresh(chatId).catch((error) => this.#fail(error));
    }
  }

  /** After this one was removed: the tab forgets all, and begins again. */
  async renew(): Promise<void> {
    await Tab.renewed(this.#tab.userId);
    location.reload();
  }

  #listen(): void {
    const client = this.#client;
    client.on('message', (message) => this.#take(message));
    client.on('gap', ({ chatId, ...gap }) => this.#add(chatId, gapShown(gap)));
    client.on('receipt', ({ chatId, userId, ...mark }) => {
      this.#change(chatId, (chat) => page.withMark(chat, userId, mark));
    });
    client.on('news', (chats) => this.#takeNews(chats));
    client.on('sent', ({ clientMsgId, serverAck }) => this.#settle(clientMsgId, serverAck.seq));
    client.on('refused', ({ clientMsgId, error }) => {
      this.#drop(clientMsgId);
      this.#fail(error);
    });
    client.on('removed', ({ chatId }) => {
      this.#set({ chats: this.#state.chats.filter((chat) => chat.chatId !== chatId) });
    });
    client.on('state', (connection) => {
      this.#set(connection === 'online' ? { connection, problem: undefined } : { connection });
      if (connection === 'online') this.#cameOnline().catch((error) => this.#fail(error));
    });
    client.on('error', (error) => this.#fail(error));
  }

  async #newToken(): Promise<string> {
    await this.#network.on();
    this.#token = await admission(this.#tab);
    return this.#token;
  }

  #take(message: Message): void {
    this.#add(message.chatId, shownOf(message));
    if (message.kind === 'membership') this.#takeMembers(message);
    this.#change(message.chatId, (chat) => {
      return { ...chat, received: Math.max(chat.received, message.seq) };
    });
    const { clientMsgId, senderDeviceId } = message;
    if (senderDeviceId === this.#tab.deviceId && clientMsgId) this.#drop(clientMsgId);
    this.#markRead();
  }

  #add(chatId: string, shown: ReturnType<typeof shownOf>): void {
    this.#kept.add(chatId, shown);
    this.#change(chatId, (chat) => page.withMessage(chat, shown));
  }

  #takeMembers({ chatId, membership }: Pick<Message, 'chatId' | 'membership'>): void {
    const all = membership?.members.map(({ userId }) => userId) ?? [];
    const peers = all.filter((userId) => userId !== this.#tab.userId);
    this.#change(chatId, (chat) => ({ ...chat, peers }));
    this.#openWanted();
  }

  #takeNews(chats: Notices['news']): void {
    for (const { chatId, headSeq, marks } of chats) {
      this.#change(chatId, (chat) => {
        const known = { ...chat, headSeq: Math.max(chat.headSeq, headSeq) };
        return marks.reduce((so, { userId, ...mark }) => page.withMark(so, userId, mark), known);
      });
    }
  }

  #settle(clientMsgId: string, seq: number): void {
    const { waiting } = this.#state;
    const chat = this.#chat(waiting.find((one) => one.clientMsgId === clientMsgId)?.chatId);
    if (chat?.messages.some((shown) => shown.seq === seq)) this.#drop(clientMsgId);
    else {
      const settled = waiting.map((one) => {
        return one.clientMsgId === clientMsgId ? { ...one, seq } : one;
      });
      this.#set({ waiting: settled });
    }
  }

  #drop(clientMsgId: string): void {
    const { waiting } = this.#state;
    this.#set({ waiting: waiting.filter((one) => one.clientMsgId !== clientMsgId) });
  }

  /** Chats that this device is in, and what is missing of the one that is open. */
  async #cameOnline(): Promise<void> {
    const { chats } = await this.#client.listChats({ limit: CHATS_MAX });
    for (const known of chats) {
      this.#change(known.chatId, (chat) => ({
        ...chat,
        headSeq: Math.max(chat.headSeq, known.headSeq),
        received: Math.max(chat.received, known.received),
      }));
    }
    for (const { chatId, peers } of this.#state.chats) {
      if (peers.length > 0) continue;
      const { chat } = await this.#client.getChat({ chatId });
      this.#takeMembers({ chatId, membership: chat });
    }
    if (!this.#openWanted() && this.#wanted !== undefined) await this.#openNew();
    const { openId } = this.#state;
    if (openId !== undefined) await this.#refresh(openId);
  }

  /** True when a chat with the one who is wanted is open now. */
  #openWanted(): boolean {
    const wanted = this.#wanted;
    if (wanted === undefined) return false;
    const found = this.#state.chats.find(({ peers }) => peers.length === 1 && peers[0] === wanted);
    if (found !== undefined) this.open(found.chatId);
    return found !== undefined;
  }

  async #openNew(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    try {
      await makeUser(wanted);
      const { chatId } = await this.#client.createChat({ participants: [wanted] });
      this.#change(chatId, (chat) => ({ ...chat, peers: [wanted] }));
      this.#openWanted();
    } catch (error) {
      this.#wanted = undefined;
      throw error;
    }
  }

  /** Receipts, and the page of messages before those that this tab has. */
  async #refresh(chatId: string): Promise<void> {
    const { users } = await this.#client.getReceipts({ chatId });
    for (const { userId, ...mark } of users) {
      this.#change(chatId, (chat) => page.withMark(chat, userId, mark));
    }
    const { messages: [first] = [], headSeq = 0 } = this.#chat(chatId) ?? {};
    const before = first?.seq ?? headSeq + 1;
    if (before > 1) {
      const { messages, gap } = await this.#client.history({ chatId, before, limit: PAGE_MAX });
      if (gap !== undefined) this.#add(chatId, gapShown(gap));
      for (const message of messages) this.#add(chatId, shownOf(message));
    }
    this.#markRead();
  }

  #chat(chatId: string | undefined): page.Chat | undefined {
    return this.#state.chats.find((chat) => chat.chatId === chatId);
  }

  #markRead(): void {
    const chat = page.openChatOf(this.#state);
    if (chat === undefined || document.visibilityState !== 'visible') return;
    if (chat.received <= chat.read) return;
    const upToSeq = chat.received;
    this.#client.mark({ chatId: chat.chatId, status: 'READ', upToSeq });
    this.#change(chat.chatId, (open) => ({ ...open, read: upToSeq }));
  }

  /** A picture that is a second old is good enough, and one that fails is not missed. */
  #lookAtCursors(): void {
    const { connection, openId } = this.#state;
    if (openId === undefined || connection !== 'online') return;
    if (document.visibilityState !== 'visible') return;
    const take = (cursors: page.PageState['cursors']) => {
      if (this.#state.openId === openId) this.#set({ cursors });
    };
    cursorsOf(openId, this.#token).then(take, () => undefined);
  }

  #restored(): page.Chat[] {
    return this.#tab.names('chat/').map((chatId) => {
      const kept = JSON.parse(this.#tab.get(`chat/${chatId}`) ?? '{}') as KeptChat;
      return { ...page.emptyChat(chatId), ...kept, messages: this.#kept.load(chatId) };
    });
  }

  #change(chatId: string, change: (chat: page.Chat) => page.Chat): void {
    const { chats } = this.#state;
    const before = chats.find((chat) => chat.chatId === chatId);
    const after = change(before ?? page.emptyChat(chatId));
    if (after === before) return;
    const { messages: _, ...kept } = after;
    this.#tab.set(`chat/${chatId}`, JSON.stringify(kept satisfies KeptChat));
    const others = chats.filter((chat) => chat.chatId !== chatId);
    this.#set({ chats: [...others, after].sort(byName) });
  }

  #fail(error: unknown): void {
    this.#set({ problem: error instanceof Error ? error.message : String(error) });
  }

  #set(change: Partial<page.PageState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function byName(left: page.Chat, right: page.Chat): number {
  return left.peers.join() < right.peers.join() ? -1 : 1;
}

function waitingOf({ clientMsgId, chatId, messageBody, sentAt = 0 }: WaitingMessage): page.Waiting {
  const text = typeof messageBody === 'string' ? messageBody : '(bytes)';
  return { clientMsgId, chatId, text, sentAt };
}
