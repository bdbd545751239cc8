// Every command, from everybody who might send it. A stand-in does the gateway's part: it knows
// tokens and revocations, and that a command of the session never reaches a chat.

import { type Test, test } from 'tap';
import { FoqError } from '../../../protocol/index.js';
import { COMMANDS, type Command, type CommandName } from '../../../protocol/wire/index.js';
import { handlers } from '../index.js';
import { type CallerKind, PROBES, ROWS, type Row, type Verdict } from './index.js';
import { caller, type Rig, withRig } from './rig.js';

const CALLERS: Readonly<Record<CallerKind, string | undefined>> = {
  member: 'bob/phone',
  former: 'eve/phone',
  stranger: 'fay/phone',
  revoked: 'ann/laptop',
  'no token': undefined,
};

const BEFORE = 'said before eve left';
const AFTER = 'said after eve left';

test('every command of the wire has a row, and every row is a command', (t) => {
  t.same(Object.keys(ROWS).sort(), Object.keys(COMMANDS).sort());
  t.same(
    Object.entries(ROWS).flatMap(([name, { by }]) => (by === 'chat' ? [name] : [])),
    Object.keys(handlers),
    'and the chat layer answers what is of chats',
  );
  t.end();
});

for (const name of Object.keys(COMMANDS) as CommandName[]) {
  for (const kind of Object.keys(CALLERS) as CallerKind[]) {
    const row = ROWS[name];
    const verdict = row.cells[kind];
    for (const index of row.says('').keys()) {
      withRig(`${name} (${index}) of ${kind}: ${verdict}`, async (t, rig) => {
        const chatId = await aChat(rig);
        const before = await stateOf(rig, chatId);
        const said = row.says(chatId)[index] ?? {};
        const { code, text } = await answered(rig, CALLERS[kind], { t: name, ...said });
        // The last row of updateChat is what a plain member may.
        const mayLeave = name === 'updateChat' && kind === 'member' && 'leave' in said;
        const expected: Verdict = mayLeave ? 'ok' : verdict;
        t.equal(code, expected.startsWith('FOQ_') ? expected : undefined);
        checkText(t, text, { verdict: expected, chatId, row });
        if (expected !== 'ok') t.same(await stateOf(rig, chatId), before, 'nothing changed');
      });
    }
  }
}

for (const { t: name, says } of PROBES) {
  for (const kind of ['former', 'stranger'] as const) {
    withRig(`conditions of ${name} tell ${kind} nothing`, async (t, rig) => {
      const chatId = await aChat(rig);
      const unknown = `~g${'a'.repeat(32)}`;
      for (const [index, said] of says(chatId).entries()) {
        const told = await answered(rig, CALLERS[kind], { t: name, ...said });
        const ofNone = await answered(rig, CALLERS[kind], { t: name, ...says(unknown)[index] });
        t.equal(told.code, 'FOQ_CHAT_NOT_FOUND');
        t.same(told, ofNone, 'as of a chat that never was');
      }
    });
    withRig(`conditions of ${name} are told to a member, as ${kind} would ask`, async (t, rig) => {
      const chatId = await aChat(rig);
      for (const said of says(chatId)) {
        const { code } = await answered(rig, CALLERS.member, { t: name, ...said });
        t.ok(code !== undefined && code !== 'FOQ_CHAT_NOT_FOUND', `told ${code}`);
      }
    });
  }
}

/** ann and bob; eve was there from 1 to 3; the head is 4. */
async function aChat(rig: Rig): Promise<string> {
  rig.directory.add('fay', 'phone');
  const chatId = await rig.aGroup('ann/phone', ['bob', 'eve']);
  await rig.say('bob/phone', chatId, BEFORE);
  await rig.update('ann/phone', { chatId, remove: ['eve'] });
  await rig.say('ann/phone', chatId, AFTER);
  rig.directory.revoke(caller('ann/laptop'));
  return chatId;
}

async function stateOf(rig: Rig, chatId: string) {
  const pinned = await rig.queue.pinned(chatId);
  const cursors = (await rig.queue.cursors(chatId)).map(({ received: _, ...rest }) => rest);
  return [await rig.queue.heads([chatId]), pinned?.seq, cursors];
}

interface Answered {
  readonly code: FoqError['code'] | undefined;
  /** All that the caller gets to read. */
  readonly text: string;
}

async function answered(
  rig: Rig,
  consumerId: string | undefined,
  said: { readonly t: CommandName },
): Promise<Answered> {
  try {
    const command = { id: 1, ...said } as unknown as Command;
    return { code: undefined, text: JSON.stringify(await gateway(rig, consumerId, command)) };
  } catch (error) {
    if (!(error instanceof FoqError)) throw error;
    const { code, message, details } = error;
    return { code, text: JSON.stringify({ message, details }) };
  }
}

async function gateway(rig: Rig, consumerId: string | undefined, command: Command) {
  if (consumerId === undefined) throw new FoqError('FOQ_UNAUTHORIZED');
  const by = caller(consumerId);
  const devices = await rig.directory.devicesOf([by.userId]);
  if (!devices.some(({ deviceId }) => deviceId === by.deviceId)) {
    throw new FoqError('FOQ_UNAUTHORIZED');
  }
  const name = command.t;
  if (!isOfChats(name)) return {};
  const handler = handlers[name] as (typeof handlers)['getChat'];
  return await handler(rig.context, by, command as never);
}

function isOfChats(name: CommandName): name is keyof typeof handlers {
  return Object.hasOwn(handlers, name);
}

function checkText(
  t: Test,
  text: string,
  { verdict, chatId, row }: { verdict: Verdict; chatId: string; row: Row },
): void {
  if (verdict === 'ok') return;
  t.notOk(text.includes(AFTER), 'not a byte of what was said after');
  if (verdict === 'ranges') return;
  t.notOk(text.includes(BEFORE), 'nor before');
  if (row.by === 'chat') t.notOk(text.includes(chatId), 'nor its name');
}
