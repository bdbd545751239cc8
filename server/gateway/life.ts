// Whether a session may go on: heartbeats in both directions, and the time that its token gives.
// Pure: time is an argument.
//
// A token that expires takes the stream away at once, and everything a minute later: what a device
// has received it may still say.

import { HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS } from '../../protocol/wire/index.js';

const WARNING_MS = 60_000;
const ACKS_FOR_MS = 60_000;

export type Verdict = 'ping' | 'expiring' | 'expired' | 'idle' | 'over';

export class Life {
  #heardAt: number;
  #saidAt: number;
  #expiresAt = Number.POSITIVE_INFINITY;
  #isWarned: boolean;
  #isExpired: boolean;

  constructor(now: number) {
    this.#heardAt = now;
    this.#saidAt = now;
    this.#isWarned = false;
    this.#isExpired = false;
  }

  get expiresAt(): number {
    return this.#expiresAt;
  }

  get isExpired(): boolean {
    return this.#isExpired;
  }

  heard(now: number): void {
    this.#heardAt = now;
  }

  said(now: number): void {
    this.#saidAt = now;
  }

  /** A token was verified. */
  renew(expiresAt: number): void {
    this.#expiresAt = expiresAt;
    this.#isWarned = false;
    this.#isExpired = false;
  }

  /** What is due, in order; each of `expiring` and `expired` once a token. */
  tick(now: number): Verdict[] {
    if (now - this.#heardAt >= HEARTBEAT_MS + HEARTBEAT_TIMEOUT_MS) return ['idle'];
    if (now >= this.#expiresAt + ACKS_FOR_MS) return ['over'];
    const due: Verdict[] = [];
    if (now >= this.#expiresAt && !this.#isExpired) {
      this.#isExpired = true;
      this.#isWarned = true;
      due.push('expired');
    } else if (now >= this.#expiresAt - WARNING_MS && !this.#isWarned) {
      this.#isWarned = true;
      due.push('expiring');
    }
    if (now - this.#saidAt >= HEARTBEAT_MS) due.push('ping');
    return due;
  }
}
