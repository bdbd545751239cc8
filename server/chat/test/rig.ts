// Verbs for the tests of the chat layer: a queue in memory, a directory in memory, callers by name.

import { type Test, test } from 'tap';
import { openQueue, type SimulatedQueue } from '../../../engine/testing/index.js';
import { FoqError } from '../../../protocol/index.js';
import { type CommandOf, LIMITS } from '../../../protocol/wire/index.js';
import type { Device, Directory, User } from '../../directory/index.js';
import { type Caller, type ChatContext, handlers, linkDevice, type Synced } from '../index.js';

/** What a test says of a command, without `t` and `id`. */
type Said<Name extends keyof typeof handlers> = Omit<CommandOf<Name>, 't' | 'id'>;

export const CREATED_AT = 1_700_000_000_000;

export class StandInDirectory implements Pick<Directory, 'users' | 'devicesOf'> {
  readonly #users = new Map<string, User>();
  readonly #devices = new Map<string, Device>();

  add(userId: string, ...deviceIds: readonly string[]): void {
    this.#users.set(userId, { userId, displayName: userId, createdAt: CREATED_AT });
    for (const deviceId of deviceIds) {
      const device = { userId, deviceId, name: deviceId, platform: 'test', createdAt: CREATED_AT };
      this.#devices.set(`${userId}/${deviceId}`, device);
    }
  }

  revoke({ userId, deviceId }: Caller): void {
    this.#devices.delete(`${userId}/${deviceId}`);
  }

  users(userIds: readonly string[]): Promise<User[]> {
    return Promise.resolve(userIds.flatMap((userId) => this.#users.get(userId) ?? []));
  }

  devicesOf(userIds: readonly string[]): Promise<Device[]> {
    const devices = [...this.#devices.values()];
    return Promise.resolve(devices.filter(({ userId }) => userIds.includes(userId)));
  }
}

/** `ann/phone`. */
export function caller(consumerId: string): Caller {
  const [userId = '', deviceId = ''] = consumerId.split('/');
  return { userId, deviceId };
}

/** A session that was sent so much of each chat. */
export function callerSent(
  consumerId: string,
  sent: Readonly<Record<string, number>>,
  received: (chatId: string, upToSeq: number) => void = () => undefined,
): Caller {
  return { ...caller(consumerId), stream: { sentUpTo: (chatId) => sent[chatId] ?? 0, received } };
}

export class Rig {
  readonly queue: SimulatedQueue;
  readonly directory = new StandInDirectory();
  context: ChatContext;
  #ids = 0;

  constructor(queue: SimulatedQueue) {
    this.queue = queue;
    const { directory } = this;
    const key = new Uint8Array(32).fill(7);
    this.context = { queue, directory, key, now: () => CREATED_AT, limits: LIMITS };
  }

  /** ann, bob and eve have a phone each, ann a laptop too; dan has no device. */
  addUsers(): this {
    this.directory.add('ann', 'phone', 'laptop');
    this.directory.add('bob', 'phone');
    this.directory.add('eve', 'phone');
    this.directory.add('dan');
    return this;
  }

  async createChat(by: string, said: Said<'createChat'>) {
    return await handlers.createChat(this.context, caller(by), this.#command('createChat', said));
  }

  /** A group that `by` makes; its id. */
  async aGroup(by: string, participants: string[], clientChatId = 'club'): Promise<string> {
    return (await this.createChat(by, { participants, type: 'group', clientChatId })).chatId;
  }

  async update(by: string, said: Said<'updateChat'>) {
    return await handlers.updateChat(this.context, caller(by), this.#command('updateChat', said));
  }

  async send(by: string, said: Said<'sendMessage'>) {
    const command = this.#command('sendMessage', said);
    return (await handlers.sendMessage(this.context, caller(by), command)).serverAck;
  }

  /** Texts, one after the other; their seqs. */
  async say(by: string, chatId: string, ...texts: readonly string[]): Promise<number[]> {
    const seqs: number[] = [];
    for (const messageBody of texts) {
      this.#ids += 1;
      seqs.push((await this.send(by, { chatId, clientMsgId: `m${this.#ids}`, messageBody })).seq);
    }
    return seqs;
  }

  async ack(by: Caller | string, said: Said<'messageAck'>) {
    const from = typeof by === 'string' ? caller(by) : by;
    return await handlers.messageAck(this.context, from, this.#command('messageAck', said));
  }

  async sync(by: string, said: Said<'syncState'> = {}): Promise<Synced> {
    return await handlers.syncState(this.context, caller(by), this.#command('syncState', said));
  }

  async history(by: string, said: Said<'history'>) {
    return await handlers.history(this.context, caller(by), this.#command('history', said));
  }

  async getChat(by: string, chatId: string) {
    const command = this.#command('getChat', { chatId });
    return (await handlers.getChat(this.context, caller(by), command)).chat;
  }

  async listChats(by: string, said: Said<'listChats'> = {}) {
    return await handlers.listChats(this.context, caller(by), this.#command('listChats', said));
  }

  async receipts(by: string, said: Said<'getReceipts'>) {
    return await handlers.getReceipts(this.context, caller(by), this.#command('getReceipts', said));
  }

  async link(consumerId: string): Promise<number> {
    const device = caller(consumerId);
    this.directory.add(device.userId, device.deviceId);
    return await linkDevice(this.context, device);
  }

  /** Acks become durable with the next round. */
  async acksAreDurable(): Promise<void> {
    await this.queue.append('order-1', 'x', { senderId: 'backend' });
  }

  async joined(chatId: string): Promise<string[]> {
    const cursors = await this.queue.cursors(chatId);
    return cursors.filter((one) => one.leaveSeq === undefined).map((one) => one.consumerId);
  }

  #command<Name extends keyof typeof handlers>(t: Name, said: Said<Name>): CommandOf<Name> {
    return { t, id: 1, ...said } as unknown as CommandOf<Name>;
  }
}

/** A test over a queue in memory, with ann, bob, eve and dan. */
export function withRig(title: string, run: (t: Test, rig: Rig) => Promise<void>): void {
  test(title, async (t) => {
    const queue = await openQueue({ dir: ':memory:' });
    t.teardown(() => queue.close());
    await run(t, new Rig(queue).addUsers());
  });
}

export async function refused(
  t: Test,
  promise: Promise<unknown>,
  code: FoqError['code'],
): Promise<FoqError['details']> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.equal(error instanceof FoqError ? error.code : error, code);
  return error instanceof FoqError ? error.details : {};
}
