// The options of the broker: where they come from, who wins, and what is refused.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { configRows, envNameOf, flagNameOf, OPTIONS, readConfig } from '../config.js';
import { checkExposure, isLoopback } from '../exposure.js';

function aFile(t: Test, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-config-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'foq.toml');
  writeFileSync(path, text);
  return path;
}

test('what nobody gave has the default of its option', async (t) => {
  const config = await readConfig({});
  t.match(config, { host: '127.0.0.1', port: 7420, data: './data', durability: 'fsync' });
  t.same(Object.keys(config), Object.keys(OPTIONS));
});

test('a flag wins over the environment, and both over the file', async (t) => {
  const file = aFile(t, 'port = 1\ndata = "of the file"\norigins = ["http://a", "http://b"]\n');
  const env = { FOQ_PORT: '2', FOQ_DATA: 'of the environment', HOME: '/' };
  const config = await readConfig({ flags: { port: '3' }, env, file });
  t.match(config, { port: 3, data: 'of the environment', origins: ['http://a', 'http://b'] });
  t.match(await readConfig({ env: { FOQ_CONFIG: file } }), { port: 1, data: 'of the file' });
  t.match(await readConfig({ env: { FOQ_ORIGINS: 'http://c, http://d' } }), {
    origins: ['http://c', 'http://d'],
  });
  t.match(await readConfig({ flags: { insecureBehindProxy: true } }), {
    insecureBehindProxy: true,
  });
});

test('an unknown name is an error with the nearest one, wherever it stands', async (t) => {
  const file = aFile(t, 'prot = 1\n');
  await t.rejects(readConfig({ file }), {
    code: 'FOQ_INVALID_ARGUMENT',
    message: /foq\.toml has prot, which is no option; did you mean port\?/,
  });
  await t.rejects(readConfig({ env: { FOQ_PROT: '1' } }), {
    message: 'The environment has FOQ_PROT, which is no option; did you mean FOQ_PORT?',
  });
  await t.rejects(readConfig({ flags: { prot: '1' } as never }), { message: /did you mean port/ });
  await t.rejects(readConfig({ file: aFile(t, '[port]\nx = 1\n') }), { message: /takes/ });
});

test('a value that does not fit is refused with what would', async (t) => {
  const wrong = [
    { env: { FOQ_PORT: '70000' } },
    { env: { FOQ_PORT: '-1' } },
    { env: { FOQ_DURABILITY: 'never' } },
    { env: { FOQ_INSECURE_BEHIND_PROXY: 'yes' } },
    { file: aFile(t, 'port = "7420"') },
    { file: aFile(t, 'port = 7420.5') },
    { file: aFile(t, 'origins = "http://a"') },
    { flags: { port: '7e3' } },
  ];
  for (const given of wrong) {
    await t.rejects(readConfig(given), { code: 'FOQ_INVALID_ARGUMENT', message: / takes / });
  }
});

test('a file that is missing or no TOML is refused with its name', async (t) => {
  await t.rejects(readConfig({ file: '/nowhere/foq.toml' }), { message: /\/nowhere\/foq\.toml/ });
  await t.rejects(readConfig({ file: aFile(t, 'port = = 1') }), { message: /is no TOML/ });
});

test('names in the environment and of flags come from the name', (t) => {
  t.equal(envNameOf('tlsCert'), 'FOQ_TLS_CERT');
  t.equal(flagNameOf('insecureBehindProxy'), '--insecure-behind-proxy');
  t.end();
});

test('docs/broker.md has the table of options', (t) => {
  const page = readFileSync(new URL('../../../docs/broker.md', import.meta.url), 'utf8');
  const rows = configRows().map((row) => `| ${row.join(' | ')} |\n`);
  t.ok(page.includes(`|---|---|---|---|\n${rows.join('')}\n`));
  t.end();
});

test('beyond loopback the broker needs TLS or a proxy, and keys of its own', async (t) => {
  const base = await readConfig({ flags: { host: '0.0.0.0' } });
  t.throws(() => checkExposure(base), { message: /--insecure-behind-proxy/ });
  const proxied = { ...base, insecureBehindProxy: true };
  t.throws(() => checkExposure(proxied), { message: /--insecure-development-key/ });
  t.doesNotThrow(() => checkExposure({ ...proxied, insecureDevelopmentKey: true }));
  t.doesNotThrow(() => checkExposure({ ...proxied, tokenKeys: ['i:k:EdDSA:f'] }));
  const tls = { ...base, tlsCert: 'c', tlsKey: 'k', tokenKeys: ['i:k:EdDSA:f'] };
  t.doesNotThrow(() => checkExposure(tls));
  t.throws(() => checkExposure({ ...base, host: '127.0.0.1', tlsCert: 'c' }), {
    message: /belong together/,
  });
  t.end();
});

test('loopback is 127.0.0.0/8, ::1 and localhost, and nothing that only looks so', (t) => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '::ffff:127.0.0.1']) {
    t.ok(isLoopback(host), host);
  }
  for (const host of ['0.0.0.0', '::', '127.evil.example', '10.0.0.1', '1270.0.0.1', '']) {
    t.notOk(isLoopback(host), host);
  }
  t.end();
});
