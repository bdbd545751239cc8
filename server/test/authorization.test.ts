// The authorization matrix over real sockets: what the chat layer's own test says of handlers, a
// broker does for whoever connects.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { CLOSE_CODES, ERRORS, type FoqError } from '../../protocol/index.js';
import { COMMANDS, type CommandName } from '../../protocol/wire/index.js';
import { type Broker, startBroker } from '../broker.js';
import { PROBES, ROWS, type Verdict } from '../chat/test/index.js';
import { developmentKey } from '../tokens/index.js';

const BEFORE = 'said before eve left';
const AFTER = 'said after eve left';

type Fields = Readonly<Record<string, unknown>>;

/** A device over a socket, in JSON. */
class Device {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (reply: Fields) => void>();
  #ids = 0;
  /** All that it was ever sent. */
  transcript = '';
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', (code) => resolve(code));
    });
    socket.on('message', (data) => this.#take(String(data)));
  }

  static async connect({ url }: Broker): Promise<Device> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/chat`, 'foq.v1.json');
    const device = new Device(socket);
    await new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    });
    return device;
  }

  /** Its reply; undefined when the socket was closed instead. */
  async ask(t: string, said: Fields): Promise<Fields | undefined> {
    this.#ids += 1;
    const id = this.#ids;
    const replied = new Promise<Fields>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ ...said, t, id }));
    return await Promise.race([replied, this.closed.then(() => undefined)]);
  }

  close(): void {
    this.#socket.terminate();
  }

  #take(text: string): void {
    this.transcript += `${text}\n`;
    const maps: unknown = JSON.parse(text);
    for (const map of [maps].flat() as Fields[]) {
      const { id } = map;
      if (typeof id !== 'number') continue;
      this.#waiting.get(id)?.(map);
      this.#waiting.delete(id);
    }
  }
}

class Stage {
  readonly broker: Broker;
  readonly #folder: string;
  #chats = 0;
  readonly #devices = new Map<string, Device>();

  private constructor(broker: Broker, folder: string) {
    this.broker = broker;
    this.#folder = folder;
  }

  static async open(t: Test): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'foq-authorization-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const broker = await startBroker({ data: folder, port: 0, logLevel: 'silent' });
    const stage = new Stage(broker, folder);
    t.teardown(async () => {
      for (const device of stage.#devices.values()) device.close();
      await broker.close();
    });
    for (const userId of ['ann', 'bob', 'eve', 'fay']) await stage.link(userId, 'phone');
    await stage.link('ann', 'laptop');
    await stage.#admin('DELETE', '/users/ann/devices/laptop');
    return stage;
  }

  async link(userId: string, deviceId: string): Promise<void> {
    await this.#admin('POST', '/users', { userId });
    await this.#admin('POST', '/devices', { userId, deviceId });
  }

  /** Connected and in sync, once for all. */
  async device(userId: string): Promise<Device> {
    const known = this.#devices.get(userId);
    if (known !== undefined) return known;
    const device = await Device.connect(this.broker);
    this.#devices.set(userId, device);
    await device.ask('hello', { token: await this.token(userId, 'phone') });
    await device.ask('syncState', {});
    return device;
  }

  async token(userId: string, deviceId: string): Promise<string> {
    const { sign } = await developmentKey(this.#folder);
    return await sign({ userId, deviceId, expiresInSeconds: 600 }, Date.now());
  }

  /** ann and bob; eve was there from 1 to 3; the head is 4. */
  async aChat(): Promise<string> {
    this.#chats += 1;
    const ann = await this.device('ann');
    const bob = await this.device('bob');
    const group = { type: 'group', clientChatId: `chat-${this.#chats}` };
    const made = await ann.ask('createChat', { participants: ['bob', 'eve'], ...group });
    const chatId = made?.['chatId'];
    if (typeof chatId !== 'string') throw new Error(`no chat: ${JSON.stringify(made)}`);
    const say = { chatId, clientMsgId: `say-${this.#chats}` };
    await bob.ask('sendMessage', { ...say, messageBody: BEFORE });
    await ann.ask('updateChat', { chatId, remove: ['eve'] });
    await ann.ask('sendMessage', { ...say, messageBody: AFTER });
    return chatId;
  }

  async #admin(method: string, path: string, body?: Fields): Promise<void> {
    const { sign } = await developmentKey(this.#folder);
    const claims = { userId: 'admin', scope: 'admin', expiresInSeconds: 600 } as const;
    const authorization = `Bearer ${await sign(claims, Date.now())}`;
    const response = await fetch(`${this.broker.url}${path}`, {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  }
}

function codeOf(reply: Fields | undefined): FoqError['code'] | undefined {
  return reply?.['t'] === 'error' ? (`FOQ_${reply['name']}` as FoqError['code']) : undefined;
}

const USERS = { member: 'bob', former: 'eve', stranger: 'fay' } as const;

test('who is connected is answered as the matrix says', async (t) => {
  const stage = await Stage.open(t);
  // One for all: what is refused changes nothing, and bob leaves another one.
  const chat = await stage.aChat();
  const chatToLeave = await stage.aChat();
  for (const [name, row] of Object.entries(ROWS)) {
    if (row.by === 'session') continue;
    for (const [kind, userId] of Object.entries(USERS)) {
      const device = await stage.device(userId);
      for (const index of row.says('').keys()) {
        const mayLeave = userId === 'bob' && 'leave' in (row.says(chat)[index] ?? {});
        const said = row.says(mayLeave ? chatToLeave : chat)[index] ?? {};
        const reply = await device.ask(name, said);
        const verdict: Verdict = mayLeave ? 'ok' : row.cells[kind as keyof typeof USERS];
        const expected = verdict.startsWith('FOQ_') ? verdict : undefined;
        t.equal(codeOf(reply), expected, `${name} (${index}) of ${kind}`);
        const text = JSON.stringify(reply);
        if (verdict !== 'ok') t.notOk(text.includes(AFTER), `${name} of ${kind}: nothing of it`);
      }
    }
  }
  const { transcript: ofFay } = await stage.device('fay');
  t.notOk(ofFay.includes(AFTER) || ofFay.includes(BEFORE), 'a stranger was never sent a byte');
  const { transcript: ofEve } = await stage.device('eve');
  t.ok(ofEve.includes(BEFORE));
  t.notOk(ofEve.includes(AFTER), 'nor a former member what came after');
});

test('conditions tell nothing to those outside, over a socket', async (t) => {
  const stage = await Stage.open(t);
  for (const { t: name, says } of PROBES) {
    const chatId = await stage.aChat();
    for (const userId of ['eve', 'fay']) {
      const device = await stage.device(userId);
      for (const said of says(chatId)) {
        const reply = await device.ask(name, said);
        const { number: code } = ERRORS.FOQ_CHAT_NOT_FOUND;
        t.match(reply, { t: 'error', code }, `${name} of ${userId}`);
        t.equal(reply?.['details'], undefined);
      }
    }
  }
});

test('without a token, and with that of a revoked device, no command is carried out', async (t) => {
  const stage = await Stage.open(t);
  const chatId = await stage.aChat();
  const token = await stage.token('ann', 'laptop');
  for (const [name, row] of Object.entries(ROWS)) {
    for (const said of row.says(chatId)) {
      const nobody = await Device.connect(stage.broker);
      const reply = await nobody.ask(name, said);
      t.equal(codeOf(reply), row.cells['no token'], `${name} without a token`);
      t.equal(await nobody.closed, CLOSE_CODES.UNAUTHORIZED);
      const revoked = await Device.connect(stage.broker);
      const greeting = revoked.ask('hello', { token });
      t.equal(await revoked.ask(name, said), undefined, `${name} of a revoked device`);
      t.equal(await greeting, undefined);
      t.equal(await revoked.closed, CLOSE_CODES.DEVICE_REVOKED);
      t.notOk(`${nobody.transcript}${revoked.transcript}`.includes(AFTER));
    }
  }
  t.same(Object.keys(ROWS), Object.keys(COMMANDS) satisfies string[] as CommandName[]);
});
