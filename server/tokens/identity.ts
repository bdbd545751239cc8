// What a token says of who sends it.

/** `chat`: devices of users. `queue`: back ends. `admin`: makes users and links devices. */
export type Scope = 'chat' | 'queue' | 'admin';

export interface Identity {
  readonly userId: string;
  /** Absent in a token that may only link a device. */
  readonly deviceId?: string;
  readonly scope: Scope;
  /** Instant, ms since epoch. */
  readonly expiresAt: number;
}

export interface TokenVerifier {
  /** Checks signature, issuer, audience and time before any claim is used. FOQ_UNAUTHORIZED. */
  verify(token: string): Promise<Identity>;
}

export const ISSUER_DEVELOPMENT = 'foq-development';
export const AUDIENCE = 'foq';
/** Clocks of issuer and broker may differ by so much. */
export const SKEW_SECONDS = 60;
/** Longer tokens are refused unread. */
export const TOKEN_BYTES_MAX = 4096;
