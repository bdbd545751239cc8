// The door of foq/testing: a queue in memory whose power can be cut, for those who test their own
// code against loss. docs/testing.md shows how.

export type { ErrorCode, Queue, Retry } from '../../protocol/index.js';
export { FoqError } from '../../protocol/index.js';
export {
  openQueue,
  type SimulatedClock,
  type SimulatedFaults,
  type SimulatedOptions,
  type SimulatedQueue,
} from './simulated-queue.js';
