// What one frame may hold, judged before anything of it is decoded. What a message may hold is in
// `protocol/wire/limits.ts`.

/** Bounds of a frame. A container counts as one level and as one element. */
export interface FrameLimits {
  readonly frameBytesMax: number;
  /** Maps and arrays within each other. */
  readonly depthMax: number;
  /** Values in the whole frame, containers too; keys of maps do not count. */
  readonly elementsMax: number;
  /** Maps of one frame: commands one way, replies and events the other. */
  readonly mapsMax: number;
}

/** The deepest that is sent is 7: a frame's envelope in a message in a preview of a chat. */
export const FRAME_LIMITS: FrameLimits = {
  frameBytesMax: 262_144,
  depthMax: 8,
  elementsMax: 4_096,
  mapsMax: 64,
};

/** Before `hello` nobody is known, and a token is all that is expected. */
export const HELLO_FRAME_BYTES_MAX = 4_096;
