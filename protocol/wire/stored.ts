// Messages as they are stored in the payload of a record: a fixed head, a header, a directory of
// envelopes, the body, the envelopes' bodies. What one device may see is a slice, so that nothing
// is decoded or copied for the others. Bytes of a version never change their meaning; the golden
// files of every version are read by the tests. `protocol/PROTOCOL.md` has the layout.

import { FoqError } from '../index.js';
import { decodeTrusted, encodeSorted } from './codec/index.js';
import type { Membership } from './membership.js';
import type { CommandOf } from './schema/registry.js';

export const STORED_VERSION = 1;

/** Also the record's own `kind` byte, so that a reader need not open the payload. */
export const STORED_KINDS = { message: 1, membership: 2 } as const;

export type StoredKind = keyof typeof STORED_KINDS;

type Sending = CommandOf<'sendMessage'>;

/** What is neither body nor envelope. `membership` is there in a membership record alone. */
export interface StoredHeader {
  readonly clientMsgId?: string | undefined;
  readonly sentAt?: number | undefined;
  readonly attachments?: readonly string[] | undefined;
  readonly e2ee?: Sending['e2ee'] | undefined;
  readonly resendOf?: string | undefined;
  readonly urgent?: boolean | undefined;
  readonly membership?: Membership | undefined;
}

export type Body = string | Uint8Array;

export interface StoredEnvelope {
  /** `userId/deviceId`. */
  readonly consumerId: string;
  readonly type: number;
  readonly body: Body;
}

export interface NewMessage {
  readonly kind: StoredKind;
  readonly header: StoredHeader;
  readonly body?: Body | undefined;
  readonly envelopes?: readonly StoredEnvelope[] | undefined;
}

/** Where the fields of the fixed head are, in bytes; little-endian. */
export const HEAD = {
  version: 0,
  kind: 1,
  flags: 2,
  envelopeCount: 3,
  headerBytes: 4,
  directoryBytes: 8,
  bodyBytes: 12,
  size: 16,
} as const;

export const FLAGS = { hasBody: 1, isText: 2 } as const;

/** Of a row of the directory: after the consumer's id, which its first byte counts. */
const ROW = { idBytes: 0, id: 1, type: 0, flags: 1, bodyBytes: 2, size: 6 } as const;

export function encodeStored({ kind, header, body, envelopes = [] }: NewMessage): Uint8Array {
  const headerBytes = encodeSorted(header);
  const bodies = envelopes.map((envelope) => bytesOf(envelope.body));
  const rows = envelopes.map((envelope, index) => rowOf(envelope, bodies[index]?.length ?? 0));
  const directoryBytes = rows.reduce((bytes, row) => bytes + row.length, 0);
  const bodyBytes = bytesOf(body ?? '');
  const head = new Uint8Array(HEAD.size);
  const view = viewOf(head);
  head[HEAD.version] = STORED_VERSION;
  head[HEAD.kind] = STORED_KINDS[kind];
  head[HEAD.flags] = flagsOf(body);
  head[HEAD.envelopeCount] = envelopes.length;
  view.setUint32(HEAD.headerBytes, headerBytes.length, true);
  view.setUint32(HEAD.directoryBytes, directoryBytes, true);
  view.setUint32(HEAD.bodyBytes, bodyBytes.length, true);
  return concatenated([head, headerBytes, ...rows, bodyBytes, ...bodies]);
}

/** A stored message. Bytes are views into the payload; all is decoded when it is asked for. */
export class StoredMessage {
  readonly kind: StoredKind;
  readonly #payload: Uint8Array;
  readonly #view: DataView;
  readonly #directoryAt: number;
  readonly #bodyAt: number;
  readonly #bodiesAt: number;

