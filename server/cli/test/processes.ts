// `foq` as a process: brokers that serve until they are stopped, and commands that end alone.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

export interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly greeting: string;
  readonly errors: () => string;
}

export function aFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-serve-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The environment of a person who has set nothing. */
function env(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const given = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('FOQ_')),
  );
  return { ...given, ...more };
}

export async function run(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: env(more) });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, ...output };
}

export async function aServing(t: Test, ...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', ...args], { env: env() });
  t.teardown(() => child.kill('SIGKILL'));
  let greeting = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    greeting += text;
    if (/^ready: .*\n(\{.*\n){5}/m.test(greeting)) break;
  }
  const url = /^foq listens on (\S+)$/m.exec(greeting)?.[1] ?? '';
  return { child, url, greeting, errors: () => errors };
}
