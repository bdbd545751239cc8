// Five frames for somebody with any WebSocket client: what `foq serve` prints and what README.md
// shows is pasted as it stands, into a client that knows nothing of FOQ.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { WebSocket } from 'ws';
import { aFolder, aServing, type Started } from './processes.js';

const WITHIN_MS = 20_000;
const readme = readFileSync(new URL('../../../../README.md', import.meta.url), 'utf8');

type Wire = Readonly<Record<string, unknown>>;

/** What a person copies from the terminal: where to connect, and the lines below. */
function printed({ greeting }: Started) {
  const [, url = '', subprotocol = '', text = ''] =
    /^ready: .* WebSocket of (ws:\S+), subprotocol (\S+)\n((?:\{.*\n)+)/m.exec(greeting) ?? [];
  return { url, subprotocol, frames: text.trimEnd().split('\n') };
}

/** The frames of the page, with the token and the chat that the terminal has in them. */
function shown(frames: readonly string[]): string[] {
  const [, text = ''] = /```json five-frames\n([^`]+)\n```/.exec(readme) ?? [];
  const { token } = JSON.parse(frames[0] ?? '{}');
  const { chatId } = JSON.parse(frames[2] ?? '{}');
  return text.replaceAll('TOKEN', token).replaceAll('CHAT', chatId).split('\n');
}

async function pasting(t: Test, { url, subprotocol }: { url: string; subprotocol: string }) {
  const socket = new WebSocket(url, [subprotocol]);
  t.teardown(() => socket.terminate());
  const maps: Wire[] = [];
  socket.on('message', (frame: Buffer) => maps.push(...[JSON.parse(frame.toString())].flat()));
  await once(socket, 'open', { signal: AbortSignal.timeout(WITHIN_MS) });
  return async (frame: string): Promise<Wire> => {
    const { id } = JSON.parse(frame);
    socket.send(frame);
    for (;;) {
      const found = maps.find((map) => map['id'] === id);
      if (found !== undefined) return found;
      await once(socket, 'message', { signal: AbortSignal.timeout(WITHIN_MS) });
    }
  };
}

test('README.md shows the five frames that serve prints', async (t) => {
  const serving = await aServing(t, '--data', join(aFolder(t), 'data'));
  const { frames } = printed(serving);
  t.equal(frames.length, 5);
  t.same(shown(frames), frames);
});

test('five frames, pasted one by one, are answered, and again when pasted once more', async (t) => {
  const serving = await aServing(t, '--data', join(aFolder(t), 'data'));
  const { frames, ...place } = printed(serving);
  const { chatId } = JSON.parse(frames[2] ?? '{}');
  for (const isFirst of [true, false]) {
    const paste = await pasting(t, place);
    const answers: Wire[] = [];
    for (const frame of shown(frames)) answers.push(await paste(frame));
    t.match(answers, [
      { t: 'welcome', userId: 'guest', durability: 'fsync' },
      { t: 'ok', chatId, seq: 1, created: isFirst },
      { t: 'ok', serverAck: { messageId: `${chatId}.2`, seq: 2, duplicate: !isFirst } },
      { t: 'ok', next: null },
      { t: 'ok' },
    ]);
  }
});

test('a token that was cut while pasting is told with its code', async (t) => {
  const serving = await aServing(t, '--data', join(aFolder(t), 'data'));
  const { frames, ...place } = printed(serving);
  const paste = await pasting(t, place);
  const hello = JSON.parse(frames[0] ?? '{}');
  const cut = JSON.stringify({ ...hello, token: String(hello.token).slice(0, -9) });
  t.match(await paste(cut), { t: 'error', code: 1401, name: 'UNAUTHORIZED' });
});
