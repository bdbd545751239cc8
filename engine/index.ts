// The door of the engine, and of the package: `openQueue`, the errors and the types of a queue;
// and for the command line, what looks into stores.

export type * from '../protocol/index.js';
export { ERRORS, FoqError } from '../protocol/index.js';
export { dumpStore, repairStore, restoreStore, verifyStore } from './inspect.js';
export type { Failure, Findings, Repairs } from './native.js';
export { openQueue } from './open.js';
export type { OpenOptions } from './options.js';
