// `foq serve` as a person runs it.

import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'tap';
import { aFolder, aServing, run } from './processes.js';

test('serve says what is where, and SIGTERM ends it in peace with exit code 0', async (t) => {
  const data = join(aFolder(t), 'data');
  const { child, url, greeting, errors } = await aServing(t, '--data', data);
  t.match(greeting, /ws:\/\/127\.0\.0\.1:\d+\/chat/);
  t.match(greeting, /durability fsync: an answered message survives power loss/);
  t.match(greeting, 'foq token --user ann');
  t.match(greeting, 'Ctrl-C');
  t.equal((await fetch(`${url}/healthz`)).status, 200);
  const page = /chat demo +(\S+\?user=ann),/.exec(greeting)?.[1] ?? '';
  t.match(await (await fetch(page)).text(), '<title>FOQ chat demo</title>');
  t.equal((await fetch(new URL('/chat-demo/app.js', url))).status, 200);
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  t.equal(code, 0, errors());
  const lines = errors().trimEnd().split('\n');
  t.match(
    lines.map((line) => JSON.parse(line)),
    [{ msg: 'the broker listens' }, { msg: 'the broker has stopped' }],
  );
});

test('a data folder that is in use is refused with the pid of who has it', async (t) => {
  const data = join(aFolder(t), 'data');
  const { child } = await aServing(t, '--data', data);
  const { code, stderr } = await run(['serve', '--port', '0', '--data', data]);
  t.equal(code, 1);
  t.match(stderr, new RegExp(`FOQ_LOCKED.*\\b${child.pid}\\b`));
});

test('wrong options end with their name, help with all of them', async (t) => {
  const unknown = await run(['serve', '--prot', '1']);
  t.equal(unknown.code, 2);
  t.match(unknown.stderr, "unknown option '--prot'");
  const misfit = await run(['serve', '--port', 'x']);
  t.equal(misfit.code, 1);
  t.match(misfit.stderr, 'foq: FOQ_INVALID_ARGUMENT: --port takes 0 to 65535');
  const open = await run(['serve', '--host', '0.0.0.0']);
  t.equal(open.code, 1);
  t.match(open.stderr, '--insecure-behind-proxy');
  const help = await run(['serve', '--help']);
  t.equal(help.code, 0);
  t.match(help.stdout, /--tls-cert <value>/);
});
