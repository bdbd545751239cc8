// Replies and events, from the broker to a device. Their types are those of the schemas; they are
// not checked again, because we made them. What goes to many is encoded once for each encoding.

import { encodeMap, type Subprotocol } from './codec/index.js';
import type {
  CommandName,
  CommandOf,
  EventName,
  EventOf,
  ReplyOf,
  WireEvent,
} from './schema/registry.js';

/** The answer to one command that had an id. */
export interface Reply {
  readonly t: 'ok' | 'welcome';
  readonly id: number;
}

export type Outgoing = Reply | WireEvent;

/** Undefined for a command without an id, which is not answered. */
export function replyTo<Name extends CommandName>(
  command: Pick<CommandOf<Name>, 't' | 'id'>,
  fields: ReplyOf<Name>,
): Reply | undefined {
  const { t, id } = command as { readonly t: CommandName; readonly id?: number };
  if (id === undefined) return undefined;
  return { t: t === 'hello' ? 'welcome' : 'ok', id, ...fields };
}

export function eventOf<Name extends EventName>(
  t: Name,
  fields: Omit<EventOf<Name>, 't'>,
): EventOf<Name> {
  return { t, ...fields } as EventOf<Name>;
}

/** One reply or event as bytes; `packMaps` makes frames of many. */
export function encodeOutgoing(outgoing: Outgoing, subprotocol: Subprotocol): Uint8Array {
  return encodeMap(outgoing, subprotocol);
}

/** A reply or event for many sessions: encoded when first asked for, once for each encoding. */
export class Broadcast {
  readonly #outgoing: Outgoing;
  readonly #encoded = new Map<Subprotocol, Uint8Array>();

  constructor(outgoing: Outgoing) {
    this.#outgoing = outgoing;
  }

  encoded(subprotocol: Subprotocol): Uint8Array {
    let bytes = this.#encoded.get(subprotocol);
    if (bytes === undefined) {
      bytes = encodeOutgoing(this.#outgoing, subprotocol);
      this.#encoded.set(subprotocol, bytes);
    }
    return bytes;
  }
}