  /** Throws FOQ_VERSION {found, supported}, and FOQ_CORRUPT for what is no stored message. */
  constructor(payload: Uint8Array) {
    const version = payload[HEAD.version] ?? 0;
    if (version > STORED_VERSION) {
      const details = { found: version, supported: STORED_VERSION };
      throw new FoqError('FOQ_VERSION', { details });
    }
    if (version === 0 || payload.length < HEAD.size) throw corrupt();
    this.#payload = payload;
    this.#view = viewOf(payload);
    this.kind = kindOf(payload[HEAD.kind] ?? 0);
    this.#directoryAt = HEAD.size + this.#view.getUint32(HEAD.headerBytes, true);
    this.#bodyAt = this.#directoryAt + this.#view.getUint32(HEAD.directoryBytes, true);
    this.#bodiesAt = this.#bodyAt + this.#view.getUint32(HEAD.bodyBytes, true);
    if (this.#bodiesAt > payload.length) throw corrupt();
  }

  get envelopeCount(): number {
    return this.#payload[HEAD.envelopeCount] ?? 0;
  }

  header(): StoredHeader {
    return decodeTrusted(this.#payload.subarray(HEAD.size, this.#directoryAt)) as StoredHeader;
  }

  /** Text where it was sent as text. */
  body(): Body | undefined {
    const flags = this.#payload[HEAD.flags] ?? 0;
    if ((flags & FLAGS.hasBody) === 0) return undefined;
    return bodyOf(this.#payload.subarray(this.#bodyAt, this.#bodiesAt), flags);
  }

  /** What is for this device alone. */
  envelopeFor(consumerId: string): { readonly type: number; readonly body: Body } | undefined {
    const id = Buffer.from(consumerId);
    let at = this.#directoryAt;
    let bodyAt = this.#bodiesAt;
    for (let index = 0; index < this.envelopeCount; index += 1) {
      const idBytes = this.#payload[at + ROW.idBytes] ?? 0;
      const rest = at + ROW.id + idBytes;
      if (rest + ROW.size > this.#bodyAt) throw corrupt();
      const bodyEnd = bodyAt + this.#view.getUint32(rest + ROW.bodyBytes, true);
      if (bodyEnd > this.#payload.length) throw corrupt();
      if (id.equals(this.#payload.subarray(at + ROW.id, rest))) {
        const flags = this.#payload[rest + ROW.flags] ?? 0;
        const body = bodyOf(this.#payload.subarray(bodyAt, bodyEnd), flags);
        return { type: this.#payload[rest + ROW.type] ?? 0, body };
      }
      at = rest + ROW.size;
      bodyAt = bodyEnd;
    }
    return undefined;
  }
}

/**
 * What a repeat of a command must have in common with the first, for `dedupOver`: all that the
 * client sent but the command's id. Equal in both encodings; never changes with versions.
 */
export function dedupBytesOf(command: CommandOf<'sendMessage' | 'updateChat'>): Uint8Array {
  return encodeSorted({ ...command, id: undefined });
}

function rowOf({ consumerId, type, body }: StoredEnvelope, bodyBytes: number): Uint8Array {
  const id = Buffer.from(consumerId);
  const row = new Uint8Array(ROW.id + id.length + ROW.size);
  const rest = ROW.id + id.length;
  row[ROW.idBytes] = id.length;
  row.set(id, ROW.id);
  row[rest + ROW.type] = type;
  row[rest + ROW.flags] = flagsOf(body);
  viewOf(row).setUint32(rest + ROW.bodyBytes, bodyBytes, true);
  return row;
}

function flagsOf(body: Body | undefined): number {
  if (body === undefined) return 0;
  return typeof body === 'string' ? FLAGS.hasBody | FLAGS.isText : FLAGS.hasBody;
}

function kindOf(byte: number): StoredKind {
  for (const kind of Object.keys(STORED_KINDS) as StoredKind[]) {
    if (STORED_KINDS[kind] === byte) return kind;
  }
  throw corrupt();
}

function bytesOf(body: Body): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body) : body;
}

function bodyOf(bytes: Uint8Array, flags: number): Body {
  if ((flags & FLAGS.isText) === 0) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function corrupt(): FoqError {
  return new FoqError('FOQ_CORRUPT', { message: 'The payload is no stored message.' });
}
