// The options of the broker: one table, from which their types, their checks, the names in the
// environment and of the flags, and docs/broker.md come. Flags win over the environment, and both
// over the file.
//
// Invariant: nothing that is given is ignored. An unknown name is an error with the nearest one.

import { readFile } from 'node:fs/promises';
import { parse } from 'smol-toml';
import { didYouMean, FoqError } from '../protocol/index.js';

type Value = string | number | boolean | readonly string[];

interface Option<Given extends Value> {
  readonly fallback: Given;
  readonly limits: string;
  readonly meaning: string;
  /** From the text of a flag or of the environment; undefined when it does not fit. */
  readonly read: (text: string) => Given | undefined;
  /** From the file; undefined when it does not fit. */
  readonly take: (value: unknown) => Given | undefined;
}

function text(fallback: string, limits: string, meaning: string): Option<string> {
  const take = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { fallback, limits, meaning, read: take, take };
}

function count(
  fallback: number,
  { least, most }: { readonly least: number; readonly most: number },
  meaning: string,
): Option<number> {
  const take = (value: unknown) => {
    const number = typeof value === 'bigint' ? Number(value) : value;
    const fits = typeof number === 'number' && Number.isSafeInteger(number);
    return fits && number >= least && number <= most ? number : undefined;
  };
  const read = (given: string) => (/^\d+$/.test(given) ? take(Number(given)) : undefined);
  return { fallback, limits: `${least} to ${most}`, meaning, read, take };
}

function flag(meaning: string): Option<boolean> {
  const take = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
  const read = (given: string) => (/^(true|false)$/.test(given) ? given === 'true' : undefined);
  return { fallback: false, limits: '`true`, `false`', meaning, read, take };
}

function oneOf<Word extends string>(words: readonly [Word, ...Word[]], meaning: string) {
  const limits = words.map((word) => `\`${word}\``).join(', ');
  const take = (value: unknown) => words.find((word) => word === value);
  return { fallback: words[0], limits, meaning, read: take, take } satisfies Option<Word>;
}

function list(limits: string, meaning: string): Option<readonly string[]> {
  const take = (value: unknown) => {
    const fits = Array.isArray(value) && value.every((one) => typeof one === 'string');
    return fits ? (value as string[]) : undefined;
  };
  const read = (given: string) => given.split(',').map((one) => one.trim());
  return { fallback: [], limits, meaning, read, take };
}

/** In the order of the docs. */
export const OPTIONS = {
  data: text('./data', 'a folder', 'Where everything is kept; made if it is missing.'),
  host: text('127.0.0.1', 'an address', 'Where to listen. Beyond loopback: see tlsCert.'),
  port: count(7420, { least: 0, most: 65_535 }, 'Where to listen; 0 takes a free one.'),
  tlsCert: text('', 'a PEM file', 'Certificate; with `tlsKey` the broker speaks TLS.'),
  tlsKey: text('', 'a PEM file', 'Private key of the certificate.'),
  insecureBehindProxy: flag('A proxy before the broker ends TLS: listen beyond loopback without.'),
  insecureDevelopmentKey: flag('Take tokens of the development key beyond loopback.'),
  origins: list('addresses', 'Pages of these origins may connect, beside the own address.'),
  tokenKeys: list(
    '`issuer:keyId:EdDSA or HS256:file`',
    'Keys that verify tokens: PEM for EdDSA, hex for HS256. None: the development key.',
  ),
  tokenKeySets: list(
    '`issuer=file or URL`',
    'Key sets (JWKS) of issuers, for EdDSA; read again for a key that is not known.',
  ),
  durability: oneOf(
    ['fsync', 'page-cache-unsafe'],
    'What an answered message survives: power loss, or only the death of the process.',
  ),
  maxAge: text('30d', 'at least 1 minute', 'Older messages leave, whoever lacks them.'),
  keepAtLeast: text('0', '0, or at least 1 minute', 'Younger messages stay, whoever has them.'),
  maxBytes: count(
    1_073_741_824,
    { least: 0, most: Number.MAX_SAFE_INTEGER },
    'The oldest messages of a chat that has more leave; 0 is no limit, else at least 65536.',
  ),
  journalWindowBytes: count(
    0,
    { least: 0, most: 1_099_511_627_776 },
    'A larger journal is sealed; 0: the least of 8 GiB, 1/4 of the memory, 1/10 of the disk.',
  ),
  connectionsMax: count(10_000, { least: 1, most: 1_000_000 }, 'Sockets at once.'),
  strangersMax: count(
    1_000,
    { least: 1, most: 1_000_000 },
    'Sockets at once that were not welcomed yet.',
  ),
  hellosPerSecond: count(
    2_000,
    { least: 1, most: 1_000_000 },
    'Devices that are let in a second; others are closed with 4005 and come again.',
  ),
  closeWithinMs: count(
    10_000,
    { least: 0, most: 600_000 },
    'A broker that stops waits so long for what is under way.',
  ),
  logLevel: oneOf(['info', 'debug', 'warn', 'error', 'silent'], 'Least level of log lines.'),
} as const;

