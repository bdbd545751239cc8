// The options of a queue: one table, from which their types, their checks, what the store is told
// and docs/options.md come. An option is in the table when it works.

import { type Duration, didYouMean, type Keep } from '../protocol/index.js';
import { checkMaxBytes } from './arguments.js';
import { durationMs } from './durations.js';
import { invalidArgument } from './errors.js';
import { checkObject } from './ids.js';
import type { NativeOptions } from './native.js';

const KIB = 1024;
const MIB = KIB * KIB;
const TIB = MIB * MIB;
const MINUTE_MS = 60_000;
/** 1,000 years. */
const AGE_MAX_MS = 365_000 * 86_400_000;

/** One option: how the docs say it, and what makes a value of it. */
export interface Option<Given> {
  readonly unit: string;
  /** Undefined when it must be given. */
  readonly fallback: Given | undefined;
  readonly limits: string;
  readonly meaning: string;
  /** The value in the unit of the store; throws FOQ_INVALID_ARGUMENT naming `name`. */
  readonly check: (given: unknown, name: string) => string | number | boolean;
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly multipleOf?: number;
}

function bytes(fallback: number, range: Range, meaning: string): Option<number> {
  return { ...counted(fallback, range, meaning), unit: 'bytes', limits: bytesLimits(range) };
}

function counted(fallback: number, range: Range, meaning: string): Option<number> {
  const { least, most, multipleOf = 1 } = range;
  const limits = `${least} to ${most}`;
  const takes = `a whole number from ${least} to ${most}`;
  const multiple = multipleOf === 1 ? '' : `, a multiple of ${multipleOf}`;
  const check = (given: unknown, name: string) => {
    const fits = typeof given === 'number' && Number.isSafeInteger(given / multipleOf);
    if (fits && given >= least && given <= most) return given;
    throw invalidArgument(name, takes + multiple, given);
  };
  return { unit: 'count', fallback, limits, meaning, check };
}

function bytesLimits({ least, most, multipleOf }: Range): string {
  const multiple = multipleOf === undefined ? '' : `, a multiple of ${sizeText(multipleOf)}`;
  return `${sizeText(least)} to ${sizeText(most)}${multiple}`;
}

function age(fallback: Duration, allowsNone: boolean, meaning: string): Option<Duration> {
  const limits = `${allowsNone ? '0, or ' : ''}at least 1 minute`;
  const check = (given: unknown, name: string) => {
    const ms = durationMs(given, name);
    if ((allowsNone && ms === 0) || (ms >= MINUTE_MS && ms <= AGE_MAX_MS)) return ms;
    throw invalidArgument(name, limits, given);
  };
  return { unit: 'duration', fallback, limits, meaning, check };
}

function oneOf<Word extends string>(
  words: readonly [Word, ...Word[]],
  meaning: string,
): Option<Word> {
  const limits = words.map((word) => `\`${word}\``).join(', ');
  const check = (given: unknown, name: string) => {
    const found = words.find((word) => word === given);
    if (found === undefined) throw invalidArgument(name, words.join(', '), given);
    return found;
  };
  return { unit: 'word', fallback: words[0], limits, meaning, check };
}

function flag(fallback: boolean, meaning: string): Option<boolean> {
  const check = (given: unknown, name: string) => {
    if (typeof given === 'boolean') return given;
    throw invalidArgument(name, 'true or false', given);
  };
  return { unit: 'flag', fallback, limits: '`true`, `false`', meaning, check };
}

/** What opens a store in memory, elsewhere; `openQueue` opens directories. */
const IN_MEMORY = ':memory:';

const dir: Option<string> = {
  unit: 'path',
  fallback: undefined,
  limits: 'not empty',
  meaning: 'Data directory of the store. Its parent must exist; one process at a time has it.',
  check: (given, name) => {
    if (given === IN_MEMORY) throw invalidArgument(name, `a path; '${given}' is for foq/testing`);
    if (typeof given === 'string' && given !== '' && !given.includes('\0')) return given;
    throw invalidArgument(name, 'the path of a directory', given);
  },
};

const maxBytes: Option<number> = {
  unit: 'bytes',
  fallback: 0,
  limits: '0, or at least 64 KiB',
  meaning:
    'The oldest records of a chat that has more leave, whatever else keeps them; 0 is no limit.',
  check: checkMaxBytes,
};

