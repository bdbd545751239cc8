// The door of what both ends of a queue share: its errors and the types of its interface. Nothing
// here depends on anything, so that the library and the client can load it anywhere.

export { CLOSE_CODES, type CloseReason, mayReconnect } from './close-codes.js';
export type * from './delivery-types.js';
export {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  errorCodeOf,
  errorName,
  FoqError,
  isErrorCode,
  type Retry,
} from './errors.js';
export { didYouMean, nearestName } from './nearest.js';
export type * from './queue-types.js';
export type * from './queue-values.js';
