// `foq chat` in two shells: lines go in, messages and ticks come out.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { startBroker } from '../../index.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const WITHIN_MS = 30_000;

class Shell {
  readonly #child: ChildProcessWithoutNullStreams;
  printed = '';

  constructor(args: readonly string[], url: string) {
    const env = { ...process.env, FOQ_URL: url };
    this.#child = spawn(process.execPath, [MAIN, 'chat', ...args], { env, stdio: 'pipe' });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.printed += text;
      });
    }
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The exit code once its input has ended. */
  async end(): Promise<number> {
    this.#child.stdin.end();
    const [code] = await once(this.#child, 'close');
    return code;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }

  async prints(pattern: RegExp): Promise<void> {
    const deadline = Date.now() + WITHIN_MS;
    while (!pattern.test(this.printed)) {
      if (Date.now() > deadline) throw new Error(`no ${pattern} in:\n${this.printed}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

async function aBroker(t: Test): Promise<{ data: string; url: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'foq-chat-'));
  const data = join(folder, 'data');
  const broker = await startBroker({ data, port: 0, logLevel: 'silent' });
  t.teardown(async () => {
    await broker.close();
    rmSync(folder, { recursive: true });
  });
  return { data, url: broker.url };
}

test('two shells write to each other, and see sent and read', async (t) => {
  const { data, url } = await aBroker(t);
  const ann = new Shell(['--user', 'ann', '--to', 'bob', '--data', data], url);
  t.teardown(() => ann.stop());
  await ann.prints(/^- chat ~d\S+\n/m);
  ann.type('hello bob');
  await ann.prints(/^- 2 sent\n/m);
  const bob = new Shell(['--user', 'bob', '--data', data], url);
  t.teardown(() => bob.stop());
  await bob.prints(/^2 ann: hello bob\n/m);
  await ann.prints(/^- 2 read by bob\n/m);
  bob.type('hello ann');
  await ann.prints(/^3 bob: hello ann\n/m);
  t.equal(await bob.end(), 0);
  ann.type('bye');
  t.equal(await ann.end(), 0, 'ends with its input');
  t.match(ann.printed, /^4 ann: bye\n/m, 'and only when what was typed is at the broker');
  const again = new Shell(['--user', 'bob', '--data', data], url);
  t.teardown(() => again.stop());
  await again.prints(/^4 ann: bye\n/m);
  t.notMatch(again.printed, /hello/, 'what a device has, it is not shown again');
  t.equal(await again.end(), 0);
});

test('without a broker it says how to start one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'foq-chat-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const ann = new Shell(['--user', 'ann', '--data', folder], 'http://127.0.0.1:1');
  t.equal(await ann.end(), 1);
  t.match(ann.printed, /^foq: there is no development key in .*foq serve/);
});
