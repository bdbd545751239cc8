// Who there is: users and their devices.

export interface User {
  readonly userId: string;
  readonly displayName: string;
  readonly createdAt: number;
}

export interface Device {
  readonly userId: string;
  readonly deviceId: string;
  readonly name: string;
  readonly platform: string;
  readonly createdAt: number;
}

export interface GivenUser {
  readonly userId: string;
  /** Default: what it was before, else the id. */
  readonly displayName?: string | undefined;
}

export interface GivenDevice {
  readonly userId: string;
  readonly deviceId: string;
  readonly name?: string | undefined;
  readonly platform?: string | undefined;
}

/** Instants are ms since epoch. Failures are `FoqError`. */
export interface Directory {
  upsertUser(user: GivenUser): Promise<User>;
  /** FOQ_USER_NOT_FOUND; FOQ_FORBIDDEN for one that was revoked: its id is used up. */
  upsertDevice(device: GivenDevice): Promise<{ device: Device; created: boolean }>;
  /** False when there is no such device, or it was revoked before. */
  revokeDevice(device: { userId: string; deviceId: string }): Promise<boolean>;
  /** Those that exist, in no order. */
  users(userIds: readonly string[]): Promise<User[]>;
  /** Devices that are not revoked, of all these users, by (userId, deviceId). */
  devicesOf(userIds: readonly string[]): Promise<Device[]>;
  /** From memory: asked at every hello and token. */
  isRevoked(device: { userId: string; deviceId: string }): boolean;
  close(): Promise<void>;
}
