// The door of the engine: what the rest of FOQ may use of it. So far it looks into stores; opening
// one as a queue comes next.

export { dumpStore, verifyStore } from './inspect.js';
export type { Failure, Findings } from './native.js';
