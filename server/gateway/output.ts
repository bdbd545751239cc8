// What one socket is to be written: gathered while a turn of the event loop lasts, then written at
// once, in as few frames as hold it.
//
// Invariant: what waits here and in the socket is at most `bytesMax`; what would pass it is refused
// and the socket is given up. From `bytesFull` on nobody should bring more until it has gone down.

import type { Subprotocol } from '../../protocol/wire/index.js';
import { Frames } from './frames.js';

export interface OutputOptions {
  readonly bytesFull: number;
  readonly bytesMax: number;
}

export const OUTPUT: OutputOptions = { bytesFull: 512 * 1024, bytesMax: 4 * 1024 * 1024 };

/** Frames of WebSocket, headers and all; `written` when it has taken them all from memory. */
export type Write = (frames: readonly Uint8Array[], written: () => void) => void;

export class Output {
  readonly #subprotocol: Subprotocol;
  readonly #write: Write;
  readonly #drained: () => void;
  readonly #options: OutputOptions;
  readonly #frames: Frames;
  #gathered: Uint8Array[] = [];
  #bytes = 0;

  constructor(given: {
    readonly subprotocol: Subprotocol;
    readonly write: Write;
    /** It was full and is not any more. */
    readonly drained: () => void;
    readonly options?: OutputOptions | undefined;
    /** Shared by those who are mostly written the same. */
    readonly frames?: Frames | undefined;
  }) {
    this.#subprotocol = given.subprotocol;
    this.#write = given.write;
    this.#drained = given.drained;
    this.#options = given.options ?? OUTPUT;
    this.#frames = given.frames ?? new Frames();
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#options.bytesFull;
  }

  /** False: over the limit, and not taken. */
  send(map: Uint8Array): boolean {
    if (this.#bytes + map.length > this.#options.bytesMax) return false;
    if (this.#gathered.length === 0) setImmediate(() => this.writeOut());
    this.#gathered.push(map);
    this.#bytes += map.length;
    return true;
  }

  /** Writes now what would be written when the turn ends. */
  writeOut(): void {
    if (this.#gathered.length === 0) return;
    const frames = this.#frames.of(this.#gathered, this.#subprotocol);
    const bytes = this.#gathered.reduce((sum, map) => sum + map.length, 0);
    this.#gathered = [];
    this.#write(frames, () => this.#written(bytes));
  }

  #written(bytes: number): void {
    const wasFull = this.isFull;
    this.#bytes -= bytes;
    if (wasFull && !this.isFull) this.#drained();
  }
}
