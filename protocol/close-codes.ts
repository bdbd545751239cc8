// The one table of WebSocket close codes. The class is the verdict: below 4400 a client reconnects
// (with full jitter), from 4400 on it does not before something has changed. A code never changes
// its meaning.

/** By the reason that is also sent with the code. */
export const CLOSE_CODES = {
  /** The server asked to go elsewhere, and the time it gave is over. */
  GO_AWAY: 4000,
  SHUTDOWN: 4001,
  /** Nothing was heard for longer than the heartbeat allows. */
  IDLE: 4002,
  REBALANCE: 4003,
  /** The device did not take, or not ack, what it was sent. */
  SLOW: 4004,
  /** Too many came at once; try later. */
  ADMISSION: 4005,
  BAD_FRAME: 4400,
  UNAUTHORIZED: 4401,
  FORBIDDEN: 4403,
  SUBPROTOCOL: 4406,
  /** A newer session of this device took over. */
  CONNECTED_ELSEWHERE: 4409,
  DEVICE_REVOKED: 4410,
  TOO_LARGE: 4413,
  RATE_LIMITED: 4429,
} as const;

/** Why a connection was closed. */
export type CloseReason = keyof typeof CLOSE_CODES;

/** Whether a client whose socket was closed with this code may connect again by itself. */
export function mayReconnect(closeCode: number): boolean {
  return closeCode < 4400 || closeCode > 4499;
}