export type OptionName = keyof typeof OPTIONS;

export type Config = {
  readonly [Name in OptionName]: (typeof OPTIONS)[Name] extends Option<infer Given> ? Given : never;
};

const NAMES = Object.keys(OPTIONS) as readonly OptionName[];
const ENV_PREFIX = 'FOQ_';
/** Of the environment, and of the command line rather than of the broker. */
const ENV_OTHERS = ['FOQ_CONFIG', 'FOQ_URL', 'FOQ_WRITE'];

/** `tlsCert` is FOQ_TLS_CERT. */
export function envNameOf(name: string): string {
  return ENV_PREFIX + name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** `tlsCert` is --tls-cert. */
export function flagNameOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export interface Given {
  /** By name; texts as they were typed, true for a flag without a value. */
  readonly flags?: Readonly<Partial<Record<OptionName, string | boolean>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A TOML file; FOQ_CONFIG where it is not given. */
  readonly file?: string | undefined;
}

/** FOQ_INVALID_ARGUMENT that says what is wrong, and where. */
export async function readConfig({ flags = {}, env = {}, file }: Given): Promise<Config> {
  const path = file ?? env['FOQ_CONFIG'];
  const values: Partial<Record<OptionName, Value>> = {};
  for (const name of NAMES) values[name] = OPTIONS[name].fallback;
  if (path !== undefined && path !== '') Object.assign(values, await fromFile(path));
  Object.assign(values, fromEnv(env), fromFlags(flags));
  return values as Config;
}

/** As rows of docs/broker.md. */
export function configRows(): string[][] {
  return NAMES.map((name) => {
    const { fallback, limits, meaning } = OPTIONS[name];
    const shown = String(fallback) === '' ? 'none' : `\`${fallback}\``;
    return [`\`${name}\``, shown, limits, meaning];
  });
}

async function fromFile(path: string): Promise<Partial<Record<OptionName, Value>>> {
  const read = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw refused(`The file ${path} cannot be read.`, cause);
  });
  let table: Record<string, unknown>;
  try {
    table = parse(read);
  } catch (cause) {
    throw refused(`${path} is no TOML: ${(cause as Error).message}`, cause);
  }
  const values: Partial<Record<OptionName, Value>> = {};
  for (const [given, value] of Object.entries(table)) {
    const name = known(given, NAMES, `${path} has ${given}, which is no option`);
    values[name] = fitting(OPTIONS[name].take(value), `${path}: ${given}`, name);
  }
  return values;
}

function fromEnv(env: Readonly<Record<string, string | undefined>>) {
  const byEnvName = new Map(NAMES.map((name) => [envNameOf(name), name]));
  const values: Partial<Record<OptionName, Value>> = {};
  for (const [given, value] of Object.entries(env)) {
    if (!given.startsWith(ENV_PREFIX) || value === undefined) continue;
    if (ENV_OTHERS.includes(given)) continue;
    const said = `The environment has ${given}, which is no option`;
    const envName = known(given, [...byEnvName.keys()], said);
    const name = byEnvName.get(envName);
    if (name !== undefined) values[name] = fitting(OPTIONS[name].read(value), given, name);
  }
  return values;
}

function fromFlags(flags: Readonly<Partial<Record<OptionName, string | boolean>>>) {
  const values: Partial<Record<OptionName, Value>> = {};
  for (const [given, value] of Object.entries(flags)) {
    const name = known(given, NAMES, `${flagNameOf(given)} is no option`);
    values[name] = fitting(OPTIONS[name].read(String(value)), flagNameOf(given), name);
  }
  return values;
}

function known<Name extends string>(given: string, names: readonly Name[], said: string): Name {
  const found = names.find((name) => name === given);
  if (found === undefined) throw refused(`${said}${didYouMean(given, names)}`);
  return found;
}

function fitting(value: Value | undefined, where: string, name: OptionName): Value {
  if (value !== undefined) return value;
  throw refused(`${where} takes ${OPTIONS[name].limits.replaceAll('`', '')}`);
}

function refused(message: string, cause?: unknown): FoqError {
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, cause });
}
