// The door of the codec: frames to maps and back, bounded. It knows no command, so that a client
// can load it without the schemas.

export { fromBase64, toBase64 } from './base64.js';
export {
  chooseSubprotocol,
  decodeMaps,
  decodeTrusted,
  encodeMap,
  encodeSorted,
  isBinary,
  SUBPROTOCOLS,
  type Subprotocol,
  type WireMap,
} from './codec.js';
export { FAULTS, type Fault } from './fault.js';
export { FRAME_LIMITS, type FrameLimits, HELLO_FRAME_BYTES_MAX } from './limits.js';
export { packMaps } from './pack.js';
export { fitsUtf8, utf8Bytes } from './utf8.js';
