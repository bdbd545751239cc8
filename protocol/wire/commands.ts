// Frames from a device to commands: scanned, decoded, checked against their schemas. A frame that
// is malformed as a whole throws; a command that is wrong is an error of its own, and the others of
// its frame are not touched by it. Fields that nobody knows are left alone.

import { Compile, type Validator } from 'typebox/compile';
import { FoqError } from '../index.js';
import { decodeMaps, type FrameLimits, type Subprotocol, type WireMap } from './codec/index.js';
import { COMMANDS, type Command, type CommandName } from './schema/registry.js';
import { OVER } from './schema/values.js';

/** `id` is the command's, where one could be read: its error is answered with it. */
export type Decoded =
  | { readonly ok: true; readonly command: Command }
  | { readonly ok: false; readonly id: number | undefined; readonly error: FoqError };

/**
 * What a device sent, in order. Throws FOQ_TOO_LARGE {limit} or FOQ_INVALID_ARGUMENT {reason} for
 * a frame that is refused as a whole; the socket is then closed with TOO_LARGE or BAD_FRAME. Bytes
 * may be views into the frame.
 */
export function decodeCommands(
  frame: Uint8Array,
  subprotocol: Subprotocol,
  limits?: FrameLimits,
): readonly Decoded[] {
  let explained = 0;
  return decodeMaps(frame, subprotocol, limits).map((map) => {
    const decoded = checkCommand(map, { explain: explained < EXPLAINED_MAX });
    if (!decoded.ok) explained += 1;
    return decoded;
  });
}

/** A map that was decoded. `explain: false` does not say what is wrong with it, and is cheap. */
export function checkCommand(map: WireMap, { explain = true } = {}): Decoded {
  const id = idOf(map);
  const name = map['t'];
  if (typeof name !== 'string') {
    return { ok: false, id, error: invalid('t', 'must be the name of a command') };
  }
  if (!isCommandName(name)) {
    const details = { t: name.slice(0, NAME_SHOWN) };
    return { ok: false, id, error: new FoqError('FOQ_UNKNOWN_COMMAND', { details }) };
  }
  const validator = VALIDATORS[name];
  if (validator.Check(map)) return { ok: true, command: map as Command };
  const error = explain ? faultOf(name, validator, map) : invalid('', 'must fit its schema');
  return { ok: false, id, error };
}

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

const NAME_SHOWN = 64;

/** Wrong commands of one frame that are told why: to find out takes longer than to refuse. */
const EXPLAINED_MAX = 4;

const VALIDATORS = Object.fromEntries(
  Object.entries(COMMANDS).map(([name, schema]) => [name, Compile(schema)]),
) as unknown as Readonly<Record<CommandName, Validator>>;

interface ListLimit {
  readonly field: string;
  readonly maxItems: number;
  readonly limit: string;
}

/** Lists of a command with a limit; its name is the field's where it has none of its own. */
const LISTS = Object.fromEntries(
  Object.entries(COMMANDS).map(([name, { properties }]) => [name, listsOf(properties)]),
) as unknown as Readonly<Record<CommandName, readonly ListLimit[]>>;

function listsOf(properties: Readonly<Record<string, object>>): ListLimit[] {
  return Object.entries(properties).flatMap(([field, schema]) => {
    if (!('maxItems' in schema)) return [];
    const limit = 'x-foq-limit' in schema ? String(schema['x-foq-limit']) : field;
    return [{ field, maxItems: Number(schema.maxItems), limit }];
  });
}

function idOf(map: WireMap): number | undefined {
  const id = map['id'];
  return typeof id === 'number' && Number.isSafeInteger(id) && id >= 0 ? id : undefined;
}

/** Over a limit where anything is, and otherwise the first thing that is wrong. */
function faultOf(name: CommandName, validator: Validator, map: WireMap): FoqError {
  const long = longList(name, map);
  if (long !== undefined) return long;
  const faults = validator.Errors(map);
  const over = faults.find(({ message }) => message.startsWith(OVER));
  if (over !== undefined) {
    return tooLarge(over.instancePath.slice(1), over.message.slice(OVER.length));
  }
  const [first] = faults;
  const field = first?.instancePath.slice(1) ?? '';
  if (first?.keyword !== 'required') return invalid(field, first?.message ?? 'must fit its schema');
  const missing = first.params.requiredProperties[0] ?? '';
  return invalid(field === '' ? missing : `${field}/${missing}`, 'is missing');
}

/** Found before anything in the list is looked at: explaining what is wrong with it costs more. */
function longList(name: CommandName, map: WireMap): FoqError | undefined {
  const long = LISTS[name].find(({ field, maxItems }) => {
    const value = map[field];
    return Array.isArray(value) && value.length > maxItems;
  });
  return long && tooLarge(long.field, long.limit);
}

function tooLarge(field: string, limit: string): FoqError {
  return new FoqError('FOQ_TOO_LARGE', { details: { field, limit } });
}

function invalid(field: string, reason: string): FoqError {
  const message = field === '' ? `The command ${reason}.` : `The field ${field} ${reason}.`;
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, details: { field, reason } });
}
