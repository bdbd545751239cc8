// `foq token` as a person runs it.

import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'tap';
import { aFolder, aServing, run } from './processes.js';

test('token prints a token that the broker takes, for a user and device it has made', async (t) => {
  const data = join(aFolder(t), 'data');
  const { url } = await aServing(t, '--data', data);
  const args = ['token', '--user', 'ann', '--device', 'phone', '--data', data];
  const { code, stdout, stderr } = await run(args, { FOQ_URL: url });
  t.equal(stderr, '');
  t.equal(code, 0);
  t.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const headers = { authorization: `Bearer ${stdout.trim()}` };
  const chats = await fetch(`${url}/chats`, { headers });
  t.same(await chats.json(), { chats: [], next: null });
  const wrong = await run(['token', '--user', 'a/b', '--data', data], { FOQ_URL: url });
  t.equal(wrong.code, 1);
  t.match(wrong.stderr, /^foq: INVALID_ARGUMENT: The field userId must be an id/);
});

test('token says how to start a broker where none listens, and where its key is', async (t) => {
  const data = join(aFolder(t), 'data');
  const none = await run(['token', '--user', 'ann', '--data', data]);
  t.equal(none.code, 1);
  t.match(none.stderr, /^foq: there is no development key in .*\(--data\)/);
  const { child } = await aServing(t, '--data', data);
  child.kill('SIGTERM');
  await once(child, 'close');
  const port = await aFreePort();
  const url = `http://127.0.0.1:${port}`;
  const { code, stderr } = await run(['token', '--user', 'ann', '--data', data], { FOQ_URL: url });
  t.equal(code, 1);
  const said = `foq: nothing listens on 127.0.0.1:${port} (FOQ_URL). Start one with: foq serve\n`;
  t.equal(stderr, said);
});

async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