/** In the order of the docs. */
export const OPTIONS = {
  dir,
  create: flag(true, 'Makes the store where there is none; otherwise that is FOQ_UNAVAILABLE.'),
  readOnly: flag(false, 'Changes nothing, and serves what verifies even when the journal is bad.'),
  durability: oneOf<'fsync' | 'page-cache-unsafe'>(
    ['fsync', 'page-cache-unsafe'],
    'What an answered append survives: power loss, or only the death of the process.',
  ),
  keep: oneOf<Keep>(
    ['until-received', 'window', 'forever'],
    'What makes a record leave: all holders have it, only its age, or only `trim`.',
  ),
  maxAge: age('30d', false, 'Older records leave, whoever has not received them.'),
  keepAtLeast: age(0, true, 'Younger records stay although all have received them.'),
  maxBytes,
  dedupDepth: counted(
    16,
    { least: 1, most: 1024 },
    'Appends with a `dedupKey` that are remembered per chat and sender.',
  ),
  payloadBytesMax: bytes(
    MIB,
    { least: 1, most: 16 * MIB },
    'Largest payload. A record must also fit one journal file.',
  ),
  pendingBytesMax: bytes(
    64 * MIB,
    { least: 64 * KIB, most: 1024 * MIB },
    'Bytes not yet durable in the store; as many wait in each queue before FOQ_BUSY.',
  ),
  ackFlushMs: {
    ...counted(
      1000,
      { least: 1, most: 60 * MINUTE_MS },
      'An ack that nobody waits for is durable after this long at the latest.',
    ),
    unit: 'ms',
  },
  journalFileBytes: bytes(
    64 * MIB,
    { least: 64 * KIB, most: 64 * MIB, multipleOf: 4 * KIB },
    'Size of a journal file.',
  ),
  roundBytesMax: bytes(
    2 * MIB,
    { least: 4 * KIB, most: 2 * MIB },
    'Largest round: one write and one sync.',
  ),
  journalWindowBytes: bytes(
    0,
    { least: 0, most: TIB },
    'A larger journal is sealed; 0 is the least of 8 GiB, 1/4 of the memory, 1/10 of the disk.',
  ),
  journalWindowMs: {
    ...counted(
      5 * MINUTE_MS,
      { least: 1000, most: 24 * 60 * MINUTE_MS },
      'A journal file is sealed when its last record is older than this.',
    ),
    unit: 'ms',
  },
  cacheBytes: bytes(
    64 * MIB,
    { least: 64 * KIB, most: TIB },
    'Blocks of sealed tables that are kept in memory.',
  ),
  backgroundBytesPerSecond: bytes(
    64 * MIB,
    { least: 64 * KIB, most: TIB },
    'The most that merging tables reads and writes in a second.',
  ),
} as const;

export type OptionName = keyof typeof OPTIONS;

/** What `openQueue` takes; docs/options.md has units, defaults and limits. */
export type OpenOptions = { readonly dir: string } & {
  readonly [Name in Exclude<OptionName, 'dir'>]?:
    | ((typeof OPTIONS)[Name] extends Option<infer Given> ? Given : never)
    | undefined;
};

/** Options that were checked, with the defaults of what was not given. */
export interface CheckedOptions {
  readonly dir: string;
  readonly durability: 'fsync' | 'page-cache-unsafe';
  readonly keep: Keep;
  readonly maxAgeMs: number;
  readonly keepAtLeastMs: number;
  readonly maxBytes: number;
  readonly payloadBytesMax: number;
  readonly pendingBytesMax: number;
  readonly ackFlushMs: number;
  readonly native: NativeOptions;
}

const NAMES = Object.keys(OPTIONS);

/** FOQ_INVALID_ARGUMENT naming the option; for an unknown name also the nearest known one. */
export function checkOptions(given: unknown): CheckedOptions {
  checkObject(given, 'the options of openQueue');
  const values = new Map<string, unknown>(Object.entries(given));
  for (const name of values.keys()) {
    if (Object.hasOwn(OPTIONS, name)) continue;
    throw invalidArgument(name, `absent: no option has this name${didYouMean(name, NAMES)}`);
  }
  const resolved: Record<string, string | number | boolean> = {};
  for (const [name, option] of Object.entries(OPTIONS)) {
    const value = values.get(name);
    resolved[name] = option.check(value === undefined ? option.fallback : value, name);
  }
  return asChecked(resolved);
}

function asChecked(resolved: Readonly<Record<string, string | number | boolean>>): CheckedOptions {
  const { dir, maxAge, keepAtLeast, ...same } = resolved;
  const native = { ...same, maxAgeMs: maxAge, keepAtLeastMs: keepAtLeast } as NativeOptions;
  return { ...native, dir, native } as unknown as CheckedOptions;
}

/** As rows of docs/options.md: name, unit, default, limits, meaning. */
export function optionRows(): string[][] {
  return Object.entries(OPTIONS).map(([name, { unit, fallback, limits, meaning }]) => [
    `\`${name}\``,
    unit,
    fallbackText(fallback, unit),
    limits,
    meaning,
  ]);
}

function fallbackText(fallback: unknown, unit: string): string {
  if (fallback === undefined) return 'must be given';
  if (unit === 'bytes') return sizeText(Number(fallback));
  return unit === 'word' || unit === 'flag' ? `\`${fallback}\`` : String(fallback);
}

function sizeText(bytes: number): string {
  if (bytes % TIB === 0 && bytes >= TIB) return `${bytes / TIB} TiB`;
  if (bytes % MIB === 0 && bytes >= MIB) return `${bytes / MIB} MiB`;
  return bytes % KIB === 0 && bytes >= KIB ? `${bytes / KIB} KiB` : String(bytes);
}
