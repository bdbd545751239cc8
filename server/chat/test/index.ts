// The door of these tests: the authorization matrix, to which the broker is held too.

export { type CallerKind, PROBES, ROWS, type Row, type Verdict } from './authorization-rows.js';
