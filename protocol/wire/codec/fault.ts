// Why a frame is refused before it is decoded. A value and not an exception: hostile frames are
// ordinary, and refusing one should cost less than accepting it.

export const FAULTS = [
  /** A length, a string or a container reaches beyond the frame. */
  'cut-short',
  /** Bytes follow the one value that a frame is. */
  'left-over',
  'too-deep',
  'too-many-elements',
  /** A type of MessagePack's extensions, or the byte that it never uses. */
  'type-not-allowed',
  /** A key of a map that is no string, or one that JavaScript gives a meaning of its own. */
  'key-not-allowed',
  /** A string that is not UTF-8, or is half of a surrogate pair. */
  'not-utf8',
  /** Outside of strings: a number or word longer than any that is sent. */
  'token-too-long',
  /** No JSON. */
  'malformed',
  /** Neither a map nor an array of maps. */
  'not-maps',
] as const;

export type Fault = (typeof FAULTS)[number];

/** What the scans need of the limits. */
export interface ScanLimits {
  readonly depthMax: number;
  readonly elementsMax: number;
}
