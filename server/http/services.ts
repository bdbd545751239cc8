// What HTTP is given: who sends, the same commands that devices have over their sockets, users and
// devices, and numbers to show.

import type { Stats } from '../../protocol/index.js';
import type { Command } from '../../protocol/wire/index.js';
import type { Device, Directory, User } from '../directory/index.js';
import type { Identity } from '../tokens/index.js';

export interface Caller {
  readonly userId: string;
  readonly deviceId: string;
}

/** Of the gateway, as `/metrics` shows them. */
export interface SocketStats {
  readonly connections: number;
  readonly devices: number;
  readonly accepted: number;
  readonly refused: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** By close code. */
  readonly closed: ReadonlyMap<number, number>;
}

/** Up to where a device has a chat. */
export interface DeviceCursor extends Caller {
  readonly received: number;
  readonly read: number;
}

/** What only a broker in development does: it makes tokens, and shows the cursors of all. */
export interface Development {
  /** A token of this device, of a day. */
  sign(device: Caller): Promise<string>;
  /** By user and device; a user without a device has the device `-`. */
  cursors(chatId: string): Promise<DeviceCursor[]>;
}

export interface HttpServices {
  /** `isLocal`: from this machine, and through no proxy. FOQ_UNAUTHORIZED. */
  identify(token: string, from: { readonly isLocal: boolean }): Promise<Identity>;
  readonly directory: Pick<Directory, 'upsertUser' | 'upsertDevice' | 'devicesOf' | 'isRevoked'>;
  /** Revokes it and takes it out of its chats; false when there is no such device. */
  revoke(device: Caller): Promise<boolean>;
  /** Joins a device to the chats of its user; may be repeated. */
  link(device: Device): Promise<void>;
  /** The fields of the reply. */
  run(caller: Caller, command: Command): Promise<object>;
  stats(): Promise<Stats>;
  sockets(): SocketStats;
  /** Undefined where the development key is not taken; then there is no demo. */
  readonly development?: Development | undefined;
  isClosing(): boolean;
  /** A mistake of ours, which no client is told about. */
  report(error: unknown): void;
}

export type { Device, Identity, User };
